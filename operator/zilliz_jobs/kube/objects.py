"""Read, make, change, delete whole objects. The operator uses get, list_all, create, delete; the CLI the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.kube.client import FIELD_MANAGER, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import AlreadyExists, Body, Gone, KubeError, NotFound
from zilliz_jobs.kube.paths import group_path, path, resource_path

MAX_RESTARTS = 5
_OURS = {"fieldManager": FIELD_MANAGER}
_STRICT = {**_OURS, "fieldValidation": "Strict"}


class Objects:
    """Objects of our kinds, and any manifest."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}

    async def get(self, resource: Resource, namespace: str, name: str) -> Body:
        """The object as it is now. Raises NotFound, KubeError."""
        return await self._client.get(resource_path(resource, namespace, name))

    async def list_all(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        limit: int = 200,
        selector: str = "",
        not_older_than: str = "",
    ) -> AsyncIterator[Body]:
        """All objects of the kind, `limit` to a request; of all namespaces with None. Raises KubeError.

        They are as of this moment, for which the server proves first that its cache is current, up to a tenth of a
        second long. With `not_older_than`, a resourceVersion, they are as of that version, or of a later one.

        When the server forgets the list half-way (410) it is begun anew, so that an object may come twice.
        """
        query = {"limit": str(limit)} | ({"labelSelector": selector} if selector else {})
        first = {"resourceVersion": not_older_than, "resourceVersionMatch": "NotOlderThan"} if not_older_than else {}
        token, restarts = "", 0
        while True:
            try:
                chunk = await self._client.get(
                    resource_path(resource, namespace), query | ({"continue": token} if token else first)
                )
            except Gone:
                restarts += 1
                if restarts > MAX_RESTARTS:
                    raise
                token = ""
                continue
            for body in chunk.get("items") or []:
                body["metadata"].pop("managedFields", None)  # half of an object, and of no use here
                yield body
            token = (chunk.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    async def newest_version(self, resource: Resource, namespace: str | None = None) -> int:
        """The version that the objects of the kind are at this moment, by a consistent read of one of them; 0 where
        versions are no numbers. Raises NotFound, KubeError."""
        page = await self._client.get(resource_path(resource, namespace), {"limit": "1"})
        version = str((page.get("metadata") or {}).get("resourceVersion") or "")
        return int(version) if version.isdecimal() else 0

    async def create(self, resource: Resource, body: Body, *, strict: bool = False) -> Body:
        """Make the object; returns it as it is. Its status is not written. `strict`: a field that the installed CRD
        lacks refuses the object (StrictDecoding), and is not left out of it.

        Raises AlreadyExists, Invalid, Forbidden, Unavailable (it may be made), KubeError.
        """
        where = resource_path(resource, body["metadata"]["namespace"])
        return await self._client.request("POST", where, query=_STRICT if strict else _OURS, body=body)

    async def try_create(self, resource: Resource, body: Body) -> None:
        """Have the API server do all of a creation but storing it: schema, rules, admission. Changes nothing.

        Raises AlreadyExists, Invalid, Forbidden, KubeError.
        """
        where = resource_path(resource, body["metadata"]["namespace"])
        query = _OURS | {"dryRun": "All", "fieldValidation": "Strict"}
        await self._client.request("POST", where, query=query, body=body)

    async def delete(self, resource: Resource, body: Body) -> None:
        """Delete exactly the object that was read: same uid, and same version if `body` has one. One that is gone is
        no error.

        Raises Conflict when it changed since or is another of the same name, KubeError.
        """
        meta = body["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {name: meta[name] for name in ("uid", "resourceVersion") if name in meta},
        }
        where = resource_path(resource, meta["namespace"], meta["name"])
        try:
            await self._client.request("DELETE", where, body=options)
        except NotFound:
            return

    async def apply(self, manifest: Body) -> Body:
        """Create the object of `manifest`, or merge the manifest into the one that exists; returns it as it is.

        Idempotent. Fields that the manifest lacks are left alone. A namespaced manifest without a namespace
        goes where the kubeconfig points. Raises KubeError.
        """
        collection = await self._collection(manifest)
        name = manifest["metadata"]["name"]
        try:
            return await self._client.request("POST", collection, query=_OURS, body=manifest)
        except AlreadyExists:
            return await self._client.request(
                "PATCH", f"{collection}/{name}", query=_OURS, body=manifest, content_type=MERGE_PATCH
            )

    async def fetch(self, manifest: Body) -> Body:
        """The object that `manifest` names, as it is now. Raises NotFound, KubeError."""
        return await self._client.get(f"{await self._collection(manifest)}/{manifest['metadata']['name']}")

    async def remove(self, manifest: Body) -> None:
        """Delete the object that `manifest` names, whatever its version. One that is gone is no error."""
        try:
            where = f"{await self._collection(manifest)}/{manifest['metadata']['name']}"
            await self._client.request("DELETE", where)
        except NotFound:
            return

    async def patch(self, resource: Resource, namespace: str, name: str, change: Body) -> Body:
        """Merge `change` (RFC 7386) into the object, whatever its version. Raises NotFound, Invalid, KubeError."""
        where = resource_path(resource, namespace, name)
        return await self._client.request("PATCH", where, query=_OURS, body=change, content_type=MERGE_PATCH)

    async def annotate(
        self, resource: Resource, namespace: str, name: str, annotations: Mapping[str, str | None]
    ) -> Body:
        """Set annotations, or remove those that are None. Idempotent. Raises NotFound, KubeError."""
        return await self.patch(resource, namespace, name, {"metadata": {"annotations": dict(annotations)}})

    async def _collection(self, manifest: Body) -> str:
        """The path that `manifest` is posted to; its kind is looked up once."""
        api_version, kind = manifest["apiVersion"], manifest["kind"]
        if (api_version, kind) not in self._kinds:
            listed = await self._client.get(group_path(api_version))
            for entry in listed.get("resources") or []:
                if "/" not in entry["name"]:
                    self._kinds[api_version, entry["kind"]] = (entry["name"], entry["namespaced"])
        try:
            plural, namespaced = self._kinds[api_version, kind]
        except KeyError:
            raise KubeError(f"cannot find kind {kind} in {api_version}: the server does not have it") from None
        namespace = (manifest["metadata"].get("namespace") or self._client.namespace) if namespaced else None
        return path(api_version, plural, namespace)
