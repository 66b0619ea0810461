"""Are the kinds there, and as new as this command?"""

from __future__ import annotations

from zilliz_jobs import __version__
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.kubectl.cluster import INSTALL, Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.control.crdcheck import problems_of
from zilliz_jobs.kube.errors import Forbidden
from zilliz_jobs.kube.openapi import fetch_schemas


async def check_kinds(cluster: Cluster) -> list[Finding]:
    """Raises KubeError where the server gives no answer."""
    version = await cluster.client.get("/version")
    found = [Finding.ok(f"the API server at {cluster.client.server} answers: {version.get('gitVersion', '?')}")]
    try:
        schemas = await fetch_schemas(cluster.client)
    except Forbidden:
        return [*found, Finding.unchecked("the CRDs", "needs get on /openapi/v3")]
    if not schemas:
        return [*found, Finding.problem(f"no CRD of the operator is installed; {INSTALL}")]
    problems = problems_of(schemas)
    if not problems:
        return [
            *found,
            Finding.ok(f"all {len(RESOURCES)} CRDs are there, and have all fields of version {__version__}"),
        ]
    return [*found, *(Finding.problem(text) for text in problems.values())]
