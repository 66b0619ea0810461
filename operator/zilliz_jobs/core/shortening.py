"""Texts that are too long for their place. Pure."""

from __future__ import annotations

GAP = "…"


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters: its beginning and its end, with `…` for what is left out between them.

    Long names differ at their ends, and an error says at its end what to do.
    """
    if len(text) <= most:
        return text
    head = most // 2
    tail = most - head - len(GAP)
    return f"{text[:head]}{GAP}{text[len(text) - tail :]}" if tail > 0 else text[:most]
