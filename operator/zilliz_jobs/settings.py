"""The operator's settings: flags and environment variables (prefix ZILLIZ_JOBS_) in one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from zilliz_jobs.control.shard import Shard

LEAST_LEASE_MARGIN = 5
"""Seconds: as long as the fence wants the Lease to last on when a request leaves."""


class Settings(BaseSettings):
    """Seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="ZILLIZ_JOBS_", frozen=True)

    kubeconfig: Path | None = Field(default=None, description="kubeconfig file; default: KUBECONFIG, then in-cluster")
    context: str | None = Field(default=None, description="context of the kubeconfig; default: its current one")
    trust_env: bool = Field(
        default=False, description="reach Kubernetes through the proxies that HTTPS_PROXY and NO_PROXY name"
    )
    namespaces: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="namespaces to watch, separated by commas; none: all of them"
    )
    watch_label_selector: str = Field(
        default="",
        description="work only on objects whose labels it selects, so that several operators share them "
        "(docs/scale.md): jobs.zilliz.com/shard=a, or !jobs.zilliz.com/shard for the default one; none: all objects",
    )
    shards: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="for the operator of the default shard: the names of all others, separated by commas, so that it "
        "tells of objects that are of none",
    )
    workers: int = Field(default=32, ge=1, le=256, description="objects that are worked on at the same time")
    allow_http_endpoints: bool = Field(
        default=False, description="allow connections to http:// endpoints; for tests with the local stand-in only"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="text for people, json for collectors")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )
    metrics_port: int = Field(default=0, ge=0, le=65535, description="port of /metrics; 0: none")
    poll_min: float = Field(default=2.0, gt=0, description="shortest interval between two looks at one job")
    poll_max: float = Field(default=30.0, gt=0, description="longest interval between two looks at one job")
    progress_interval: float = Field(default=5.0, ge=0, description="least time between two writes of mere progress")
    missing_grace: int = Field(
        default=600, ge=0, description="how long a job may be invisible before it counts as lost"
    )
    connection_check: float = Field(default=300.0, gt=0, description="interval between two checks of an accepted key")
    retry_cap: float = Field(default=60.0, gt=0, description="longest wait between two tries of what failed")
    health_port: int = Field(default=0, ge=0, le=65535, description="port of /healthz; 0: none")
    watch_limit: float = Field(
        default=180.0,
        gt=0,
        description="how long a write of ours may take to come back through the watch; then /healthz fails",
    )
    sweep_interval: float = Field(
        default=60.0,
        ge=0,
        description="interval between two proofs that every unfinished object has a time for its next look; 0: none",
    )
    leader_elect: bool | None = Field(
        default=None, description="work only while holding a Lease, so that several can run; default: in a pod, yes"
    )
    lease_name: str = Field(
        default="zilliz-jobs-operator",
        pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$",
        description="name of the Lease, behind which a shard puts its own name; operators that watch different "
        "namespaces need different ones",
    )
    lease_namespace: str | None = Field(default=None, description="namespace of the Lease; default: the pod's own")
    lease_duration: int = Field(
        default=15, ge=6, description="how long the others wait for a leader that was not heard of"
    )
    lease_renew_deadline: float = Field(
        default=10.0, gt=0, description="a leader that could not renew the Lease for so long stops working"
    )
    lease_retry_period: float = Field(default=2.0, gt=0, description="interval between two tries to renew or take it")

    vts_image: str = Field(
        default="", description="image of VTS, the engine of MigrationJobs with engine VTS; none: it is not enabled"
    )
    vts_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="when nodes pull that image: IfNotPresent, Always or Never"
    )
    vts_cluster: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]+)?$",
        description="address of a cluster of SeaTunnel that VTS runs on; none: a Job of Kubernetes for each run",
    )

    @field_validator("watch_label_selector")
    @classmethod
    def _is_a_selector(cls, value: str) -> str:
        Shard.of(value)
        return value

    @field_validator("namespaces", "shards", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("lease_renew_deadline", "lease_retry_period")
    @classmethod
    def _leave_time_to_stop(cls, value: float, info: ValidationInfo) -> float:
        """Of those before it, only what is itself right is here to compare with."""
        longer = {
            "lease_renew_deadline": info.data.get("lease_duration", value + LEAST_LEASE_MARGIN) - LEAST_LEASE_MARGIN,
            "lease_retry_period": info.data.get("lease_renew_deadline", 2 * value) / 2,
        }[str(info.field_name)]
        if value > longer:
            raise ValueError(f"it must be {longer:g} at most, so that a leader stops before another one may begin")
        return value

    @property
    def shard(self) -> Shard:
        """By the selector."""
        return Shard.of(self.watch_label_selector)
