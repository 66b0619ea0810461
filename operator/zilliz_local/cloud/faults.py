"""Faults on request: which answers go wrong, and how.

A rule matches an endpoint by route name ("import.create", "backup.*") or by its path, may skip the first
hits, be used up after some, and strike with a probability. The comments beside the actions say whether the effect
of the request takes place.
"""

from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .camel import Camel
from .oddities import CATALOGUE

Action = Literal[
    "latency",  # wait `seconds` (real), then go on
    "status",  # answer `status` (and `body`) instead; no effect
    "echo",  # answer `status` (400) with all that was sent, credentials too, in many forms; no effect
    "rate_limit",  # HTTP 429 with Retry-After; no effect
    "drop_before",  # close the connection; no effect
    "delay_effect",  # answer is lost at once, the effect comes `seconds` later
    "latency_after",  # effect, then wait `seconds` (real), then answer
    "drop_after",  # effect, then close the connection
    "status_after",  # effect, then answer `status` (default 502)
    "garbage_after",  # effect, then a 200 that is not JSON
    "malformed_json",  # effect, then the answer cut in half
    "unknown_status",  # the answer's status words are replaced by `word`
    "omit_job_id",  # effect, then an answer without `fields` (default jobId)
    "skew_date",  # this answer's Date header is off by `seconds`
    "odd",  # effect, then an answer with the `oddity` of that name; see `oddities`
]


class FaultRule(Camel):
    """One rule; see the module for the actions."""

    id: str = ""
    match: str = "*"
    """Glob over the route name, or over the path template if it begins with a slash."""
    method: str | None = None
    action: Action
    probability: Annotated[float, Field(ge=0, le=1)] = 1
    times: int | None = None
    """How many hits until the rule is used up; None: never."""
    skip: int = 0
    """How many matching requests pass before the first hit."""
    seconds: float = 0
    real: bool = False
    """delay_effect: `seconds` are real ones rather than simulated."""
    status: int | None = None
    body: dict[str, object] | None = None
    retry_after: int | None = None
    word: str = "SOMETHING_NEW"
    fields: tuple[str, ...] = ("jobId",)
    oddity: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (self.action == "odd") != (self.oddity in CATALOGUE):
            raise ValueError(f"action odd takes one of the oddities {', '.join(sorted(CATALOGUE))}")
        return self

    def concerns(self, route: str, method: str, template: str) -> bool:
        """Whether the rule is about this endpoint."""
        subject = template if self.match.startswith("/") else route
        return fnmatchcase(subject, self.match) and self.method in (None, method)


class _Counted:
    """A rule and what became of it."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.seen = 0
        self.hits = 0

    def strikes(self, chance: Random) -> bool:
        self.seen += 1
        rule = self.rule
        if self.seen <= rule.skip or (rule.times is not None and self.hits >= rule.times):
            return False
        if rule.probability < 1 and chance.random() >= rule.probability:
            return False
        self.hits += 1
        return True


class FaultBook:
    """The rules in force, in the order they were added, and whether the whole cloud is down."""

    def __init__(self, chance: Random) -> None:
        self._rules: dict[str, _Counted] = {}
        self._chance = chance
        self._added = 0
        self.down = False
        """True: every connection is dropped, as in an outage."""

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force; it gets an id unless it has one."""
        self._added += 1
        named = rule if rule.id else rule.model_copy(update={"id": f"fault-{self._added}"})
        self._rules[named.id] = _Counted(named)
        return named

    def remove(self, rule_id: str) -> bool:
        """Lift one rule; False if there was none."""
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Lift every rule, and end an outage."""
        self._rules.clear()
        self.down = False

    def striking(self, route: str, method: str, template: str) -> list[FaultRule]:
        """The rules that strike this request; asking counts as a hit."""
        return [
            counted.rule
            for counted in self._rules.values()
            if counted.rule.concerns(route, method, template) and counted.strikes(self._chance)
        ]

    def hits(self, rule_id: str) -> int:
        """How often a rule struck."""
        return self._rules[rule_id].hits

    def wire(self) -> list[dict[str, object]]:
        """The JSON form: each rule with its counters."""
        return [{**c.rule.wire(), "seen": c.seen, "hits": c.hits} for c in self._rules.values()]
