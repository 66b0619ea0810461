"""From the lists of the cloud and the rows that exist to the rows that must be made, changed and removed.

Pure and total. Two promises: a list that could not be read to its end removes nothing; and a row is removed only when
two complete lists in a row lack its job, since jobs move between the pages of a list while it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.jobcenter.jobrow import Identity, JobRow, merged, row_name

LISTS_WITHOUT = 2


@dataclass(frozen=True)
class SourceRows:
    """One reading of one list. `complete`: it was read to its end, so that a job which it lacks is not on it."""

    name: str
    rows: tuple[JobRow, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class ListReading:
    """One reading of all lists, the one that tells most of jobs first. `closed`: it is known which lists there are,
    so that a list which is not named here has no rows (any more)."""

    sources: tuple[SourceRows, ...]
    closed: bool = True


@dataclass(frozen=True)
class Kept:
    """A ProjectJob that exists. `sources`: the lists that showed its job; `lists_without`: how many complete lists in
    a row lacked it; `seen`: since when it is in its state."""

    name: str
    state: State | None = None
    sources: frozenset[str] = frozenset()
    lists_without: int = 0
    seen: datetime | None = None

    @property
    def finished(self) -> bool:
        return self.state is not None and self.state.finished


@dataclass(frozen=True)
class Policy:
    """Filters and retention of a JobCenter. An empty filter admits all jobs."""

    types: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    cluster_ids: frozenset[str] = frozenset()
    count: int = 500
    max_age: timedelta = timedelta(hours=168)

    def passes(self, row: JobRow) -> bool:
        """Whether the filters admit the job."""
        state = str(row.state) if row.state is not None else ""
        return (
            (not self.types or row.type in self.types)
            and (not self.states or state in self.states)
            and (not self.cluster_ids or row.cluster_id in self.cluster_ids)
        )


@dataclass(frozen=True)
class Memory:
    """Jobs without any time on a list that are not shown: ended and too old (`expired`), ended and beyond the count
    (`beyond`), beyond the count and running (`running`). If it were not kept, they would look new each time."""

    expired: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()

    def knows(self, name: str, *, finished: bool) -> bool:
        """Whether the job was left out before, in this state."""
        return name in self.beyond or name in self.expired if finished else name in self.running


@dataclass(frozen=True)
class Wanted:
    """A row to show. `partial`: a list that showed its job before could not be read, so empty fields are unknown."""

    name: str
    row: JobRow
    sources: tuple[str, ...]
    partial: bool = False


@dataclass(frozen=True)
class Counts:
    """Numbers of jobs that the filters admit."""

    jobs: int = 0
    shown: int = 0
    running: int = 0
    failed: int = 0

    @property
    def hidden(self) -> int:
        return self.jobs - self.shown


@dataclass(frozen=True)
class Changes:
    """What must be done. `absent`: existing rows whose job the lists lack for the first time. Existing rows that are
    in none of the four stay as they are."""

    create: tuple[Wanted, ...] = ()
    update: tuple[Wanted, ...] = ()
    absent: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    missed: bool = False
    """Whether a complete list lacks the job of an existing row."""
    counts: Counts = field(default_factory=Counts)
    memory: Memory = field(default_factory=Memory)


def mirror(
    center: str,
    reading: ListReading,
    kept: Mapping[str, Kept],
    policy: Policy,
    now: datetime,
    memory: Memory | None = None,
    *,
    skew: timedelta = timedelta(0),
) -> Changes:
    """The changes after which the rows of `center` show what the lists show. Same arguments, same changes.

    `memory`: from the last changes; None after a start. `skew`: by how much the cloud's clock is ahead of `now`,
    since the times of rows are the cloud's.
    """
    listed = _union(reading, kept, center)
    # A row with unknown fields must neither be filtered out nor count as old.
    half = {name: wanted for name, wanted in listed.items() if wanted.partial and name in kept}
    passing = half | {name: wanted for name, wanted in listed.items() if policy.passes(wanted.row)}
    absent, gone, staying = _missing(reading, kept, listed)
    room = max(0, policy.count - len(staying) - len(half))
    rest = {name: wanted for name, wanted in passing.items() if name not in half}
    retained, forgotten = _retained(rest, kept, policy, room, now, memory, skew)
    shown = half | retained
    left_out = [name for name in kept if name in listed and name not in shown]
    states = [wanted.row.state for wanted in passing.values()] + [kept[name].state for name in staying]
    counts = Counts(
        jobs=len(states),
        shown=len(shown) + len(staying),
        running=sum(state is None or not state.finished for state in states),
        failed=sum(state is State.FAILED for state in states),
    )
    return Changes(
        create=tuple(shown[name] for name in shown if name not in kept),
        update=tuple(shown[name] for name in shown if name in kept),
        absent=tuple(absent),
        delete=tuple(sorted([*gone, *left_out])),
        missed=bool(absent or gone),
        counts=counts,
        memory=forgotten,
    )


def _union(reading: ListReading, kept: Mapping[str, Kept], center: str) -> dict[str, Wanted]:
    """Every job that a list shows, once, by the name of its row."""
    found: dict[Identity, list[JobRow]] = {}
    where: dict[Identity, list[str]] = {}
    for source in reading.sources:
        for row in {row.identity: row for row in source.rows}.values():
            found.setdefault(row.identity, []).append(row)
            where.setdefault(row.identity, []).append(source.name)
    wanted = {}
    for identity, rows in found.items():
        name = row_name(center, identity)
        before = kept[name].sources if name in kept else frozenset()
        silent = sorted(s for s in before if not _tells(reading, s))
        wanted[name] = Wanted(name, merged(rows), tuple(sorted({*where[identity], *silent})), partial=bool(silent))
    return wanted


def _tells(reading: ListReading, source: str) -> bool:
    """Whether a job that this list lacks is known not to be on it."""
    return next((one.complete for one in reading.sources if one.name == source), reading.closed)


def _missing(
    reading: ListReading, kept: Mapping[str, Kept], listed: Mapping[str, Wanted]
) -> tuple[list[str], list[str], list[str]]:
    """Names of existing rows whose job no list shows: those that are absent for the first time; those to be removed;
    and all that stay, the first among them."""
    absent, gone, staying = [], [], []
    for name, row in sorted(kept.items()):
        if name in listed:
            continue
        if not all(_tells(reading, source) for source in row.sources) or (not row.sources and not reading.closed):
            staying.append(name)
        elif row.lists_without + 1 >= LISTS_WITHOUT:
            gone.append(name)
        else:
            absent.append(name)
            staying.append(name)
    return absent, gone, staying


def _retained(
    passing: Mapping[str, Wanted],
    kept: Mapping[str, Kept],
    policy: Policy,
    room: int,
    now: datetime,
    memory: Memory | None,
    skew: timedelta,
) -> tuple[dict[str, Wanted], Memory]:
    """The rows to show: first those of jobs that have not ended, then the newest; and the memory of jobs without a
    time that are left out."""
    ranked: list[tuple[tuple[bool, bool, float, bool, int, str], str]] = []
    expired = set[str]()
    for name, wanted in passing.items():
        row, moment = wanted.row, _moment(name, wanted.row, kept, now, memory, skew)
        untimed = row.moment is None
        too_old = row.finished and moment is not None and moment < now - policy.max_age
        if row.finished and (too_old or (untimed and memory is not None and name in memory.expired)):
            if untimed:
                expired.add(name)
            continue
        age = -moment.timestamp() if moment is not None else 0.0
        # Of two equally new rows the one that exists stays, so that rows are not made and removed in turn.
        rank = (row.finished, moment is None, age, name not in kept, row.position, name)
        ranked.append((rank, name))
    order = [name for _, name in sorted(ranked)]
    out = [name for name in order[room:] if passing[name].row.moment is None]
    beyond = frozenset(name for name in out if passing[name].row.finished)
    memory = Memory(frozenset(expired), beyond, frozenset(out) - beyond)
    return {name: passing[name] for name in order[:room]}, memory


def _shifted(moment: datetime, skew: timedelta) -> datetime:
    try:
        return moment - skew
    except OverflowError:  # the first or last day of the calendar: a placeholder, not a time
        return moment


def _moment(
    name: str, row: JobRow, kept: Mapping[str, Kept], now: datetime, memory: Memory | None, skew: timedelta
) -> datetime | None:
    """When the job ended or began; where no list tells it, since when this operator knows it in this state. None:
    longer than this process can know."""
    if row.moment is not None:
        return _shifted(row.moment, skew)
    known = kept.get(name)
    if known is not None:
        return known.seen if known.finished == row.finished and known.seen else now
    if memory is None or memory.knows(name, finished=row.finished):
        return None
    return now + timedelta(seconds=1)  # newer than every row of this second
