"""MigrationJob: the one call that fits source and target, then follow the job.

The cloud marks no migration. One into a new cluster is found again by the cluster's name; one into a cluster that
exists by its collections or by the console's list of jobs, and never proven absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.api.migrationengine import Engine
from zilliz_jobs.api.migrationjob import MIGRATION_JOB, MigrationJobSpec, Mode, NewCluster
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.observation import (
    AlreadyDone,
    Blocked,
    CancelAnswer,
    Impossible,
    Look,
    Missing,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits, handle_of, is_finished
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest, Variant
from zilliz_jobs.kinds.clusters import newcluster
from zilliz_jobs.kinds.migrations import migrationarrivals
from zilliz_jobs.kinds.migrations.migrationorigin import needs, origin
from zilliz_jobs.kinds.migrations.migrationroutes import answered, send, why_not
from zilliz_jobs.kinds.migrations.vts import engine
from zilliz_jobs.kinds.place import Place, RawSpec, part_of
from zilliz_jobs.kinds.secretneed import SecretNeed

BY_VTS = engine.traits()
ZERO_DOWNTIME = Traits(can_cancel=False, why_no_cancel=Reason.ZERO_DOWNTIME, retry=RetryRule.NEVER)


class MigrationKind(JobKind[MigrationJobSpec]):
    """The handle is {jobId}, with newClusterId where a cluster is made and clusterId where one exists. It is
    never retried. By VTS it goes by steps, each with a handle of its own: see `vts.engine`."""

    resource: ClassVar[Resource] = MIGRATION_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=True, retry=RetryRule.NEVER)
    clears = True
    variants = (
        Variant("zero-downtime", "mode", Mode.ZERO_DOWNTIME, ZERO_DOWNTIME),
        Variant("by VTS", "engine", Engine.VTS, BY_VTS),
    )
    keeps_lock = True
    job_type = JobType.MIGRATION
    cluster_words = frozenset({"MIGRATING"})

    def place(self, spec: RawSpec, handle: Mapping[str, str]) -> Place:
        return newcluster.place(part_of(spec, "target", "newCluster"), handle, spec, part_of(spec, "target"))

    def target(self, spec: MigrationJobSpec) -> str:
        made = _made(spec)
        return f"{made.project_id}/{made.name or 'new cluster'}" if made else _target_id(spec)

    def description(self, spec: MigrationJobSpec) -> str:
        there, made = _target_id(spec), _made(spec)
        into = f" into cluster {there}" if there else f" into a new cluster {made.name or ''}" if made else ""
        how = ", without downtime" if spec.mode is Mode.ZERO_DOWNTIME else ""
        return f"Migrate {_amount(spec)}{origin(spec.source)}{into.rstrip()}{how}"

    def submission_lock(self, spec: MigrationJobSpec, step: str = SUBMIT_STEP) -> str:
        """A new cluster without a name gets one of its own, so that its submission is mistaken for no other; these
        share one lock of their project all the same."""
        if by_vts(spec):
            return engine.lock(spec, step)
        if (made := _made(spec)) is not None:
            return f"migration/{made.project_id}/{made.name or '*'}"
        return f"migration/{_target_id(spec) or (spec.adopt.job_id if spec.adopt else '')}"

    def occupies(self, status: JobStatus) -> bool:
        """By VTS also until the collections of the run are there, so that no other job begins to make them."""
        return super().occupies(status) or (not is_finished(status) and engine.takes_names(status))

    def traits_of(self, spec: MigrationJobSpec) -> Traits:
        if by_vts(spec):
            return engine.traits(engine.steps_of(spec))
        made = _made(spec)
        return replace(super().traits_of(spec), exact_find=bool(made and made.name))

    def secrets(self, spec: MigrationJobSpec) -> tuple[SecretNeed, ...]:
        """The one Secret of the source; none for a cluster of the connection's own account."""
        return needs(spec.source)

    def credentials_secret(self, spec: MigrationJobSpec, name: str) -> str | None:
        made = _made(spec)
        if made is None or spec.adopt is not None:
            return None
        return made.credentials_secret_name or f"{name}-credentials"

    def has_source(self, spec: MigrationJobSpec) -> bool:
        return spec.source is not None and spec.target is not None

    async def baseline(
        self, account: Account, spec: MigrationJobSpec, context: SubmitContext
    ) -> Baselined | AlreadyDone | Impossible | Blocked:
        if by_vts(spec):
            return await engine.baseline(account, spec, context)
        if problem := why_not(spec, console=account.session.console is not None):
            return Blocked(Reason.NO_PUBLIC_API, problem)
        cluster = spec.source.zilliz_cluster if spec.source else None
        source = await migrationarrivals.running(account, cluster.cluster_id) if cluster else None
        if isinstance(source, Blocked):
            return source
        made = _made(spec)
        if made is None:
            return await migrationarrivals.prepare(account, spec, _target_id(spec), source)
        name = made.name or newcluster.default_name(context.name, context.token)
        taken = await newcluster.prepare(account, _wanted(made, name), context)
        return taken or Baselined({"cluster": [name]})

    async def submit(self, account: Account, spec: MigrationJobSpec, request: SubmitRequest) -> SubmitAnswer:
        if by_vts(spec):
            return await engine.submit(account, spec, request)
        return answered(spec, await send(account, spec, _recorded_name(request.submission), request))

    async def find(self, account: Account, spec: MigrationJobSpec, submission: Submission, free: Claimable) -> Look:
        if by_vts(spec):
            return await engine.find(account, spec, submission)
        made = _made(spec)
        if made is None:
            return await migrationarrivals.look(account, _target_id(spec), submission, free)
        name = _recorded_name(submission)
        if not name:
            return Undecided("the record does not say how the new cluster is named; compare by hand")
        cluster = spec.source.zilliz_cluster if spec.source else None
        return await newcluster.find(
            account,
            _wanted(made, name),
            submission,
            free,
            job_type=JobType.MIGRATION,
            source_cluster_id=cluster.cluster_id if cluster else None,
        )

    async def observe(self, account: Account, spec: MigrationJobSpec, status: JobStatus) -> Seen | Missing:
        if by_vts(spec):
            return await engine.observe(account, spec, status)
        handle = handle_of(status)
        made, there = handle.get(newcluster.HANDLE), handle.get("clusterId") or _target_id(spec)
        if job_id := handle.get("jobId"):
            seen = await answers.follow(account.session, job_id)
            into = made or there
            return replace(seen, result={"clusterId": into} if into else {}) if seen else Missing()
        if made:
            return await newcluster.observe(account, made)
        return await migrationarrivals.follow(account, there, status.submission)

    async def clear(self, account: Account, spec: MigrationJobSpec, before: JobStatus) -> None:
        if by_vts(spec):
            await engine.clear(account, before)

    async def cancel_at_work(
        self, account: Account, spec: MigrationJobSpec, status: JobStatus, token: str, fence: Callable[[], None]
    ) -> CancelAnswer:
        if by_vts(spec):
            return await engine.cancel(account, status, fence)
        return await super().cancel_at_work(account, spec, status, token, fence)


def by_vts(spec: MigrationJobSpec) -> bool:
    """Whether a worker moves the data, and not the cloud."""
    return spec.engine is Engine.VTS


def _made(spec: MigrationJobSpec) -> NewCluster | None:
    """The cluster to make, if one is."""
    return spec.target.new_cluster if spec.target else None


def _wanted(made: NewCluster, name: str) -> newcluster.NewCluster:
    return newcluster.NewCluster(name, made.project_id, made.cu_size, own_name=made.name is None)


def _target_id(spec: MigrationJobSpec) -> str:
    """The cluster that exists; empty where one is made, or none is named."""
    return (spec.target.cluster_id if spec.target else None) or ""


def _amount(spec: MigrationJobSpec) -> str:
    if not spec.collections:
        return ""
    count = len(spec.collections)
    word = "collection" if all(one.source for one in spec.collections) else "part"
    return f"{count} {word}{'' if count == 1 else 's'} of "


def _recorded_name(submission: Submission) -> str:
    return next(iter((submission.baseline or {}).get("cluster", [])), "")
