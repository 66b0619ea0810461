"""SuspendClusterJob, ResumeClusterJob, ScaleClusterJob, ScaleReplicasJob (documented: Suspend, Resume, Modify).

None of these calls answers with a job id, so there is nothing to adopt, and none can be cancelled.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, JobSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, Model
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule

MAX_CU = 1024  # documented: 1 to 1024
MAX_REPLICAS = 10  # documented: 1 to 10

CuSize = Annotated[int, Field(ge=1, le=MAX_CU)]
Replicas = Annotated[int, Field(ge=1, le=MAX_REPLICAS)]
Cron = Annotated[str, Field(min_length=9, max_length=64)]
TimeZone = Annotated[str, Field(min_length=1, max_length=64)]


class ClusterJobSpec(JobSpec):
    cluster_id: CloudId = Field(description="Id of the dedicated cluster.")
    retry_policy: ResubmitRetryPolicy | None = Field(default=None, description="Automatic retries.")


class CuBounds(Model):
    min: CuSize = Field(description="Least number of Query CUs.")
    max: CuSize = Field(description="Greatest number of Query CUs.")


class CuSchedule(Model):
    cron: Cron = Field(description="When, as five cron fields; more than 30 minutes apart from the others.")
    target: CuSize = Field(description="Query CUs from then on.")
    timezone: TimeZone | None = Field(
        default=None,
        description="Time zone of `cron`, such as Europe/Berlin. Default: the cloud's, UTC as far as known.",
    )


class ScaleClusterJobSpec(ClusterJobSpec):
    cu_size: CuSize | None = Field(default=None, description="Query CUs to scale to, once.")
    autoscaling: CuBounds | None = Field(default=None, description="Let the cloud scale between these.")
    schedules: Annotated[list[CuSchedule], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Scale at set times."
    )


class ReplicaBounds(Model):
    min: Replicas = Field(description="Least number of replicas.")
    max: Replicas = Field(description="Greatest number of replicas.")


class ReplicaSchedule(Model):
    cron: Cron = Field(description="When, as five cron fields; more than 30 minutes apart from the others.")
    target: Replicas = Field(description="Replicas from then on.")
    timezone: TimeZone | None = Field(
        default=None,
        description="Time zone of `cron`, such as Europe/Berlin. Default: the cloud's, UTC as far as known.",
    )


class ScaleReplicasJobSpec(ClusterJobSpec):
    replicas: Replicas | None = Field(default=None, description="Replicas to scale to, once.")
    autoscaling: ReplicaBounds | None = Field(default=None, description="Let the cloud scale between these.")
    schedules: Annotated[list[ReplicaSchedule], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Scale at set times."
    )


def _one_way(size: str) -> Rule:
    """Exactly one of the fixed size, the bounds and the schedules. `size` is the field's name on the wire."""
    attribute = {"cuSize": "cu_size", "replicas": "replicas"}[size]
    return Rule(
        f"[has(self.{size}), has(self.autoscaling), has(self.schedules)].filter(given, given).size() == 1",
        f"name exactly one of {size}, autoscaling and schedules",
        lambda spec: sum(x is not None for x in (getattr(spec, attribute), spec.autoscaling, spec.schedules)) == 1,
    )


_ORDERED = Rule(
    "!has(self.autoscaling) || self.autoscaling.min <= self.autoscaling.max",
    "autoscaling.min must not be above autoscaling.max",
    lambda spec: spec.autoscaling is None or spec.autoscaling.min <= spec.autoscaling.max,
)


def _resource(
    kind: str, short: str, row_type: RowType, description: str, spec: type[ClusterJobSpec], *rules: Rule
) -> Resource:
    return Resource(
        kind=kind,
        plural=f"{kind.lower()}s",
        short=short,
        description=description,
        guide="clusterjobs.md",
        row_type=row_type,
        spec=spec,
        status=JobStatus,
        columns=JOB_COLUMNS,
        selectable=(*JOB_SELECTABLE, ".spec.clusterId"),
        categories=("zilliz",),
        mutable=ALWAYS_MUTABLE,
        rules=rules,
    )


SUSPEND_CLUSTER_JOB = _resource(
    "SuspendClusterJob",
    "zsu",
    RowType("Suspend", "Suspend cluster"),
    "Suspends a dedicated cluster of Zilliz Cloud.",
    ClusterJobSpec,
)
RESUME_CLUSTER_JOB = _resource(
    "ResumeClusterJob",
    "zre",
    RowType("Resume", "Resume cluster"),
    "Resumes a suspended cluster of Zilliz Cloud.",
    ClusterJobSpec,
)
SCALE_CLUSTER_JOB = _resource(
    "ScaleClusterJob",
    "zsc",
    RowType("ScaleCluster", "Scale cluster"),
    "Scales the Query CUs of a cluster: once, between bounds, or at set times.",
    ScaleClusterJobSpec,
    _one_way("cuSize"),
    _ORDERED,
)
SCALE_REPLICAS_JOB = _resource(
    "ScaleReplicasJob",
    "zsp",
    RowType("ScaleReplicas", "Scale replicas"),
    "Scales the replicas of a cluster: once, between bounds, or at set times.",
    ScaleReplicasJobSpec,
    _one_way("replicas"),
    _ORDERED,
)
