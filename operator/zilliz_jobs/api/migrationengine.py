"""What a MigrationJob says of the engine that moves its data, and of the pod of VTS.

It names no image, command, volume or service account: whoever may write a MigrationJob must not run any program with
the connection's key.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.model import Model, NameRef

MAX_TOLERATIONS = 16
MAX_PULL_SECRETS = 8


class Engine(StrEnum):
    CLOUD = "Cloud"
    VTS = "VTS"


class MetricType(StrEnum):
    """How vectors are compared, in the words of Milvus."""

    COSINE = "COSINE"
    L2 = "L2"
    IP = "IP"


Quantity = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
Quantities = Annotated[dict[str, Quantity], Field(max_length=8)]
LabelText = Annotated[str, Field(max_length=317)]


class WorkerResources(Model):
    requests: Quantities | None = Field(
        default=None, description="What the pod asks for, for example cpu and memory, each as text."
    )
    limits: Quantities | None = Field(
        default=None, description="What the pod may use at most. Default: 2Gi of memory."
    )


class TolerationOperator(StrEnum):
    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    key: LabelText | None = Field(default=None, description="Key of the taint. Left out, with Exists: any.")
    operator: TolerationOperator | None = Field(default=None, description="Exists, or Equal. Default: Equal.")
    value: LabelText | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: TaintEffect | None = Field(default=None, description="Effect of the taint. Left out: any.")
    toleration_seconds: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How long the pod stays under a taint NoExecute. Default: for ever."
    )


class Worker(Model):
    resources: WorkerResources | None = Field(
        default=None, description="CPU and memory of the pod. Default: 500m and 2Gi, at most 2Gi."
    )
    node_selector: Annotated[dict[str, LabelText], Field(max_length=16)] | None = Field(
        default=None, description="Labels that the node must have."
    )
    tolerations: Annotated[list[Toleration], Field(max_length=MAX_TOLERATIONS)] | None = Field(
        default=None, description="Taints of nodes that the pod accepts."
    )
    image_pull_secrets: Annotated[list[NameRef], Field(max_length=MAX_PULL_SECRETS)] | None = Field(
        default=None, description="Secrets of the namespace for the registry of the engine's image."
    )
