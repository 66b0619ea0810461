"""ScaleReplicasJob: the replicas of a cluster.

A fixed number goes by `modifyReplica`, as the vendor's own client sends it; that call is documented for up to eight,
so nine and ten go by `modify`, which is documented for ten. Rules go by `modify`.
"""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import SCALE_REPLICAS_JOB, ScaleReplicasJobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.scaling import Autoscaling
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.scalebase import ScaleKind
from zilliz_jobs.kinds.clusters.scalingrules import Rule

MOST_BY_ITS_OWN_CALL = 8


class ScaleReplicasKind(ScaleKind[ScaleReplicasJobSpec]):
    """The dimension `replica`. The size decides which call is used; the Query CUs' rule goes with either."""

    resource: ClassVar[Resource] = SCALE_REPLICAS_JOB
    job_type = JobType.SCALE_REPLICAS
    cluster_words = CLUSTER_WORDS[ClusterState.SCALING]
    size_name = "replicas"
    part = "replica"
    other_name = "Query CUs"
    other_part = "cu"

    def wanted(self, spec: ScaleReplicasJobSpec) -> int | None:
        return spec.replicas

    def size(self, cluster: Cluster) -> int | None:
        """Recordings of the cloud's answers lack it at times, so a look-up may not be able to tell."""
        return cluster.replica

    async def send_with(
        self, account: Account, spec: ScaleReplicasJobSpec, request: SubmitRequest, other: Rule | None
    ) -> EffectReply:
        scaling, kept = account.session.scaling, Autoscaling(cu=other, replica=self.wire_rule(spec))
        if spec.replicas is not None and spec.replicas <= MOST_BY_ITS_OWN_CALL:
            return await scaling.modify_replica(
                spec.cluster_id, replica=spec.replicas, autoscaling=kept, token=request.token, fence=request.fence
            )
        return await scaling.modify(
            spec.cluster_id, replica=spec.replicas, autoscaling=kept, token=request.token, fence=request.fence
        )
