"""The ways to the objects of the API server, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.shard import EVERYTHING, Shard
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.status import StatusWriter
from zilliz_jobs.telemetry.metrics import Metrics


@dataclass(frozen=True)
class ObjectAccess:
    """`objects` reads, makes and removes them, `statuses` writes their statuses, `events` posts what people should
    know of them, `crds` says whether their fields can be stored, and `metrics` counts the writes. `shard`: which
    objects are the operator's own, and which labels what it makes must have."""

    objects: Objects
    statuses: StatusWriter
    events: EventPoster
    crds: CrdCheck
    metrics: Metrics
    shard: Shard = EVERYTHING
