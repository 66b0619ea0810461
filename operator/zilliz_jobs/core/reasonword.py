"""What all reasons have in common: a word for programs, and a sentence for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class ReasonWord(StrEnum):
    """Each member is the CamelCase word; `help` says what it means and what to do."""

    help: str

    def __new__(cls, word: str, text: str) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.help = text
        return member
