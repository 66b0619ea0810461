"""Texts that are too long for their place. Pure."""

from __future__ import annotations

from collections.abc import Iterable

GAP = "…"
NAMED = 5


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters: its beginning and its end, with `…` for what is left out between them.

    Long names differ at their ends, and an error says at its end what to do.
    """
    if len(text) <= most:
        return text
    head = most // 2
    tail = most - head - len(GAP)
    return f"{text[:head]}{GAP}{text[len(text) - tail :]}" if tail > 0 else text[:most]


def first_of(names: Iterable[str], most: int = NAMED, joint: str = ", ") -> str:
    """The first names, and how many more there are: a list that is cut without a word reads as if it were whole."""
    known = list(names)
    more = len(known) - most
    return joint.join(known[:most]) + (f" and {more} more" if more > 0 else "")
