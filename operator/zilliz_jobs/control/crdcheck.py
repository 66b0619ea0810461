"""Are the installed CRDs as new as this operator? If not, a status field could be lost, so nothing is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.schema import Schema
from zilliz_jobs.api.skew import missing_fields
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.openapi import fetch_schemas
from zilliz_jobs.telemetry.metrics import Metrics

AGAIN_SECONDS = 15.0
CALM_SECONDS = 600.0

log = logging.getLogger(__name__)


def problems_of(schemas: Mapping[str, Schema]) -> dict[str, str]:
    """What is wrong with the installed CRDs, by kind; nothing for those that are new enough. `schemas`: by kind, as
    the API server publishes them. Pure."""
    found: dict[str, str] = {}
    for resource in RESOURCES:
        schema = schemas.get(resource.kind)
        if schema is None:
            found[resource.kind] = f"the CRD {resource.crd_name} is not installed; apply the CRDs of this release"
        elif lacking := missing_fields(crd(resource), schema):
            shown = first_of(lacking)
            found[resource.kind] = (
                f"the installed CRD {resource.crd_name} lacks {shown}; apply the CRDs of this release"
            )
    return found


class CrdCheck:
    """Compares the schemas that the API server publishes (GET /openapi/v3) with those of this release: at the start,
    every ten minutes, and when a status write was refused for an unknown field."""

    def __init__(self, client: KubeClient, metrics: Metrics) -> None:
        self._client, self._metrics = client, metrics
        self._lacking: dict[str, str] = {}
        self._doubt = asyncio.Event()

    def gate(self, kind: str) -> Blocked | None:
        """Why nothing may be submitted for this kind; None when its CRD is new enough."""
        problem = self._lacking.get(kind)
        return Blocked(Reason.CRD_OUTDATED, problem, AGAIN_SECONDS) if problem else None

    def doubt(self, kind: str, why: str) -> None:
        """A status write was refused because of a field that the CRD does not know."""
        self._say(kind, f"the installed CRD is older than the operator: {why}; apply the CRDs of this release")
        self._doubt.set()

    async def check(self) -> bool:
        """Compare once; whether the result differs from the last one. Idempotent. Raises KubeError."""
        problems = problems_of(await fetch_schemas(self._client))
        before = dict(self._lacking)
        for resource in RESOURCES:
            self._say(resource.kind, problems.get(resource.kind, ""))
        return before != self._lacking

    async def run(self, changed: asyncio.Event) -> None:
        """Check again for ever, after a first `check`; `changed` is set when a gate opened or closed."""
        while True:
            try:
                async with asyncio.timeout(AGAIN_SECONDS if self._lacking else CALM_SECONDS):
                    await self._doubt.wait()
                await asyncio.sleep(1.0)  # a refused write is followed by others
            except TimeoutError:
                pass
            self._doubt.clear()
            try:
                if await self.check():
                    changed.set()
            except KubeError as error:
                log.warning("cannot compare the installed CRDs: %s", error)

    def _say(self, kind: str, problem: str) -> None:
        if problem and self._lacking.get(kind) != problem:
            log.error("CRDOutdated: %s", problem)
        if not problem and kind in self._lacking:
            log.info("the CRD of %s is up to date", kind)
        self._metrics.crd_outdated.labels(kind).set(1 if problem else 0)
        if problem:
            self._lacking[kind] = problem
        else:
            self._lacking.pop(kind, None)
