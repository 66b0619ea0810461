"""Scenes: a job object at one point of its life, reached only by real decisions.

A scene is walked by what the cloud answers (`see`), by time (`later`) and by what people do (`but`, `edit`). Every
status passes through its wire form, as it would through the API server, so what the wire loses is lost here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zilliz_jobs.api.backupjob import BackupJobSpec
from zilliz_jobs.api.importjob import ImportJobSpec
from zilliz_jobs.api.jobspec import Adopt, JobSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import Condition, Evidence, JobStatus, State, Submission
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.plan import Plan
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, RetryRule, Snapshot, Traits, attempt_of, handle_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

BACKUP = Traits(can_cancel=True, retry=RetryRule.RESUBMIT)
IMPORT = Traits(retry=RetryRule.FREELY)
CLUSTER = Traits(retry=RetryRule.RESUBMIT, exact_find=True)
MIGRATION = Traits(can_cancel=True, cancel_needs_console=False)
RESTORE = Traits()
KINDS = (BACKUP, IMPORT, CLUSTER, MIGRATION, RESTORE)
CLONE = Traits(steps=("Backup", "Restore", "DeleteBackup"), cleanup="DeleteBackup")
SAMPLE = Traits(steps=("CreateCollection", "WriteRows"))
MOVE = Traits(
    can_cancel=True,
    cancel_needs_console=False,
    retry=RetryRule.FREELY,
    steps=("Check", "Run", "Verify"),
    by_steps_only=True,
)
COMPOSED = (CLONE, SAMPLE, MOVE)

CONSOLE = Link(console=True)
PUBLIC = Link()
DOWN = o.Blocked(Reason.CONNECTION_NOT_READY, "the connection is not ready")


def spec(kind: Traits = BACKUP, **fields: Any) -> JobSpec:
    """A spec of the kind; `adopt="j"`, `limit=2`, `on_unknown=...` and the like are short for their sub-objects."""
    if "adopt" in fields and fields["adopt"] is not None:
        fields["adopt"] = Adopt(job_id=fields["adopt"])
    names = {"limit": "limit", "resubmit": "resubmit", "on_unknown": "on_submission_unknown"}
    policy = {names[short]: fields.pop(short) for short in list(fields) if short in names}
    if policy:
        fields["retry_policy"] = ResubmitRetryPolicy(**policy)
    if kind.can_cancel or kind.retry is RetryRule.RESUBMIT:
        return BackupJobSpec(cluster_id="in01", **fields)
    return ImportJobSpec(cluster_id="in01", collection="c", **fields)


def through_the_wire(status: JobStatus) -> JobStatus:
    return JobStatus.model_validate(status.wire())


def seen(state: State | None = State.IN_PROGRESS, word: str = "RUNNING", **more: Any) -> o.Seen:
    return o.Seen(state, word, **{"canceling": word == "CANCELING"} | more)


PREPARED = o.Prepared("t0", "holder", {"backups": ["b1"]}, NOON)
ACCEPTED = o.Accepted({"jobId": "job-1"})
FOUND = o.Found({"jobId": "job-1"}, Evidence.MARKER)
INFERRED = o.Found({"jobId": "job-1"}, Evidence.INFERRED)
LOST = o.EffectUnknown("the answer was lost")
NOT_SENT = o.NotSent(Reason.CLOUD_UNREACHABLE, "no route")
REFUSED = o.Refused(Reason.REJECTED, "no such collection")
THROTTLED = o.Refused(Reason.RATE_LIMITED, "slow down", heals=True, retry_after=7.0)
UNREADABLE = o.Unreadable(Reason.CLOUD_UNREACHABLE, "the cloud is down")
UNDECIDED = o.Undecided("two jobs could be it")
ALREADY = o.AlreadyDone("the cluster is suspended already")
ELSEWHERE = o.Elsewhere("the cluster has 4 Query CUs, neither the old number nor 8")
RUNNING = seen(progress=10, job_id="job-1", start_time=NOON)
DONE = seen(State.SUCCESSFUL, "SUCCESSFUL", end_time=NOON + timedelta(minutes=5))
BROKEN = seen(State.FAILED, "FAILED", message="disk full")
CANCELED = seen(State.CANCELED, "CANCELED")
COPY = o.Accepted({"jobId": "job-b", "backupId": "backup-1"})
REFILL = o.Accepted({"jobId": "job-r", "collection": "films_copy"})
SWEEP = o.Accepted({"backupId": "backup-1"})


@dataclass(frozen=True)
class Scene:
    snapshot: Snapshot
    now: datetime = NOON
    plan: Plan = field(default_factory=lambda: Plan(JobStatus()))

    @property
    def status(self) -> JobStatus:
        return self.snapshot.status

    @property
    def submission(self) -> Submission:
        assert self.status.submission is not None
        return self.status.submission

    @property
    def attempt(self) -> int:
        return attempt_of(self.status).number

    @property
    def handle(self) -> dict[str, str]:
        return handle_of(self.status)

    def see(self, *observations: o.Observation) -> Scene:
        scene = self
        for observation in observations or (o.Nothing(),):
            plan = decide(scene.snapshot, observation, now=scene.now)
            had = scene.snapshot.finalizer
            kept = replace(
                scene.snapshot,
                status=through_the_wire(plan.status),
                finalizer=had if plan.finalizer is None else plan.finalizer,
            )
            scene = Scene(kept, scene.now, plan)
        return scene

    def later(self, seconds: float) -> Scene:
        return replace(self, now=self.now + timedelta(seconds=seconds))

    def but(self, **changes: Any) -> Scene:
        """The surroundings changed: link, tokens, deletion."""
        return replace(self, snapshot=replace(self.snapshot, **changes))

    def edit(self, **fields: Any) -> Scene:
        """A person edits the spec."""
        assert self.snapshot.spec is not None
        if "limit" in fields or "on_unknown" in fields or "resubmit" in fields:
            old = self.snapshot.policy.model_dump(exclude_none=True)
            short = {"limit": "limit", "resubmit": "resubmit", "on_unknown": "on_submission_unknown"}
            fields["retry_policy"] = ResubmitRetryPolicy(
                **(old | {short[k]: fields.pop(k) for k in list(fields) if k in short})
            )
        return self.but(spec=self.snapshot.spec.but(**fields), generation=self.snapshot.generation + 1)

    def condition(self, kind: str) -> Condition | None:
        return next((c for c in self.status.conditions or [] if c.type == kind), None)

    def holds(self, kind: str) -> str:
        """The condition's status; empty where it is left out."""
        found = self.condition(kind)
        return found.status if found else ""

    @property
    def table(self) -> tuple[str, ...]:
        """The contract's columns: Ready, Succeeded, Finished, Reconciling, Stalled."""
        return tuple(self.holds(kind) for kind in ("Ready", "Succeeded", "Finished", "Reconciling", "Stalled"))


def a_job(kind: Traits = BACKUP, *, link: Link = CONSOLE, **fields: Any) -> Scene:
    """A new object that nobody has looked at."""
    snapshot = Snapshot(
        spec=spec(kind, **fields), status=JobStatus(), traits=kind, created=NOON, link=link, target="in01"
    )
    return Scene(snapshot)


def sending(kind: Traits = BACKUP, **more: Any) -> Scene:
    """The intent is written; the POST may be on its way."""
    return a_job(kind, **more).see(o.Nothing(), PREPARED)


def looking(kind: Traits = BACKUP, **more: Any) -> Scene:
    """The answer of the POST was lost."""
    return sending(kind, **more).see(LOST)


def unknown(kind: Traits = BACKUP, **more: Any) -> Scene:
    """No look-up could tell."""
    return looking(kind, **more).later(130).see(o.Nothing(), UNDECIDED)


def disproved(kind: Traits = BACKUP, **more: Any) -> Scene:
    """Two look-ups proved that the cloud did not take it."""
    return looking(kind, **more).see(o.Absent()).later(130).see(o.Nothing(), o.Absent())


def submitted(kind: Traits = BACKUP, **more: Any) -> Scene:
    return sending(kind, **more).see(ACCEPTED)


def running(kind: Traits = BACKUP, **more: Any) -> Scene:
    return submitted(kind, **more).later(5).see(o.Nothing(), RUNNING)


def inferred(kind: Traits = BACKUP, **more: Any) -> Scene:
    """Found again, but not proven ours."""
    return looking(kind, **more).see(INFERRED).later(5).see(o.Nothing(), RUNNING)


def succeeded(kind: Traits = BACKUP, **more: Any) -> Scene:
    return running(kind, **more).later(300).see(o.Nothing(), DONE)


def broken(kind: Traits = BACKUP, **more: Any) -> Scene:
    """The cloud says that the job failed; what follows is the policy's."""
    return running(kind, **more).later(300).see(o.Nothing(), BROKEN)


def forgotten(kind: Traits = BACKUP, **more: Any) -> Scene:
    """The cloud does not show the running job any more, for longer than the grace."""
    return running(kind, **more).see(o.Missing()).later(601).see(o.Nothing(), o.Missing())


def adopted(kind: Traits = BACKUP, **more: Any) -> Scene:
    return a_job(kind, adopt="job-9", **more).see(o.Nothing(), seen(job_id="job-9", progress=40))


# -- by steps: a backup, a restore of it, its removal; or, for a kind without clean-up, the first two


def prepared(token: str) -> o.Prepared:
    return o.Prepared(token, "holder", {}, NOON)


def first_step(kind: Traits = CLONE, **more: Any) -> Scene:
    """The intent of the first step is written."""
    return a_job(kind, link=PUBLIC, **more).see(o.Nothing(), prepared("t1"))


def backing_up(kind: Traits = CLONE, **more: Any) -> Scene:
    return first_step(kind, **more).see(COPY)


def backed_up(kind: Traits = CLONE, **more: Any) -> Scene:
    """Between two steps."""
    return backing_up(kind, **more).see(DONE)


def second_step(kind: Traits = CLONE, **more: Any) -> Scene:
    """The intent of the second step is written."""
    return backed_up(kind, **more).see(prepared("t2"))


def restoring(kind: Traits = CLONE, **more: Any) -> Scene:
    return second_step(kind, **more).see(REFILL)


def restore_lost(kind: Traits = CLONE, **more: Any) -> Scene:
    """The answer to the second step was lost."""
    return second_step(kind, **more).see(LOST)


def restore_disproved(kind: Traits = CLONE, **more: Any) -> Scene:
    return restore_lost(kind, **more).see(o.Absent()).later(131).see(o.Nothing(), o.Absent())


def restore_unknown(kind: Traits = CLONE, **more: Any) -> Scene:
    return restore_lost(kind, **more).later(131).see(o.Nothing(), UNDECIDED)


def restored(kind: Traits = CLONE, **more: Any) -> Scene:
    """The clean-up is next; without one, the end."""
    return restoring(kind, **more).see(DONE)


def third_step() -> Scene:
    """The intent of the clean-up is written."""
    return restored().see(prepared("t3"))


def sweeping() -> Scene:
    return third_step().see(SWEEP)


def swept() -> Scene:
    return sweeping().see(DONE)


def deleted(x: Scene) -> Scene:
    """The object is being deleted, which its finalizer holds up."""
    return x.but(deleting_since=x.now, finalizer=True)
