"""What the two proxies do to the operator: kill it at a step, answer wrongly, hang. They note what it intended."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import replace
from time import monotonic
from typing import Any

from tools.chaos.lives import Fleet
from tools.chaos.plan import Trap
from tools.chaos.proxy import Drop, Go, Say, Strikes, Way
from tools.chaos.steps import (
    AFTER,
    BEFORE,
    OF_WORKERS,
    Intent,
    Request,
    Sort,
    Step,
    intent_in,
    sort_at_cloud,
    sort_at_kube,
    worker_in,
)

WRITES = frozenset(Sort) - {Sort.WATCH, Sort.LEASE, Sort.OTHER}
TWINS = {BEFORE[sort]: AFTER[sort] for sort in BEFORE}
"""The other side of the request, by the step before it."""
HANG_SECONDS = 35.0
RULE_SECONDS = 4.0
"""How long a fault waits for requests: those that met nobody while the operator was away would all meet its start."""
REASONS = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


class Traps:
    """All are set from the beginning; whichever step comes first is the first to kill."""

    def __init__(self, traps: tuple[Trap, ...], fleet: Fleet, least_life: float = 0.0) -> None:
        self._fleet, self._least_life = fleet, least_life
        self._workers: set[str] = set()
        self._left: dict[Step, deque[int]] = {}
        for trap in traps:
            self._left.setdefault(trap.step, deque()).append(trap.skip)

    def reached(self, step: Step | None, who: int, worker: str = "") -> bool:
        """Whether the operator `who` died of it. `worker`: whose step it is, where it is one of a worker."""
        if step is None or not (left := self._left.get(step)):
            return False
        if len(self._left.get(TWINS.get(step, step), ())) > len(left):
            return False  # else the step after is only reached when no trap is left before it
        if left[0] > 0:
            left[0] -= 1
            return False
        # The steps of a worker follow each other within milliseconds, so a young operator dies of them too; but of
        # each worker once, as a submission that is lost three times is given up.
        if step in OF_WORKERS and worker in self._workers:
            return False
        least_life = 0.0 if step in OF_WORKERS else self._least_life
        if self._fleet.age(who) <= least_life or not self._fleet.kill(step, who):
            return False
        left.popleft()
        if step in OF_WORKERS:
            self._workers.add(worker)
        return True

    def disarm(self) -> None:
        self._left.clear()

    @property
    def left(self) -> Counter[str]:
        """Traps that nothing ran into."""
        return Counter({str(step): len(left) for step, left in self._left.items() if left})


class KubeStrikes:
    """On the way of every operator to Kubernetes; `of` makes one's own side of it."""

    def __init__(self, traps: Traps, served: Counter[str], fleet: Fleet) -> None:
        self.intents: dict[str, Intent] = {}
        self.senders: dict[str, int] = {}
        """Who wrote the intent, by token."""
        self._traps, self._served, self._fleet = traps, served, fleet
        self._rules: list[dict[str, Any]] = []
        self._last: dict[tuple[str, str], Intent] = {}
        self._renewals: list[float] = []

    def of(self, who: int) -> Strikes:
        return _Side(self, who)

    def add(self, rule: dict[str, Any]) -> None:
        self._rules.append(rule | {"until": monotonic() + RULE_SECONDS})

    def hold_renewals(self, seconds: float, times: int) -> None:
        """The next renewals of a Lease take so long, one after the other; they are done all the same."""
        self._renewals += [seconds] * times

    def clear(self) -> None:
        self._rules.clear()
        self._renewals.clear()

    async def before(self, request: Request, who: int) -> Way:
        sort = sort_at_kube(request)
        if sort is Sort.LEASE:
            return await self._renewed()
        if sort in WRITES:
            self._fleet.wrote(who)
        if self._traps.reached(BEFORE.get(sort), who, worker_in(request)):
            return Drop()
        way = await self._struck(request, sort, "answer", "drop_before", "delay")
        if isinstance(way, Go) and sort is Sort.INTENT and (intent := intent_in(request)):
            self._note(intent)
            self.senders[intent.token] = who
        return way

    async def _renewed(self) -> Way:
        if self._renewals:
            self._served["kube slow renewals of the Lease"] += 1
            await asyncio.sleep(self._renewals.pop())
        return Go()

    def _note(self, intent: Intent) -> None:
        """A patch names only what differs from the record before."""
        last = self._last.get((intent.plural, intent.name))
        known = replace(
            intent,
            attempt=intent.attempt or (last.attempt if last else 1),
            step=intent.step or (last.step if last else "Submit"),
        )
        self.intents[intent.token] = self._last[intent.plural, intent.name] = known

    async def after(self, request: Request, code: int, who: int) -> Way:
        sort = sort_at_kube(request)
        if code < 300 and self._traps.reached(AFTER.get(sort), who, worker_in(request)):
            return Drop()
        return await self._struck(request, sort, "drop_after")

    async def _struck(self, request: Request, sort: Sort, *actions: str) -> Way:
        if sort in (Sort.WATCH, Sort.LEASE):
            return Go()
        self._rules = [rule for rule in self._rules if rule["until"] > monotonic()]
        for rule in self._rules:
            if rule["action"] in actions and rule["method"] in ("*", request.method):
                rule["times"] -= 1
                if rule["times"] <= 0:
                    self._rules.remove(rule)
                self._served[f"kube {rule['action']} {rule.get('code', '')}".rstrip()] += 1
                if rule["action"] == "delay":
                    await asyncio.sleep(rule["seconds"])
                    return Go()
                return Say(rule["code"], REASONS[rule["code"]]) if rule["action"] == "answer" else Drop()
        return Go()


class _Side(Strikes):
    def __init__(self, strikes: KubeStrikes, who: int) -> None:
        self._strikes, self._who = strikes, who

    async def before(self, request: Request) -> Way:
        return await self._strikes.before(request, self._who)

    async def after(self, request: Request, code: int) -> Way:
        return await self._strikes.after(request, code, self._who)


class CloudStrikes(Strikes):
    """Most faults of the cloud are the simulator's own; here it only hangs until the operator gives up."""

    def __init__(self, traps: Traps, served: Counter[str], fleet: Fleet, senders: dict[str, int]) -> None:
        self._traps, self._served, self._fleet, self._senders = traps, served, fleet, senders
        self._hangs: list[str] = []

    def hang(self, when: str) -> None:
        self._hangs.append(when)

    def clear(self) -> None:
        self._hangs.clear()

    async def before(self, request: Request) -> Way:
        sort = sort_at_cloud(request)
        return (
            Drop()
            if self._traps.reached(BEFORE.get(sort), self._sender(request))
            else await self._hung(sort, "before")
        )

    async def after(self, request: Request, code: int) -> Way:
        sort = sort_at_cloud(request)
        return (
            Drop() if self._traps.reached(AFTER.get(sort), self._sender(request)) else await self._hung(sort, "after")
        )

    def _sender(self, request: Request) -> int:
        return self._senders.get(request.headers.get("idempotency-key", ""), self._fleet.leader)

    async def _hung(self, sort: Sort, when: str) -> Way:
        if sort is not Sort.SUBMIT or when not in self._hangs:
            return Go()
        self._hangs.remove(when)
        self._served[f"cloud hangs {when} the effect"] += 1
        await asyncio.sleep(HANG_SECONDS)
        return Drop()
