"""The job objects that schedules made: what the events of jobs tell.

Kept of every job object that a schedule owns, finished or not, since the end of a run is told by its objects. History
limits bound their number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupMark
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, Outcome, State, reason_in
from zilliz_jobs.api.model import EARLIEST, parse_time
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of, raw_status, slim
from zilliz_jobs.core.backupttl import proven_id
from zilliz_jobs.core.cancelling import no_way_to_cancel
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.schedules.child import Cancelling, Child, MadeBackup
from zilliz_jobs.schedules.retention import Scope
from zilliz_jobs.schedules.stored import state_of

Owner = tuple[Key, str]
"""A schedule: its key and its uid."""


def owner_of(body: Mapping[str, Any]) -> Owner | None:
    """The schedule that is the object's controller; None where none is. Pure."""
    meta = body["metadata"]
    for row in meta.get("ownerReferences") or []:
        if isinstance(row, dict) and row.get("controller") and row.get("kind") == JOB_SCHEDULE.kind:
            return Key(JOB_SCHEDULE.kind, meta["namespace"], str(row.get("name"))), str(row.get("uid"))
    return None


def replacement_token(run: str) -> str:
    """The token by which the jobs of this run are cancelled for a newer one: the same each time, so it acts once."""
    return f"replaced/{run}"


class Children(JobListener):
    """`changed`: called with the key of the schedule whose object was made, went, or shows another state."""

    def __init__(self, kinds: Mapping[str, AnyKind], link: Callable[[Key], Link], use: BackupUse) -> None:
        """`link`: what may be known of a connection. `use`: which backups unfinished objects refer to."""
        self._kinds, self._link, self._use = kinds, link, use
        self.changed: Callable[[Key], object] = lambda _: None
        self._of_schedule: defaultdict[str, dict[str, Body]] = defaultdict(dict)
        self._owners: dict[str, Owner] = {}

    # -- what the job objects tell

    def on_seen(self, body: Body) -> None:
        uid = body["metadata"]["uid"]
        owner = owner_of(body)
        known = self._owners.get(uid)
        if known is not None and known != owner:
            self._drop(uid)
        if owner is None:
            return
        key, schedule = owner
        before = self._of_schedule[schedule].get(uid)
        self._of_schedule[schedule][uid], self._owners[uid] = slim(body), owner
        if before is None or _shown(before) != _shown(body):
            self.changed(key)

    async def on_stored(self, body: Body) -> None:
        self.on_seen(body)

    def on_gone(self, uid: str) -> None:
        self._drop(uid)

    # -- what a decision may know

    def of(self, schedule: str) -> dict[str, Child]:
        """The objects of the schedule of this uid, by name."""
        referred = self._use.named_jobs
        return {
            body["metadata"]["name"]: self._child(body, key_of(body) in referred)
            for body in self._of_schedule.get(schedule, {}).values()
        }

    def refers_to(self, body: Body) -> bool:
        """Whether an unfinished object names this one as its backup."""
        return key_of(body) in self._use.named_jobs

    def bodies(self, schedule: str) -> Iterator[Body]:
        """The same objects, as last seen."""
        return iter(list(self._of_schedule.get(schedule, {}).values()))

    def _child(self, body: Body, referred: bool) -> Child:
        meta, status = body["metadata"], raw_status(body)
        return Child(
            name=meta["name"],
            kind=body["kind"],
            uid=meta["uid"],
            owned=True,
            created=parse_time(meta.get("creationTimestamp")) or EARLIEST,
            state=state_of(status.get("state")),
            reason=reason_in(status) or "",
            message=str(status.get("message") or ""),
            completed=parse_time(status.get("completionTime")),
            cancelling=self._cancelling(body, status),
            referred=referred,
            backup=_made(body, status),
        )

    def _cancelling(self, body: Body, status: Body) -> Cancelling:
        """Whether a newer run may have the job cancelled: what is held by inference only, no policy cancels."""
        raw = status.get("cancel")
        request: Body = raw if isinstance(raw, dict) else {}
        if request.get("outcome") in (Outcome.REQUESTED, Outcome.ACCEPTED):
            return Cancelling.ASKED
        if request.get("outcome") in (Outcome.REFUSED, Outcome.FAILED):
            return Cancelling.IMPOSSIBLE
        submission = status.get("submission")
        if not isinstance(submission, dict):
            return Cancelling.POSSIBLE
        if submission.get("evidence") == Evidence.INFERRED:
            return Cancelling.IMPOSSIBLE
        kind = self._kinds[body["kind"]]
        try:
            spec = parse_spec(kind.resource, body)
        except SpecError:
            return Cancelling.IMPOSSIBLE
        traits = kind.traits_of(spec) if isinstance(spec, JobSpec) else kind.traits
        console = self._link(connection_key(body)).console
        return Cancelling.IMPOSSIBLE if no_way_to_cancel(traits, console=console) else Cancelling.POSSIBLE

    # -- parts

    def _drop(self, uid: str) -> None:
        if (owner := self._owners.pop(uid, None)) is None:
            return
        key, schedule = owner
        self._of_schedule[schedule].pop(uid, None)
        if not self._of_schedule[schedule]:
            del self._of_schedule[schedule]
        self.changed(key)


def _made(body: Body, status: Body) -> MadeBackup | None:
    """The backup that a BackupJob made; None where it made none."""
    if body["kind"] != BACKUP_JOB.kind or status.get("state") != State.SUCCESSFUL:
        return None
    spec, record, result = body.get("spec"), status.get("submission"), status.get("result")
    spec = spec if isinstance(spec, dict) else {}
    record = record if isinstance(record, dict) else {}
    handle = record.get("handle")
    answered = str(handle.get("backupId") or "") if isinstance(handle, dict) else ""
    result = result if isinstance(result, dict) else {}
    if result.get("backupState") == BackupMark.DELETED:
        return None
    told = str(result["backupId"]) if result.get("backupId") else None
    proven = proven_id(record.get("evidence"), answered, told)
    return MadeBackup(proven, Scope.of(spec), connection_key(body).name, bool(spec.get("crossRegionCopies")))


def _shown(body: Body) -> tuple[object, ...]:
    """What a schedule decides by."""
    status = raw_status(body)
    cancel, submission = status.get("cancel"), status.get("submission")
    return (
        status.get("state"),
        status.get("reason"),
        status.get("completionTime"),
        cancel.get("outcome") if isinstance(cancel, dict) else None,
        submission.get("evidence") if isinstance(submission, dict) else None,
        body["metadata"].get("deletionTimestamp"),
    )


def is_waiting(child: Child) -> bool:
    """Whether a change of its run may let the job begin. Pure."""
    return child.state in (None, State.PENDING)
