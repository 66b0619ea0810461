"""A run: its name, its objects in their order, and when a job of it may be submitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, RunJob
from zilliz_jobs.schedules.schedule import Template

RUN_VARIABLE = "$(RUN)"
RUN_FIELDS = frozenset(
    {"collection", "collections", "destCollection", "destDatabase", "destination", "directory"}
    | {"credentialsSecretName", "newCluster.name"}
)
"""Fields whose texts may hold `$(RUN)`: names of what a run makes, or of what an earlier job of it made."""
_MINUTE = "%Y%m%d%H%M"
_NAME = re.compile(r"([0-9]{12}|r[0-9a-f]{8})-([a-z][-a-z0-9]*)")


def scheduled_name(due: datetime) -> str:
    """The name of the run of a due time: its minute in UTC, 202611280300."""
    return due.astimezone(UTC).strftime(_MINUTE)


def requested_name(token: str) -> str:
    """The name of the run that was requested with this token: r and 8 hexadecimal digits of its hash."""
    return f"r{sha256(token.encode(errors='surrogatepass')).hexdigest()[:8]}"


def object_name(schedule: str, run: str, entry: str) -> str:
    return f"{schedule}-{run}-{entry}"


def run_of(schedule: str, name: str) -> tuple[str, str] | None:
    """The run and the entry that an object of this name belongs to; None where no run of the schedule makes such a
    name."""
    rest = name.removeprefix(f"{schedule}-")
    found = _NAME.fullmatch(rest) if rest != name else None
    return (found[1], found[2]) if found else None


def due_time(run: str) -> datetime | None:
    """The minute that a scheduled run was due; None for a requested one."""
    try:
        return datetime.strptime(run, _MINUTE).replace(tzinfo=UTC)
    except ValueError:
        return None


def predecessors(template: Template, templates: Iterable[Template]) -> tuple[str, ...]:
    """The entries that must be Successful first: `after`, and the entry that its backupJobRef names."""
    names = {other.name for other in templates if other.name != template.name}
    backup = _backup_job(template.spec)
    wanted = dict.fromkeys([*template.after, *([backup] if backup else [])])
    return tuple(name for name in wanted if name in names)


def in_order(templates: Sequence[Template]) -> tuple[Template, ...]:
    """Each after those that it waits for; else as in the spec. What waits in a circle comes last."""
    rest, placed = list(templates), list[Template]()
    while rest:
        done = {template.name for template in placed}
        free = [template for template in rest if done.issuperset(predecessors(template, templates))]
        placed += free or rest
        rest = [template for template in rest if template not in free] if free else []
    return tuple(placed)


def run_jobs(schedule: str, run: str, templates: Sequence[Template]) -> tuple[RunJob, ...]:
    """The objects of a run, none of them made."""
    return tuple(
        RunJob(one.name, one.kind, object_name(schedule, run, one.name), predecessors(one, templates))
        for one in in_order(templates)
    )


def child_spec(template: Template, schedule: str, run: str, templates: Sequence[Template]) -> Mapping[str, Any]:
    """The spec of the object: `$(RUN)` replaced where it may stand, and backupJobRef the object of this run."""
    spec: dict[str, Any] = _with_run(template.spec, run, "")
    backup = _backup_job(template.spec)
    if backup and backup in predecessors(template, templates):
        name = object_name(schedule, run, backup)
        spec["backup"] = {**spec["backup"], "backupJobRef": {**spec["backup"]["backupJobRef"], "name": name}}
    return spec


def _backup_job(spec: Mapping[str, Any]) -> str | None:
    backup = spec.get("backup")
    ref = backup.get("backupJobRef") if isinstance(backup, Mapping) else None
    name = ref.get("name") if isinstance(ref, Mapping) else None
    return name if isinstance(name, str) else None


def _with_run(value: Any, run: str, field: str) -> Any:
    """`field`: the name under which the value stands; of the texts of a list, that of the list."""
    match value:
        case Mapping():
            return {
                key: _with_run(inner, run, "newCluster.name" if (field, key) == ("newCluster", "name") else key)
                for key, inner in value.items()
            }
        case list():
            return [_with_run(inner, run, field) for inner in value]
        case str() if field in RUN_FIELDS:
            return value.replace(RUN_VARIABLE, run)
    return value


@dataclass(frozen=True)
class Open:
    """Nothing of the run holds the job back."""


@dataclass(frozen=True)
class NotRecorded:
    """The run is open, but does not hold this object's uid yet. Wait; the schedule's next pass stores it."""


@dataclass(frozen=True)
class WaitingFor:
    """Pending `WaitingFor`: these entries must be Successful first."""

    entries: tuple[str, ...]


@dataclass(frozen=True)
class PredecessorFailed:
    """Canceled `RunFailed`: these entries were not successful."""

    entries: tuple[str, ...]


@dataclass(frozen=True)
class RunOver:
    """Canceled `RunOver` (`Replaced`): the run is not open, is being replaced, or has another object of this name."""

    reason: ScheduleReason


RunGate = Open | NotRecorded | WaitingFor | PredecessorFailed | RunOver


def run_gate(record: Record, run: str, name: str, uid: str) -> RunGate:
    """Whether the first submission of a job of this run may be prepared. Ask it of a record that is stored: an object
    that is not in it was never submitted, so that the object may be made again if it is missing."""
    found = record.run(run)
    job = next((job for job in found.jobs if job.name == name), None) if found else None
    if found is None or job is None or not found.active:
        return RunOver(ScheduleReason.RUN_OVER)
    if found.replaced:
        return RunOver(ScheduleReason.REPLACED)
    if job.finished or job.uid not in ("", uid):
        return RunOver(ScheduleReason.RUN_OVER)
    if not job.uid:
        return NotRecorded()
    states = {other.entry: other.state for other in found.jobs}
    failed = tuple(
        entry for entry in job.after if (state := states.get(entry)) and state.finished and not _well(state)
    )
    if failed:
        return PredecessorFailed(failed)
    waits = tuple(entry for entry in job.after if not _well(states.get(entry)))
    return WaitingFor(waits) if waits else Open()


def _well(state: State | None) -> bool:
    return state is State.SUCCESSFUL
