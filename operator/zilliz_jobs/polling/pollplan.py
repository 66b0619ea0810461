"""What to read from the cloud next, so that many jobs stay fresh for few calls. Pure: jobs, lists, budget, clock ->
calls.

A list answers for every job that it shows, so it may cost as many calls as the single reads that it replaces, and no
more. Single reads are left for what no list tells: jobs that are on no list, progress, results. Where the budget is
too small for all, each job waits in proportion to its interval: jobs that began lately or end soon have the shortest,
and every job is read at some time. Reads that only tell progress take a share of the budget at most.

All times are seconds of one monotonic clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.backoff import exponential

PROGRESS_PATIENCE = 3.0
"""How many intervals old the progress of a job may be, while a list tells its state."""

PROGRESS_SHARE = 0.5
"""The part of a budget that may go into reads of jobs whose list tells all but their progress. Each of them ends as a
write, so the more jobs run, the coarser the steps of progress that are shown, and never the later an end."""

LIST_PATIENCE = 60.0
"""Seconds without a reading of a list that tells state and progress, after which the job itself is read."""

LIST_BACKOFF = 2.0
LIST_BACKOFF_MAX = 60.0


@dataclass(slots=True, eq=False)
class PollState:
    """One followed job, as far as the plan must know it. `budget`: calls that share one; `since`: when it was
    first followed; `interval`: seconds between two reads; `due`: time of the next read; `read_at`, `listed_at`: when
    it was last read, or seen on its list."""

    key: Key
    budget: str
    since: float
    interval: float
    due: float
    list_id: ListId | None = None
    read_at: float = -inf
    listed_at: float = -inf
    tells_progress: bool = False  # the list tells the progress
    blind: bool = False  # the list shows the job, but not its state
    owes: bool = False  # a list showed an end whose result only a read of the job has
    busy: bool = False  # the job is being read, or what was seen is being recorded

    @property
    def seen_at(self) -> float:
        """When the job was last read or seen on a list; at first, when it was first followed."""
        return max(self.since, self.read_at, self.listed_at)


@dataclass(slots=True, eq=False)
class ListState:
    """One list, and the followed jobs that it shows (`members`). `demand`: single reads per second that it replaces;
    `pages`: calls of a reading that finds all members; `length`: calls for the whole list; `asked_at`: when the last
    reading began; `passed_at`: when the last reading began that found every member or came to the end."""

    list_id: ListId
    members: set[Key] = field(default_factory=set)
    demand: float = 0.0
    pages: int = 1
    length: int = 1
    asked_at: float = -inf
    passed_at: float = -inf
    failures: int = 0
    not_before: float = -inf
    running: bool = False
    wanted: bool = False  # a caller waits for the whole list

    @property
    def is_worth_it(self) -> bool:
        """Whether a reading costs fewer calls than reads of its members, which tell more."""
        return len(self.members) >= 2 and self.pages < len(self.members)

    @property
    def tells(self) -> bool:
        """Whether readings of the list replace reads of its members at the moment."""
        return self.is_worth_it and self.failures == 0

    def due_at(self, least: float) -> float:
        """When to read it again; infinity: not before something changes. `least`: shortest interval between two
        readings, in seconds."""
        if self.running:
            return inf
        if self.wanted:
            return self.not_before
        if not self.is_worth_it or self.demand <= 0:
            return inf
        return max(self.asked_at + max(least, self.pages / self.demand), self.not_before)

    def failed(self, now: float, retry_after: float | None) -> None:
        """A reading failed: wait with back-off, and at least `retry_after` seconds (the cloud's Retry-After)."""
        wait = exponential(self.failures, base=LIST_BACKOFF, cap=LIST_BACKOFF_MAX, jitter=0.5)
        self.failures += 1
        self.not_before = now + max(wait, retry_after or 0.0)

    def read(self, asked_at: float, pages: int, *, complete: bool, whole: bool) -> None:
        """A reading ended that found every member, or came to the end of the list (`complete`). `whole`: it went on
        to the end because a caller waited for the whole list."""
        self.failures, self.asked_at, self.passed_at = 0, asked_at, asked_at
        if not whole:
            self.pages = pages
        if complete:
            self.length, self.pages = pages, min(self.pages, pages)


_Waiting = tuple[bool, float, float, PollState]
"""A job that is due: whether its result is owed, how many of its intervals it waits, since when it is followed."""

ROUNDING = 1e-6


@dataclass(frozen=True)
class Sweeps:
    """`lists`: to be read now, the most urgent first. `again`: when the next one is due."""

    lists: tuple[ListId, ...]
    again: float


@dataclass(frozen=True)
class Reads:
    """`jobs`: to be read now, in this order. `again`: when the next is due; now, where the budget left some out.
    `progress_from`: by budget, up to when reads for mere progress have used their share."""

    jobs: tuple[Key, ...]
    again: float
    progress_from: Mapping[str, float]


def due_sweeps(list_states: Iterable[ListState], now: float, *, least: float) -> Sweeps:
    """The lists that are due: first those that a caller waits for, then by how many reads they replace per call."""
    due, again = list[ListState](), inf
    for list_state in list_states:
        at = list_state.due_at(least)
        if at <= now:
            due.append(list_state)
        else:
            again = min(again, at)
    due.sort(key=lambda s: (not s.wanted, -s.demand / s.pages, s.list_id))
    return Sweeps(tuple(list_state.list_id for list_state in due), again)


def wanted_at(look: PollState, list_state: ListState | None) -> float:
    """When the job itself is to be read; infinity: not at the moment."""
    if look.busy:
        return inf
    if look.owes:
        return look.due
    if list_state is None or not list_state.tells or look.blind:
        return look.due
    if list_state.passed_at > look.seen_at:
        return max(look.due, list_state.passed_at)  # the list was read, and does not show it
    if look.tells_progress:
        return look.seen_at + max(LIST_PATIENCE, look.interval * PROGRESS_PATIENCE)
    return max(look.read_at, look.since) + look.interval * PROGRESS_PATIENCE


def due_reads(
    looks: Iterable[PollState],
    list_states: dict[ListId, ListState],
    now: float,
    *,
    pace: float,
    horizon: float,
    in_flight: Mapping[str, int],
    progress_from: Mapping[str, float],
) -> Reads:
    """The jobs to read within the next `horizon` seconds: of each budget at most `pace` per second, less the reads
    that are `in_flight` there. Results that are owed come first, then the jobs that waited longest by their own
    interval, and last those that are read for their progress alone. `progress_from`: that of the plan before."""
    room, again = ceil(pace * horizon), inf
    waiting: dict[str, tuple[list[_Waiting], list[_Waiting]]] = {}
    list_id: ListId | None = None
    list_state: ListState | None = None
    for look in looks:
        if look.list_id is not list_id:  # few lists show many jobs
            list_id = look.list_id
            list_state = list_states.get(list_id) if list_id else None
        at = wanted_at(look, list_state)
        if at > now:
            again = min(again, at)
        else:
            waited = (now - max(look.read_at, look.since)) / max(look.interval, 1e-3)
            lanes = waiting.setdefault(look.budget, ([], []))
            lanes[_tells_progress_only(look, list_state)].append((look.owes, waited, look.since, look))
    chosen, spent = list[_Waiting](), dict(progress_from)
    for budget, (needed, progress) in waiting.items():
        free = max(0, room - in_flight.get(budget, 0))
        first = heapq.nlargest(free, needed, key=_urgency)
        used = max(spent.get(budget, -inf), now - 2 * horizon)
        allowed = min(free - len(first), int((now - used) * pace * PROGRESS_SHARE + ROUNDING))
        last = heapq.nlargest(allowed, progress, key=_urgency)
        if last:
            spent[budget] = used + len(last) / (pace * PROGRESS_SHARE)
        if len(first) < len(needed) or len(last) < len(progress):
            again = now
        chosen += first + last
    return Reads(tuple(row[-1].key for row in chosen), again, spent)


def _urgency(waiting: _Waiting) -> tuple[bool, float, float]:
    return waiting[:3]


def _tells_progress_only(look: PollState, list_state: ListState | None) -> bool:
    """Whether a read of the job would tell no more than its progress, as its list tells the rest."""
    if look.owes or look.blind or look.tells_progress or list_state is None:
        return False
    return list_state.tells and list_state.passed_at <= look.seen_at
