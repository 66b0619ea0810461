"""JobSchedule: makes job objects by cron, one or several in each run, in an order."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import CancellableSpec
from zilliz_jobs.api.jobstatus import Condition
from zilliz_jobs.api.model import Model, Time
from zilliz_jobs.api.resource import Column, Resource, Rule
from zilliz_jobs.api.scheduledjob import BACKUP, REFERRING, TEMPLATES, ScheduledJob

MAX_SCHEDULE_NAME = 52
MAX_JOBS = 10
MAX_KEPT = 100
MAX_HISTORY = 20
"""Of each of the two history limits, so that the record has room for both and for what is active."""
DEFAULT_STARTING_DEADLINE = 3600

Cron = Annotated[str, Field(min_length=5, max_length=100)]


class ConcurrencyPolicy(StrEnum):
    FORBID = "Forbid"
    ALLOW = "Allow"
    REPLACE = "Replace"


class JobScheduleSpec(Model):
    schedules: Annotated[list[Cron], Field(min_length=1, max_length=10)] = Field(
        description="When a run begins: five cron fields (minute, hour, day of month, month, day of week), or one of "
        "@hourly, @daily, @weekly, @monthly and @yearly."
    )
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Time zone of `schedules`, such as Europe/Berlin. Default: UTC."
    )
    suspend: bool = Field(
        default=False,
        description="While true, no run begins by time, and none counts as missed. An active run goes on.",
    )
    concurrency_policy: ConcurrencyPolicy = Field(
        default=ConcurrencyPolicy.FORBID,
        description="What is done when a run is due while one is active. Forbid: it is missed. Allow: it begins "
        "beside the other. Replace: the jobs of the active run are cancelled, and it begins when they have ended.",
    )
    starting_deadline_seconds: Annotated[int, Field(ge=60, le=31_536_000)] = Field(
        default=DEFAULT_STARTING_DEADLINE,
        description="How late a run may begin. Of the times that were missed within it, as the operator did not run, "
        "the newest is made up for, once.",
    )
    successful_runs_history_limit: Annotated[int, Field(ge=0, le=MAX_HISTORY)] = Field(
        default=3, description="Runs that ended well whose objects are kept."
    )
    failed_runs_history_limit: Annotated[int, Field(ge=0, le=MAX_HISTORY)] = Field(
        default=3, description="Runs that failed whose objects are kept."
    )
    keep_backups: Annotated[int, Field(ge=1, le=MAX_KEPT)] | None = Field(
        default=None,
        description="Keep so many of the newest backups of each backupJob, counted for each cluster, database and "
        "set of collections, and delete older ones that runs of this schedule made since this was set. Left out: "
        "none is deleted. A backup that a restore or an export reads or waits for stays until that has ended.",
    )
    jobs: Annotated[
        list[ScheduledJob],
        Field(
            min_length=1,
            max_length=MAX_JOBS,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = Field(description="The jobs of one run. All objects are made at once.")


class RunJob(Model):
    """One object of a run."""

    entry: str | None = Field(default=None, description="Name of the job in the schedule.")
    kind: str | None = Field(default=None, description="Kind of the object.")
    name: str | None = Field(default=None, description="Name of the object.")
    after: list[str] | None = Field(default=None, description="Jobs of the run that must be Successful before it.")
    uid: str | None = Field(
        default=None, description="Uid of the object, once it was made. Nothing is submitted for it before."
    )
    state: str | None = Field(default=None, description="State of the job when it was last seen.")
    reason: str | None = Field(default=None, description="Why it ended so; one CamelCase word.")
    message: str | None = Field(default=None, description="Why it ended so; a sentence.")


class Run(Model):
    """One run: what it was made of, and how it ended. Its end is final, whatever becomes of its objects."""

    name: str | None = Field(
        default=None, description="The minute of the due time in UTC, or r and a hash of the token that asked for it."
    )
    time: Time = Field(default=None, description="When it was due, or asked for.")
    generation: int | None = Field(default=None, description="The schedule's generation that the run was made of.")
    start_time: Time = Field(default=None, description="When the run was written down.")
    completion_time: Time = Field(default=None, description="When all of its jobs were seen to have ended.")
    state: str | None = Field(default=None, description="Active, Successful or Failed.")
    requested: bool | None = Field(default=None, description="True: it was asked for by annotation.")
    replaced: bool | None = Field(default=None, description="True: its jobs are being cancelled for a newer run.")
    reason: str | None = Field(default=None, description="Why it did not end well; one CamelCase word.")
    message: str | None = Field(default=None, description="Why it did not end well; a sentence.")
    jobs: list[RunJob] | None = Field(default=None, description="The objects of the run.")


class RunRequest(Model):
    """The answer to the annotation jobs.zilliz.com/run-requested."""

    token: str | None = Field(default=None, description="The token of the annotation.")
    time: Time = Field(default=None, description="When it was answered.")
    outcome: str | None = Field(default=None, description="Requested, Accepted, Completed, Refused or Failed.")
    message: str | None = Field(default=None, description="Why; a sentence.")


class ScheduledBackup(Model):
    """A backup that a run made, and that is proven to be its own."""

    backup_id: str | None = Field(default=None, description="The cloud's id of the backup.")
    entry: str | None = Field(default=None, description="Name of the job in the schedule.")
    job: str | None = Field(default=None, description="Name of its BackupJob, which may be gone.")
    connection: str | None = Field(default=None, description="The ZillizConnection through which it was made.")
    cluster_id: str | None = Field(default=None, description="The cluster that was backed up.")
    database: str | None = Field(default=None, description="Database of the collections.")
    collections: list[str] | None = Field(default=None, description="The collections; none: the whole cluster.")
    copies: bool | None = Field(default=None, description="True: it was to have copies in other regions.")
    completion_time: Time = Field(default=None, description="When its job ended.")
    state: str | None = Field(
        default=None,
        description="Available; or Deleting, which is written before the cloud is asked to delete it. It goes from "
        "the list when that is proven.",
    )
    deletion_time: Time = Field(default=None, description="When its deletion was last asked for.")
    reason: str | None = Field(default=None, description="Why it stays although it may go; one CamelCase word.")
    message: str | None = Field(default=None, description="Why it stays although it may go; a sentence.")


class JobScheduleStatus(Model):
    observed_generation: int | None = Field(default=None, description="The generation that this status is of.")
    last_schedule_time: Time = Field(default=None, description="The newest due time that a run was made for.")
    last_successful_time: Time = Field(default=None, description="When a run last ended well.")
    next_schedule_time: Time = Field(default=None, description="When the next run is due; empty while suspended.")
    counted_until: Time = Field(
        default=None, description="No due time at or before it begins a run any more: it had one, or is missed."
    )
    counted_by: str | None = Field(
        default=None, description="The times and the zone that countedUntil was counted by, in short."
    )
    suspended: bool | None = Field(default=None, description="Whether the spec said so at the last look.")
    waiting_time: Time = Field(
        default=None, description="The due time whose run begins when the one that it replaces has ended."
    )
    active: list[str] | None = Field(default=None, description="Names of the runs that have not ended.")
    runs: list[Run] | None = Field(default=None, description="The newest runs, the newest first.")
    backups: list[ScheduledBackup] | None = Field(
        default=None, description="With keepBackups: the backups that count, the newest first; at most 200."
    )
    run: RunRequest | None = Field(default=None, description="The last run that was asked for by annotation.")
    reason: str | None = Field(default=None, description="How the schedule is; one CamelCase word.")
    message: str | None = Field(default=None, description="How the schedule is; a sentence.")
    conditions: list[Condition] | None = Field(default=None, description="Ready, Suspended, LastRunSucceeded.")


def _refers_to(entry: str, other: str) -> str:
    """CEL: what `entry` follows has the name `other`."""
    refs = [
        f"(has({entry}.{kind}) && has({entry}.{kind}.backup) && has({entry}.{kind}.backup.backupJobRef)"
        f" && {entry}.{kind}.backup.backupJobRef.name == {other})"
        for kind in REFERRING
    ]
    return f"((has({entry}.after) && {other} in {entry}.after) || {' || '.join(refs)})"


def _no_circle_cel() -> str:
    """Takes away, as often as there may be entries, those that follow none of the rest: a circle is what stays."""
    rest, rule = f"s{MAX_JOBS}", f"s{MAX_JOBS}.size() == 0"
    for n in range(MAX_JOBS, 0, -1):
        less, rest = f"s{n - 1}", f"s{n}"
        kept = f"{less}.filter(a, {less}.exists(b, {_refers_to('a', 'b.name')}))"
        rule = f"[{kept}].all({rest}, {rule})"
    return f"[self.jobs].all(s0, {rule})"


def _has_no_circle(spec: JobScheduleSpec) -> bool:
    rest = {job.name: set(job.follows) for job in spec.jobs}
    for _ in range(len(spec.jobs)):
        rest = {name: follows for name, follows in rest.items() if follows & rest.keys()}
    return not rest


def _names_backups_of_its_own(spec: JobScheduleSpec) -> bool:
    backups = {job.name for job in spec.jobs if job.field == BACKUP}
    return all(job.backup_entry is None or job.backup_entry in backups for job in spec.jobs)


def _backups_cel() -> str:
    return " && ".join(
        f"self.jobs.all(a, !has(a.{kind}) || !has(a.{kind}.backup) || !has(a.{kind}.backup.backupJobRef)"
        f" || self.jobs.exists(b, b.name == a.{kind}.backup.backupJobRef.name && has(b.{BACKUP})))"
        for kind in REFERRING
    )


def _follows_known(spec: JobScheduleSpec) -> bool:
    names = {job.name for job in spec.jobs}
    return all(other in names and other != job.name for job in spec.jobs for other in job.after or ())


def _cancellable(resource: Resource) -> bool:
    return issubclass(resource.spec, CancellableSpec)


def _replaceable_cel() -> str:
    ways = [
        f"has(job.{name})"
        if (rule := resource.cancellable) is None
        else f"(has(job.{name}) && ({rule.cel.replace('self.', f'job.{name}.')}))"
        for name, resource in TEMPLATES.items()
        if _cancellable(resource)
    ]
    return f"self.concurrencyPolicy != 'Replace' || self.jobs.all(job, {' || '.join(ways)})"


def _can_be_replaced(spec: JobScheduleSpec) -> bool:
    return spec.concurrency_policy is not ConcurrencyPolicy.REPLACE or all(
        _cancellable(job.resource) and (job.resource.cancellable is None or job.resource.cancellable.holds(job.spec))
        for job in spec.jobs
    )


_REPLACEABLE = ", ".join(name for name, resource in TEMPLATES.items() if _cancellable(resource))

JOB_SCHEDULE = Resource(
    kind="JobSchedule",
    plural="jobschedules",
    short="zsd",
    description="Makes jobs of any kind by cron. One run is one object of each of its jobs.",
    guide="schedules.md",
    spec=JobScheduleSpec,
    status=JobScheduleStatus,
    columns=(
        Column("Schedules", ".spec.schedules", description="When a run begins."),
        Column("Zone", ".spec.timeZone", priority=1),
        Column("Suspend", ".spec.suspend", "boolean"),
        Column("Active", ".status.active", description="Runs that have not ended."),
        Column("Last", ".status.lastScheduleTime", "date", description="The newest due time that was dealt with."),
        Column("Success", ".status.lastSuccessfulTime", "date", description="When a run last ended well."),
        Column("Next", ".status.nextScheduleTime", description="When the next run is due."),
        Column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
        Column("Age", ".metadata.creationTimestamp", "date"),
        Column("Message", ".status.message", priority=1),
    ),
    rules=(
        Rule(
            "self.jobs.all(a, !has(a.after) || a.after.all(n, n != a.name && self.jobs.exists(b, b.name == n)))",
            "after names jobs of the same schedule, and not the job itself",
            _follows_known,
        ),
        Rule(
            _backups_cel(),
            "backupJobRef.name in a schedule names a job of the same schedule that has a backupJob; for a backup "
            "that exists name clusterId and backupId",
            _names_backups_of_its_own,
        ),
        Rule(
            f"!has(self.keepBackups) || self.jobs.exists(job, has(job.{BACKUP}))",
            "keepBackups needs a job with a backupJob",
            lambda spec: spec.keep_backups is None or any(job.field == BACKUP for job in spec.jobs),
        ),
        Rule(
            _no_circle_cel(),
            "the jobs wait for one another in a circle: correct after and backupJobRef",
            _has_no_circle,
        ),
        Rule(
            _replaceable_cel(),
            f"concurrencyPolicy Replace cancels the jobs of the active run, which is possible with {_REPLACEABLE} "
            "only (a migration: with mode Offline); use Forbid",
            _can_be_replaced,
        ),
    ),
    max_name=MAX_SCHEDULE_NAME,
)
