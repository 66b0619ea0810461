"""A browser is started where there is a screen, and nowhere else."""

from __future__ import annotations

import pytest

from zilliz_jobs.cli.kubectl.dashboard.browsing import has_browser


@pytest.mark.parametrize(
    ("platform", "environment", "there"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"TERM": "xterm", "SSH_TTY": "/dev/pts/0"}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "w3m"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_it_is_not_one_of_the_terminal(platform: str, environment: dict[str, str], there: bool) -> None:
    """It would cover the address that the command printed."""
    assert has_browser(platform, environment) is there
