"""Putting CRDs into a cluster, and waiting until the API server tells of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.controlplane import ControlPlane

from zilliz_jobs.api.resources import RESOURCES

CRDS = Path(__file__).parents[2] / "crds"
OPENAPI = "/openapi/v3/apis/jobs.zilliz.com/v1alpha1"


def install_crds(cluster: ControlPlane) -> None:
    """As a user does; returns when their schemas are published, which follows a moment later."""
    cluster.kubectl("apply", "-f", str(CRDS))
    kinds = {resource.kind for resource in RESOURCES}
    until_published(cluster, lambda schemas: kinds <= set(schemas))
    # kubectl remembers for ten minutes which kinds there were when it looked.
    shutil.rmtree(cluster.environment["KUBECACHEDIR"], ignore_errors=True)


def until_served(cluster: ControlPlane, group_version: str, plurals: set[str]) -> None:
    """Wait until requests for these resources are answered. `kubectl wait` fails at a CRD so new that it has no
    conditions yet (measured)."""
    deadline = time.monotonic() + 30
    while not plurals <= (known := resources(cluster, group_version)):
        assert time.monotonic() < deadline, f"the API server does not serve all of {plurals}: {known}"
        time.sleep(0.2)


def until_published(cluster: ControlPlane, test: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the published schemas are as `test` wants them."""
    deadline = time.monotonic() + 30
    while not test(schemas := published(cluster)):
        assert time.monotonic() < deadline, f"the API server does not publish the change: {list(schemas)}"
        time.sleep(0.2)


def resources(cluster: ControlPlane, group_version: str) -> set[str]:
    """The plurals that are served in a version of a group."""
    return {one["name"] for one in cluster.client.get(f"/apis/{group_version}").get("resources", [])}


def published(cluster: ControlPlane) -> dict[str, Any]:
    """The schemas of our kinds as /openapi/v3 tells them, by kind."""
    schemas = cluster.client.get(OPENAPI).get("components", {}).get("schemas", {})
    return {name.rsplit(".", 1)[-1]: schema for name, schema in schemas.items()}
