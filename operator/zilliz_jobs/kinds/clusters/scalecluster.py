"""ScaleClusterJob: the Query CUs of a cluster."""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import SCALE_CLUSTER_JOB, ScaleClusterJobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.scaling import Autoscaling
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState, JobType
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters.scalebase import ScaleKind
from zilliz_jobs.kinds.clusters.scalingrules import Rule


class ScaleClusterKind(ScaleKind[ScaleClusterJobSpec]):
    """The dimension `cu`: a fixed size and rules both go by `modify` (documented), with the replicas' rule beside."""

    resource: ClassVar[Resource] = SCALE_CLUSTER_JOB
    job_type = JobType.SCALE_CLUSTER
    cluster_words = CLUSTER_WORDS[ClusterState.SCALING]
    size_name = "Query CUs"
    part = "cu"
    other_name = "replicas"
    other_part = "replica"

    def wanted(self, spec: ScaleClusterJobSpec) -> int | None:
        return spec.cu_size

    def size(self, cluster: Cluster) -> int | None:
        return cluster.cu_size

    async def send_with(
        self, account: Account, spec: ScaleClusterJobSpec, request: SubmitRequest, other: Rule | None
    ) -> EffectReply:
        return await account.session.scaling.modify(
            spec.cluster_id,
            cu_size=spec.cu_size,
            autoscaling=Autoscaling(cu=self.wire_rule(spec), replica=other),
            token=request.token,
            fence=request.fence,
        )
