"""How fast the story is told: so that a person can read along, or as fast as it happens. Pure."""

from __future__ import annotations

from enum import StrEnum

WORDS_A_SECOND = 4.0
LINES_A_SECOND = 4.0


class Pace(StrEnum):
    READ = "read"
    FAST = "fast"

    def for_text(self, text: str) -> float:
        """Seconds that it takes to read a text."""
        return len(text.split()) / WORDS_A_SECOND if self is Pace.READ else 0.0

    def for_manifest(self, text: str) -> float:
        """Seconds that it takes to look over a manifest."""
        return 1.0 + text.count("\n") / LINES_A_SECOND if self is Pace.READ else 0.0

    def for_result(self, seconds: float) -> float:
        """Seconds to look at what came of an act. `seconds`: where nobody reads."""
        return seconds + 2.0 if self is Pace.READ else seconds
