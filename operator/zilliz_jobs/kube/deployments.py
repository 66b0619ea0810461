"""The size of a Deployment, by its scale: a right on nothing else of it is needed."""

from __future__ import annotations

from zilliz_jobs.kube.client import FIELD_MANAGER, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.paths import path


class Deployments:
    """Deployments of any namespace. Repeats nothing."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def scale(self, namespace: str, name: str, replicas: int) -> int:
        """Want so many replicas, and return how many there are; those that are ending do not count. Idempotent.

        0 where there is no such Deployment. Raises Forbidden, Unavailable, KubeError.
        """
        where = path("apps/v1", "deployments", namespace, name, "scale")
        query = {"fieldManager": FIELD_MANAGER}
        wish = {"spec": {"replicas": replicas}}
        try:
            scale = await self._client.request("PATCH", where, query=query, body=wish, content_type=MERGE_PATCH)
        except NotFound:
            return 0
        return int((scale.get("status") or {}).get("replicas") or 0)
