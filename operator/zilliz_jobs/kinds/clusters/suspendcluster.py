"""SuspendClusterJob: POST suspend, then the cluster goes from RUNNING over STOPPING to STOPPED.

STOPPED is missing in the page's list of states; the vendor's Terraform provider knows it. SUSPENDED counts as well.
"""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import SUSPEND_CLUSTER_JOB, ClusterJobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.statechange import StateChange, StateChangeKind


class SuspendClusterKind(StateChangeKind):
    """From running to suspended. The call has no body and its answer no job id (documented)."""

    resource: ClassVar[Resource] = SUSPEND_CLUSTER_JOB
    job_type = JobType.SUSPEND
    cluster_words = CLUSTER_WORDS[ClusterState.SUSPENDING]
    starts_from = ClusterState.RUNNING
    change = StateChange(
        passing=ClusterState.SUSPENDING,
        wanted=ClusterState.SUSPENDED,
        reverting=ClusterState.RESUMING,
        proving=frozenset({ClusterState.SUSPENDING, ClusterState.SUSPENDED, ClusterState.RESUMING}),
        verb="Suspend",
        adjective="suspended",
        reverted="the cluster was suspended, and is being resumed",
        back="the cluster runs again, and was not seen suspended",
    )

    async def send(self, account: Account, spec: ClusterJobSpec, request: SubmitRequest) -> EffectReply:
        """POST suspend. A cluster in another state than RUNNING is expected to refuse it with 40003 (inferred)."""
        return await account.session.scaling.suspend(spec.cluster_id, token=request.token, fence=request.fence)
