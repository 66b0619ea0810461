"""Counts of what came in: how hard a client leans on the cloud."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Requests by route and by answer, since the start or the last reset."""

    by_route: Counter[str] = field(default_factory=Counter)
    by_answer: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    in_flight: int = 0
    max_in_flight: int = 0

    @property
    def requests(self) -> int:
        """All requests that reached the cloud."""
        return self.by_route.total()

    def begin(self, route: str) -> None:
        """A request came in."""
        self.by_route[route] += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def end(self, route: str, outcome: str) -> None:
        """It was answered or dropped. `outcome` as in the ledger."""
        self.by_answer[f"{route} {outcome}"] += 1
        self.throttled += outcome == "HTTP 429"
        self.in_flight -= 1

    def wire(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "requests": self.requests,
            "byRoute": dict(self.by_route),
            "byAnswer": dict(self.by_answer),
            "throttled": self.throttled,
            "inFlight": self.in_flight,
            "maxInFlight": self.max_in_flight,
        }
