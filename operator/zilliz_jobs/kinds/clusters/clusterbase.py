"""What the jobs that change a cluster's state or size have in common.

The cloud answers none of them with a job id (documented), so the cluster itself is the handle: its status and sizes
say what became of the request. That also makes their look-up exact: the state is what was wanted, or it is not.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from zilliz_jobs.api.clusterjobs import ClusterJobSpec
from zilliz_jobs.api.jobstatus import JobStatus, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Accepted,
    AlreadyDone,
    Blocked,
    Impossible,
    Look,
    Missing,
    Notice,
    Seen,
    SubmitAnswer,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.joblist import only_job

BUSY_SECONDS = 10.0
START = timedelta(minutes=2)  # from the request to the first sign of it, by the cloud's clock
C = TypeVar("C", bound=ClusterJobSpec)

ON_ITS_WAY = (ClusterState.SUSPENDING, ClusterState.RESUMING, ClusterState.SCALING)
STATE_JOB = Traits(retry=RetryRule.RESUBMIT, exact_find=True)


class ClusterKind(JobKind[C]):
    """`starts_from`: the only state in which the cloud takes the request (inferred; expect 40003 in any other)."""

    traits = STATE_JOB
    exclusive = True
    budget = "clusters"
    starts_from: ClusterState
    job_type: ClassVar[JobType]

    def types_of(self, step: str) -> frozenset[str]:
        return frozenset()  # the words of Describe Job are not documented

    def target(self, spec: C) -> str:
        return spec.cluster_id

    def submission_lock(self, spec: C, step: str = SUBMIT_STEP) -> str:
        """One for all four kinds: while one of them is at work, the cloud takes none of the others."""
        return f"cluster/{spec.cluster_id}"

    def listed(self, account: Account, spec: C, status: JobStatus) -> tuple[ListId, str] | None:
        return ListId(Source.CLUSTERS), spec.cluster_id

    def shown(self, row: Any, spec: C, status: JobStatus) -> Seen | None:
        """A cluster that is on its way, as it was; all else is judged by a read, for rows may lack sizes."""
        on_its_way = isinstance(row, Cluster) and cluster_state_of(row.status) in ON_ITS_WAY
        if not on_its_way or row.status != status.cloud_status or status.state is not State.IN_PROGRESS:
            return None
        return Seen(State.IN_PROGRESS, row.status, whole=False)

    @abstractmethod
    def is_done(self, spec: C, cluster: Cluster) -> str:
        """Why there is nothing to submit; empty where there is."""

    def facts(self, cluster: Cluster) -> dict[str, list[str]]:
        """What a look-up compares with."""
        return {"status": [cluster.status]}

    @abstractmethod
    async def send(self, account: Account, spec: C, request: SubmitRequest) -> EffectReply:
        """Send the one request with an effect. Raises no CloudError; not to be repeated."""

    @abstractmethod
    def judge(self, spec: C, cluster: Cluster, submission: Submission) -> Look:
        """What a cluster that looks like this says of an open submission."""

    @abstractmethod
    def follow(self, spec: C, cluster: Cluster, status: JobStatus) -> Seen:
        """How far the job is, by the cluster's looks."""

    def overtaken(self, cluster: Cluster, submission: Submission) -> str:
        """What somebody changed since the record was written, so that the request must not be sent any more; empty
        for nothing."""
        return ""

    def before(self, cluster: Cluster) -> tuple[Notice, ...]:
        """What a person should know before the request is sent."""
        return ()

    def after(
        self, spec: C, cluster: Cluster, submission: Submission, cloud_time: datetime | None
    ) -> tuple[Notice, ...]:
        """What a person should know of a job that ended well."""
        return ()

    async def baseline(
        self, account: Account, spec: C, context: SubmitContext
    ) -> Baselined | AlreadyDone | Impossible | Blocked:
        cluster = await account.session.clusters.describe(spec.cluster_id)
        if done := self.is_done(spec, cluster):
            return AlreadyDone(done)
        if cluster_state_of(cluster.status) is ClusterState.DELETED:
            return Blocked(Reason.CLUSTER_NOT_FOUND, f"cluster {spec.cluster_id} is deleted")
        if cluster_state_of(cluster.status) is not self.starts_from:
            return Blocked(Reason.CLUSTER_BUSY, state_words(cluster), BUSY_SECONDS)
        earlier = context.status.submission
        if context.sent_before and earlier and (change := self.overtaken(cluster, earlier)):
            return Impossible(Reason.CHANGED_ELSEWHERE, change)
        return Baselined(self.facts(cluster), self.before(cluster))

    async def submit(self, account: Account, spec: C, request: SubmitRequest) -> SubmitAnswer:
        reply = await self.send(account, spec, request)
        answer = answers.submitted(reply, ())
        return Accepted({"clusterId": spec.cluster_id}) if isinstance(answer, Accepted) else answer

    async def find(self, account: Account, spec: C, submission: Submission, free: Claimable) -> Look:
        return self.judge(spec, await account.session.clusters.describe(spec.cluster_id), submission)

    async def observe(self, account: Account, spec: C, status: JobStatus) -> Seen | Missing:
        """A job that the cloud took and then shows nothing of counts as not seen; it must not hold its cluster."""
        cluster = await account.session.clusters.describe(spec.cluster_id)
        seen = self.follow(spec, cluster, status)
        if seen.state is State.SUCCESSFUL and status.submission is not None:
            return replace(seen, notices=self.after(spec, cluster, status.submission, account.cloud_time))
        sent, now = status.submission.cloud_time if status.submission else None, account.cloud_time
        overdue = sent is not None and now is not None and now - sent > START
        return Missing() if seen.state is State.PENDING and overdue else seen

    async def named(self, account: Account, spec: C, submission: Submission, seen: Seen, free: Claimable) -> Seen:
        try:
            row = await only_job(account, self.job_type, spec.cluster_id, submission, free)
        except CloudError:
            return seen  # asked for again when the cluster looks otherwise
        if row is None:
            return seen
        return replace(
            seen, job_id=row.job_id, start_time=row.start_time or row.create_time, created_by=row.created_by
        )


def state_words(cluster: Cluster) -> str:
    """Its state, for people."""
    return f"the cluster is {cluster.status}" if cluster.status else "the cloud does not tell the cluster's state"


def was(status: JobStatus, *states: ClusterState) -> bool:
    """Whether the cluster was last seen in one of these states."""
    return cluster_state_of(status.cloud_status or "") in states
