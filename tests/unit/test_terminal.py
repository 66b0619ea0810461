"""The terminal of the tests: what is on it is judged when it is whole, and never later than the program ends."""

from __future__ import annotations

import os

import pytest
from tests.support.terminal import Terminal


def shell(script: str) -> Terminal:
    return Terminal(["sh", "-c", script], os.environ, width=80, height=24)


def test_a_picture_that_comes_in_parts_is_judged_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with shell("read forever") as terminal:
        parts = iter(["first\r\n", "second\r\n"])

        def read() -> bool:
            terminal.sent += (part := next(parts, ""))
            return bool(part)

        monkeypatch.setattr(terminal, "_read", read)
        assert terminal.until("the first line", lambda lines: "first" in lines) == ["first", "second"]


def test_the_last_picture_of_a_program_that_has_ended_is_judged() -> None:
    with shell("echo first; echo second") as terminal:
        assert terminal.until("the second line", lambda lines: "second" in lines) == ["first", "second"]


def test_what_never_comes_is_told_when_the_program_ends() -> None:
    with (
        shell("echo first") as terminal,
        pytest.raises(AssertionError, match="it ended without the second line"),
    ):
        terminal.until("the second line", lambda lines: "second" in lines)
