"""What an account may use inside Kubernetes: workers, which run the vendor's open engine.

Made by `accounts` for each connection, so that a job never reaches another namespace than its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zilliz_jobs.kube.workers import Workers


@dataclass(frozen=True)
class VtsSettings:
    """Of the operator's installation, never of a job. `image`: of the engine, by digest. `cluster`: address of a
    cluster of SeaTunnel that the engine is to run on; "" where each worker runs it itself."""

    image: str
    pull_policy: str = "IfNotPresent"
    cluster: str = ""


@dataclass(frozen=True)
class WorkerAccess:
    """`api_key`: with which the engine writes into the target; shown nowhere."""

    workers: Workers
    namespace: str
    settings: VtsSettings
    api_key: str = field(repr=False)
