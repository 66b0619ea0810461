"""What ends the demo early. Each carries one sentence for the person in front of it."""

from __future__ import annotations


class CannotStart(Exception):  # noqa: N818 - reads better where it is raised
    """The demo cannot begin, or lost what it stands on; the sentence says what to do. Exit code 2."""


class Stopped(Exception):  # noqa: N818
    """The story cannot go on, because what it waits for did not come. Exit code 1, after the summary."""
