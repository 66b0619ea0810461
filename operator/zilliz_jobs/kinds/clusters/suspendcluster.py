"""SuspendClusterJob: POST suspend, then the cluster goes from RUNNING over STOPPING to STOPPED (documented)."""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import SUSPEND_CLUSTER_JOB, ClusterJobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Seen, Undecided
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.clusterbase import ClusterKind, was


class SuspendClusterKind(ClusterKind[ClusterJobSpec]):
    resource: ClassVar[Resource] = SUSPEND_CLUSTER_JOB
    job_type = JobType.SUSPEND
    cluster_words = CLUSTER_WORDS[ClusterState.SUSPENDING]
    starts_from = ClusterState.RUNNING

    def description(self, spec: ClusterJobSpec) -> str:
        return f"Suspend cluster {spec.cluster_id}"

    def is_done(self, spec: ClusterJobSpec, cluster: Cluster) -> str:
        suspended = cluster_state_of(cluster.status) is ClusterState.SUSPENDED
        return "the cluster is suspended already" if suspended else ""

    async def send(self, account: Account, spec: ClusterJobSpec, order: SubmitRequest) -> EffectReply:
        return await account.session.scaling.suspend(spec.cluster_id, token=order.token, fence=order.fence)

    def judge(self, spec: ClusterJobSpec, cluster: Cluster, submission: Submission) -> Look:
        match cluster_state_of(cluster.status):
            case ClusterState.SUSPENDING | ClusterState.SUSPENDED | ClusterState.RESUMING:
                return Found({"clusterId": spec.cluster_id}, Evidence.INFERRED, as_wanted=True)
            case ClusterState.RUNNING:
                return Absent()
            case _:
                return Undecided(f"the cluster is {cluster.status}")

    def follow(self, spec: ClusterJobSpec, cluster: Cluster, status: JobStatus) -> Seen:
        word = cluster.status
        match cluster_state_of(word):
            case ClusterState.SUSPENDED:
                return Seen(State.SUCCESSFUL, word, message="the cluster is suspended")
            case ClusterState.SUSPENDING:
                return Seen(State.IN_PROGRESS, word)
            case ClusterState.RESUMING:
                return Seen(State.SUCCESSFUL, word, message="the cluster was suspended, and is being resumed")
            case ClusterState.RUNNING if was(status, ClusterState.SUSPENDING):
                # Suspended and resumed between two looks, or the cloud gave up: neither is claimed.
                return Seen(State.UNKNOWN, word, message="the cluster runs again, and was not seen suspended")
            case ClusterState.RUNNING:
                return Seen(State.PENDING, word)
            case None:
                return Seen(None, word)
            case _:
                return Seen(State.IN_PROGRESS, word, message=f"the cluster is {word}")
