"""One finalizer of ours on an object; those of others are never touched."""

from __future__ import annotations

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.kube.client import FIELD_MANAGER, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Body, Conflict, NotFound
from zilliz_jobs.kube.paths import resource_path


class Finalizers:
    """Both calls are idempotent and return the object as stored, or None when it is gone.

    The list is written whole, with the version that it was read at as precondition: whoever changed it since
    makes the call a Conflict. Raise Conflict, Unavailable, KubeError.
    """

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def add(self, resource: Resource, body: Body, finalizer: str) -> Body | None:
        """Put `finalizer` on the object. Raises Conflict once its deletion has begun: the server takes none then."""
        if body["metadata"].get("deletionTimestamp"):
            raise Conflict(f"cannot add {finalizer}: the object is being deleted")
        present = _finalizers(body)
        return body if finalizer in present else await self._write(resource, body, [*present, finalizer])

    async def remove(self, resource: Resource, body: Body, finalizer: str) -> Body | None:
        """Take `finalizer` off; an object whose deletion waits for it alone is then gone."""
        present = _finalizers(body)
        rest = [name for name in present if name != finalizer]
        return body if rest == present else await self._write(resource, body, rest)

    async def _write(self, resource: Resource, body: Body, names: list[str]) -> Body | None:
        meta = body["metadata"]
        change = {
            "metadata": {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"], "finalizers": names or None}
        }
        try:
            return await self._client.request(
                "PATCH",
                resource_path(resource, meta["namespace"], meta["name"]),
                query={"fieldManager": FIELD_MANAGER},
                body=change,
                content_type=MERGE_PATCH,
            )
        except NotFound:
            return None


def _finalizers(body: Body) -> list[str]:
    return list(body["metadata"].get("finalizers") or [])
