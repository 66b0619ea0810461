"""Pure: what a job and its files look like at a moment.

Progress only grows; `reason` is set only on FAILED; the end time only once the state is final.
"""

from dataclasses import dataclass
from itertools import pairwise

from .jobs import CANCELED, CANCELING, FAILED, FINAL, IN_PROGRESS, PENDING, SUCCESSFUL, Job, Plan
from .objects import FilePart


@dataclass(frozen=True, slots=True)
class JobView:
    """A job at one moment. Times are simulated seconds; `fraction` is how far the work has come, 0..1."""

    status: str
    fraction: float
    started_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    uncommitted: bool = False
    """The data of a two-phase import are in, and it waits for its commit."""

    @property
    def progress(self) -> int:
        """Percent; 100 only on success."""
        return 100 if self.status == SUCCESSFUL else min(99, int(self.fraction * 100 + 1e-9))

    @property
    def final(self) -> bool:
        """Whether the state can no longer change by itself."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of an import at one moment, in the words of the import API."""

    file: FilePart
    state: str
    progress: int
    ended_at: float | None = None
    reason: str = ""


def view(job: Job, now: float) -> JobView:
    """What `job` looks like at `now`."""
    if job.forced is not None:
        return _forced(job, now)
    if job.cancel is not None:
        return _cancelled(job, now)
    seen = _by_plan(job.plan, now)
    return _held(job, seen, now) if job.two_phase and seen.status == SUCCESSFUL else seen


def _held(job: Job, seen: JobView, now: float) -> JobView:
    if job.committed_at is None or now < job.committed_at:
        return JobView(IN_PROGRESS, 1.0, seen.started_at, uncommitted=True)
    return JobView(SUCCESSFUL, 1.0, seen.started_at, job.committed_at)


def _by_plan(plan: Plan, now: float) -> JobView:
    started = plan.begins_at + plan.pending_seconds
    ended = started + plan.run_seconds * plan.fails_at_fraction
    if now >= ended:
        if plan.failure:
            return JobView(FAILED, plan.fails_at_fraction, started, ended, plan.failure)
        return JobView(SUCCESSFUL, 1.0, started, ended)
    if now < started:
        return JobView(PENDING, 0.0)
    return JobView(IN_PROGRESS, (now - started) / plan.run_seconds, started)


def _cancelled(job: Job, now: float) -> JobView:
    assert job.cancel is not None  # noqa: S101 - the caller looked
    before = _by_plan(job.plan, job.cancel.at)
    ended = job.cancel.at + job.cancel.seconds
    if now < ended:
        return JobView(CANCELING, job.cancel.fraction, before.started_at)
    return JobView(CANCELED, job.cancel.fraction, before.started_at, ended)


def _forced(job: Job, now: float) -> JobView:
    assert job.forced is not None  # noqa: S101 - the caller looked
    forced = job.forced
    started = None if forced.status == PENDING else min(forced.at, job.plan.begins_at + job.plan.pending_seconds)
    ended = forced.at if forced.status in FINAL else None
    reason = forced.reason if forced.status == FAILED else ""
    return JobView(forced.status, forced.fraction, started, ended, reason)


def plan_import(begins_at: float, pending: float, run: float, files: tuple[FilePart, ...]) -> Plan:
    """An import fails, if it fails, in the middle of its first bad file, with that file's problem."""
    for part, (begin, end) in zip(files, _windows(files), strict=True):
        if part.problem:
            return Plan(begins_at, pending, run, part.problem, (begin + end) / 2)
    return Plan(begins_at, pending, run)


def file_views(job: Job, seen: JobView) -> list[FileView]:
    """The files of an import. They are read one after the other, each for a share as large as its size."""
    return [
        _file_view(job, seen, part, begin, end)
        for part, (begin, end) in zip(job.files, _windows(job.files), strict=True)
    ]


def _file_view(job: Job, seen: JobView, part: FilePart, begin: float, end: float) -> FileView:
    if seen.status == SUCCESSFUL or seen.fraction >= end:
        by_plan = None if seen.started_at is None else seen.started_at + job.plan.run_seconds * end
        return FileView(part, "Completed", 100, by_plan if job.forced is None else job.forced.at)
    if seen.fraction < begin or seen.status == PENDING:
        return FileView(part, "Pending", 0)
    percent = min(99, int((seen.fraction - begin) / (end - begin) * 100))
    if seen.status == FAILED:
        return FileView(part, "Failed", percent, seen.ended_at, seen.reason)
    return FileView(part, "Importing", percent)


def _windows(files: tuple[FilePart, ...]) -> list[tuple[float, float]]:
    total = sum(max(1, part.size_bytes) for part in files)
    ends: list[float] = []
    done = 0
    for part in files:
        done += max(1, part.size_bytes)
        ends.append(done / total)
    return list(pairwise([0.0, *ends]))
