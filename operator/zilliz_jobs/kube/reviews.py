"""Whether somebody may do something: asked of the API server, which knows (authorization.k8s.io/v1)."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.kube.client import KubeClient

WHERE = "/apis/authorization.k8s.io/v1"


@dataclass(frozen=True, order=True)
class Deed:
    """What is to be done. `namespace`: "" for all of them; `resource`: with its subresource, as importjobs/status;
    `name`: of the one object, "" for any."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} on {full}"


class AccessReviews:
    """Changes nothing. Every user may ask about themselves; about others, who may create subjectaccessreviews."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def may_i(self, deed: Deed) -> bool:
        """Raises KubeError."""
        return await self._ask("SelfSubjectAccessReview", "selfsubjectaccessreviews", {}, deed)

    async def may(self, user: str, groups: list[str], deed: Deed) -> bool:
        """Raises Forbidden where the asker may not ask, KubeError."""
        return await self._ask("SubjectAccessReview", "subjectaccessreviews", {"user": user, "groups": groups}, deed)

    async def _ask(self, kind: str, plural: str, who: dict[str, object], deed: Deed) -> bool:
        resource, _, part = deed.resource.partition("/")
        attributes = {
            "verb": deed.verb,
            "group": deed.group,
            "resource": resource,
            "subresource": part,
            "namespace": deed.namespace,
            "name": deed.name,
        }
        wanted = {name: value for name, value in attributes.items() if value}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": {**who, "resourceAttributes": wanted}}
        answer = await self._client.request("POST", f"{WHERE}/{plural}", body=body)
        return bool((answer.get("status") or {}).get("allowed"))
