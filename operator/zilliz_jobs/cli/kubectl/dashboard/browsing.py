"""Whether a browser can be started here. Pure.

Where there is no screen, Python would take a browser of the terminal if one is installed, which then covers what the
command printed.
"""

from __future__ import annotations

from collections.abc import Mapping

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Of the environment. `BROWSER` is a person's own choice."""
WITH_A_SCREEN = ("darwin", "win32", "cygwin")


def has_browser(platform: str, environment: Mapping[str, str]) -> bool:
    """`platform`: as `sys.platform`."""
    return platform in WITH_A_SCREEN or any(environment.get(name) for name in SCREENS)
