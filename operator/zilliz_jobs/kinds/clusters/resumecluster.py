"""ResumeClusterJob: POST resume, then the cluster goes from STOPPED over RESUMING to RUNNING (STOPPED: see
`suspendcluster`)."""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import RESUME_CLUSTER_JOB, ClusterJobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.statechange import StateChange, StateChangeKind

HAS_RUN = frozenset(
    {
        ClusterState.RESUMING,
        ClusterState.RUNNING,
        ClusterState.SCALING,
        ClusterState.BUSY,
        ClusterState.SUSPENDING,
    }
)
"""What a cluster that was suspended can only be after a resume."""


class ResumeClusterKind(StateChangeKind):
    """From suspended to running. The call has no body and its answer no job id (documented)."""

    resource: ClassVar[Resource] = RESUME_CLUSTER_JOB
    job_type = JobType.RESUME
    cluster_words = CLUSTER_WORDS[ClusterState.RESUMING]
    starts_from = ClusterState.SUSPENDED
    change = StateChange(
        passing=ClusterState.RESUMING,
        wanted=ClusterState.RUNNING,
        reverting=ClusterState.SUSPENDING,
        proving=HAS_RUN,
        verb="Resume",
        adjective="running",
        reverted="the cluster was resumed, and is being suspended again",
        back="the cluster is suspended again, and was not seen running",
    )

    async def send(self, account: Account, spec: ClusterJobSpec, request: SubmitRequest) -> EffectReply:
        """POST resume. A cluster in another state than STOPPED is expected to refuse it with 40003 (inferred)."""
        return await account.session.scaling.resume(spec.cluster_id, token=request.token, fence=request.fence)
