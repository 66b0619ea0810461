"""ScaleReplicasJob: the replicas of a cluster.

`modify` is used, not `modifyReplica`: it takes up to ten replicas, where the older call is documented to take eight.
"""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.clusterjobs import SCALE_REPLICAS_JOB, ScaleReplicasJobSpec
from zilliz_jobs.api.jobcenter import RowType
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.scaling import Autoscaling
from zilliz_jobs.kinds.base import Account, Order
from zilliz_jobs.kinds.scalebase import ScaleKind


class ScaleReplicasKind(ScaleKind[ScaleReplicasJobSpec]):
    resource: ClassVar[Resource] = SCALE_REPLICAS_JOB
    row_type = RowType.SCALE_REPLICAS
    size_name = "replicas"
    part = "replica"

    def wanted(self, spec: ScaleReplicasJobSpec) -> int | None:
        return spec.replicas

    def size(self, cluster: Cluster) -> int | None:
        """Recordings of the cloud's answers lack it at times, so a look-up may not be able to tell."""
        return cluster.replica

    async def send(self, account: Account, spec: ScaleReplicasJobSpec, order: Order) -> EffectReply:
        rule = self.rule(spec)
        return await account.session.scaling.modify(
            spec.cluster_id,
            replica=spec.replicas,
            autoscaling=Autoscaling(replica=rule) if rule else None,
            token=order.token,
            fence=order.fence,
        )
