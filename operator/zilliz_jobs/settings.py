"""The operator's settings: flags and environment variables (prefix ZILLIZ_JOBS_) in one model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


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
    workers: int = Field(default=32, ge=1, le=256, description="objects that are worked on at the same time")
    allow_http_endpoints: bool = Field(
        default=False, description="allow connections to http:// endpoints; for tests with the local stand-in only"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="text for people, json for collectors")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info")
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

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
