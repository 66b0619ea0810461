"""ResumeClusterJob: POST resume, then the cluster goes from STOPPED over RESUMING to RUNNING (documented)."""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import RESUME_CLUSTER_JOB, ClusterJobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Seen, Undecided
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.clusterbase import ClusterKind, was

HAS_RUN = (
    ClusterState.RESUMING,
    ClusterState.RUNNING,
    ClusterState.SCALING,
    ClusterState.BUSY,
    ClusterState.SUSPENDING,
)
"""What a cluster that was suspended can only be after a resume."""


class ResumeClusterKind(ClusterKind[ClusterJobSpec]):
    resource: ClassVar[Resource] = RESUME_CLUSTER_JOB
    job_type = JobType.RESUME
    cluster_words = CLUSTER_WORDS[ClusterState.RESUMING]
    starts_from = ClusterState.SUSPENDED

    def description(self, spec: ClusterJobSpec) -> str:
        return f"Resume cluster {spec.cluster_id}"

    def is_done(self, spec: ClusterJobSpec, cluster: Cluster) -> str:
        running = cluster_state_of(cluster.status) is ClusterState.RUNNING
        return "the cluster is running already" if running else ""

    async def send(self, account: Account, spec: ClusterJobSpec, order: SubmitRequest) -> EffectReply:
        return await account.session.scaling.resume(spec.cluster_id, token=order.token, fence=order.fence)

    def judge(self, spec: ClusterJobSpec, cluster: Cluster, submission: Submission) -> Look:
        match cluster_state_of(cluster.status):
            case ClusterState.SUSPENDED:
                return Absent()
            case state if state in HAS_RUN:
                return Found({"clusterId": spec.cluster_id}, Evidence.INFERRED, as_wanted=True)
            case _:
                return Undecided(f"the cluster is {cluster.status}")

    def follow(self, spec: ClusterJobSpec, cluster: Cluster, status: JobStatus) -> Seen:
        word = cluster.status
        match cluster_state_of(word):
            case ClusterState.RUNNING:
                return Seen(State.SUCCESSFUL, word, message="the cluster is running")
            case ClusterState.SUSPENDING:
                return Seen(State.SUCCESSFUL, word, message="the cluster was resumed, and is being suspended again")
            case ClusterState.SUSPENDED if was(status, ClusterState.RESUMING):
                # Resumed and suspended between two looks, or the cloud gave up: neither is claimed.
                return Seen(State.UNKNOWN, word, message="the cluster is suspended again, and was not seen running")
            case ClusterState.SUSPENDED:
                return Seen(State.PENDING, word)
            case None:
                return Seen(None, word)
            case ClusterState.RESUMING:
                return Seen(State.IN_PROGRESS, word)
            case _:
                return Seen(State.IN_PROGRESS, word, message=f"the cluster is {word}")
