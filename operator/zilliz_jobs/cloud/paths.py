"""Paths of the cloud's endpoints, filled with ids that come from users.

An id such as `..` or `a/b` must never turn one request into another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

_HOLE = re.compile(r"\{(\w+)\}")


class BadId(ValueError):  # noqa: N818 - reads better where it is caught
    """The id can stand in no path, so the cloud cannot know it."""


def fill(template: str, ids: Mapping[str, str] | None = None) -> str:
    """The path with each `{name}` replaced by its id, percent-encoded. Raises BadId for "", "." and "..", KeyError
    for a hole without an id."""
    values = ids or {}

    def encoded(hole: re.Match[str]) -> str:
        value = values[hole[1]]
        if value.strip(" .") == "":
            raise BadId(f"{hole[1]} {value!r} is not an id")
        return quote(value, safe="")

    return _HOLE.sub(encoded, template)
