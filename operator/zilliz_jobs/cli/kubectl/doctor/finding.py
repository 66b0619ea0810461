"""One line of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Verdict(StrEnum):
    OK = "OK"
    PROBLEM = "PROBLEM"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """`text`: what was found; for a problem, with what to do."""

    verdict: Verdict
    text: str

    @classmethod
    def ok(cls, text: str) -> Self:
        return cls(Verdict.OK, text)

    @classmethod
    def problem(cls, text: str) -> Self:
        return cls(Verdict.PROBLEM, text)

    @classmethod
    def unchecked(cls, what: str, needs: str) -> Self:
        """`needs`: the right that is missing, or why else it cannot be told from here."""
        return cls(Verdict.NOT_CHECKED, f"{what} ({needs})")
