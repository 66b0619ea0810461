"""Suspend, resume and scale clusters, v2 (documented: Suspend, Resume and Modify Cluster). Dedicated clusters only.

None of these answers with a job id (clusterId and a prompt for people instead), though the console lists the jobs:
the cluster's status tells the end. While one of them runs, the cloud takes no other (expect 40003).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.fields import WireModel
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport


class Bounds(WireModel):
    """Dynamic scaling: the cloud picks between `min` and `max` by load. CU 1 to 1024, replicas 1 to 10."""

    min: int
    max: int


class Schedule(WireModel):
    """`target` from each time of `cron` on. Five fields (guides; one API example has six); more than 30 minutes
    apart. `timezone` is documented for global clusters and sent by the Terraform provider; the cloud's default is
    not documented."""

    cron: str
    target: int
    timezone: str | None = None


class Schedules(WireModel):
    """Scheduled scaling: sizes by the clock. The whole list is sent; it replaces the one before."""

    schedules: tuple[Schedule, ...]


@dataclass(frozen=True)
class Autoscaling:
    """The rules of both dimensions, in the cloud's form. The cloud replaces both with every call (the vendor's
    Terraform provider says so), so whoever leaves one out deletes it."""

    cu: Mapping[str, Any] | None = None
    replica: Mapping[str, Any] | None = None

    def wire(self) -> dict[str, Any] | None:
        """None where neither dimension has a rule."""
        rules = {"cu": self.cu, "replica": self.replica}
        return {part: dict(rule) for part, rule in rules.items() if rule} or None


class Scaling:
    """The calls that change a cluster's state or size. They answer as `effects` says; `Taken` holds no job id."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def suspend(self, cluster_id: str, *, token: str, fence: Fence) -> EffectReply:
        """Suspend a RUNNING cluster: STOPPING, then STOPPED. In any other state Refused, expect 40003."""
        return await self._act("suspend", cluster_id, None, f"suspend {cluster_id}", token, fence)

    async def resume(self, cluster_id: str, *, token: str, fence: Fence) -> EffectReply:
        """Resume a STOPPED cluster: RESUMING, then RUNNING. In any other state Refused, expect 40003."""
        return await self._act("resume", cluster_id, None, f"resume {cluster_id}", token, fence)

    async def modify(
        self,
        cluster_id: str,
        *,
        cu_size: int | None = None,
        replica: int | None = None,
        autoscaling: Autoscaling | None = None,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Scale a RUNNING cluster: MODIFYING, then RUNNING. One fixed size, rules, or one size with the rule of the
        other dimension; anything else is a ValueError: a guide says that two sizes at once are not taken, and a size
        excludes the rule of its own dimension. `cu_size` 1 to 1024, `replica` 1 to 10, their product at most 1024.

        Repeatable with the same target once the cluster is RUNNING again.
        """
        rules = autoscaling or Autoscaling()
        body: dict[str, Any] = {"cuSize": cu_size, "replica": replica, "autoscaling": rules.wire()}
        one_thing = [(cu_size, rules.cu), (replica, rules.replica)]
        if (cu_size and replica) or any(size and rule for size, rule in one_thing) or not any(body.values()):
            raise ValueError(f"cannot scale {cluster_id}: one size is needed, or a rule, of one dimension each")
        return await self._act("modify", cluster_id, body, f"scale {cluster_id}", token, fence)

    async def modify_replica(
        self,
        cluster_id: str,
        *,
        replica: int,
        autoscaling: Autoscaling | None = None,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Scale the replicas of a RUNNING cluster to `replica`, 1 to 8 (documented: Modify Cluster Replica); the
        vendor's own client uses this call for it. `autoscaling`: the rule of the Query CUs, to be kept."""
        body: dict[str, Any] = {"replica": replica, "autoscaling": autoscaling.wire() if autoscaling else None}
        return await self._act("modifyReplica", cluster_id, body, f"scale {cluster_id}", token, fence)

    async def _act(
        self, verb: str, cluster_id: str, body: dict[str, Any] | None, doing: str, token: str, fence: Fence
    ) -> EffectReply:
        return await self._transport.effect(
            "POST",
            f"/v2/clusters/{{clusterId}}/{verb}",
            ids={"clusterId": cluster_id},
            body=body,
            token=token,
            fence=fence,
            doing=doing,
        )
