"""Suspend, resume and scale clusters, v2 (documented: Suspend, Resume and Modify Cluster). Dedicated clusters only.

None of these answers with a job id (clusterId and a prompt for people instead), though the console lists the jobs:
the cluster's status tells the end. While one of them runs, the cloud takes no other (expect 40003).
"""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

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
    schedules: tuple[Schedule, ...]


class Autoscaling(WireModel):
    """Of the CU or of the replicas, dynamic or scheduled: exactly one, else ValueError."""

    cu: Bounds | Schedules | None = None
    replica: Bounds | Schedules | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Autoscaling:
        if (self.cu is None) == (self.replica is None):
            raise ValueError("autoscaling is of the CU or of the replicas, one at a time")
        return self


class Scaling:
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
        """Scale a RUNNING cluster: MODIFYING, then RUNNING. Exactly one of the three, else ValueError: a guide says
        that two at once are not taken. `cu_size` 1 to 1024, `replica` 1 to 10, their product at most 1024.

        Repeatable with the same target once the cluster is RUNNING again.
        """
        body: dict[str, Any] = {
            "cuSize": cu_size,
            "replica": replica,
            "autoscaling": autoscaling.model_dump(by_alias=True, exclude_none=True) if autoscaling else None,
        }
        if sum(value is not None for value in body.values()) != 1:
            raise ValueError(f"cannot scale {cluster_id}: exactly one of cu_size, replica and autoscaling is needed")
        return await self._act("modify", cluster_id, body, f"scale {cluster_id}", token, fence)

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
