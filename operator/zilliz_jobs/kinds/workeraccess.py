"""What an account may use inside Kubernetes: workers, which run the vendor's open engine.

Made by `accounts` for each connection, so that a job never reaches another namespace than its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zilliz_jobs.cloud.seatunnel import SeaTunnel
from zilliz_jobs.kube.workers import Workers


@dataclass(frozen=True)
class VtsSettings:
    """Of the operator's installation, never of a job. `cluster`: address of a cluster of SeaTunnel that runs the
    engine; "" where a worker does, a Job of Kubernetes. `image`: of the engine in workers, by digest; may be "" where
    there is a cluster."""

    image: str
    pull_policy: str = "IfNotPresent"
    cluster: str = ""


@dataclass(frozen=True)
class WorkerAccess:
    """`api_key`: with which the engine writes into the target; shown nowhere. `seatunnel`: the REST of
    `settings.cluster`; None where there is none."""

    workers: Workers
    namespace: str
    settings: VtsSettings
    api_key: str = field(repr=False)
    seatunnel: SeaTunnel | None = None
