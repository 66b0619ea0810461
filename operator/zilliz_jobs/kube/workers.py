"""Jobs of batch/v1 and what belongs to them, for a run of an engine inside the cluster.

Needed rights, in the namespaces of the jobs alone: on batch/jobs get, create, patch, delete; on pods and events list;
on secrets create and get.
"""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.kube.client import FIELD_MANAGER, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Body, Conflict, Invalid, NotFound, NotServed
from zilliz_jobs.kube.paths import path

BATCH = "batch/v1"
MAX_EVENTS = "200"
_OTHER_UID = "metadata.uid: Invalid value"
_STRICT = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
_OURS = {"fieldManager": FIELD_MANAGER}


@dataclass(frozen=True)
class WorkerSight:
    """A Job with its pods and the events about it and them. `job` None: there is none."""

    job: Body | None
    pods: tuple[Body, ...] = ()
    events: tuple[Body, ...] = ()


class Workers:
    """Each call is one request, but `look`. They raise Forbidden, Unavailable (a write may have taken effect), and
    KubeError."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def create_job(self, job: Body) -> Body:
        """Make the Job; returns it as it is, with its uid. After a lost answer the same may be sent again: the name
        holds the token, so that a second one is refused.

        Raises AlreadyExists (compare what stands there), Invalid, Denied, Forbidden, Unavailable (it may be made).
        """
        where = path(BATCH, "jobs", job["metadata"]["namespace"])
        return await self._client.request("POST", where, query=_STRICT, body=job)

    async def create_secret(self, secret: Body) -> Body:
        """Make the Secret; may be sent again, as `create_job`.

        Raises AlreadyExists, Invalid (it is too large, say), Denied, Forbidden, Unavailable (it may be made).
        """
        where = path("v1", "secrets", secret["metadata"]["namespace"])
        return await self._client.request("POST", where, query=_OURS, body=secret)

    async def get_secret(self, namespace: str, name: str) -> Body:
        """The Secret as it is now, values included. Raises NotFound, Forbidden, Unavailable, KubeError."""
        return await self._client.get(path("v1", "secrets", namespace, name))

    async def start(self, job: Body) -> Body:
        """End the suspension of exactly this Job, so that its pod is made; from now on nothing owns it. Idempotent.

        Raises Conflict where another Job has the name by now, NotFound, Forbidden, Unavailable (it may be started).
        """
        meta = job["metadata"]
        change = {"metadata": {"uid": meta["uid"], "ownerReferences": None}, "spec": {"suspend": False}}
        where = path(BATCH, "jobs", meta["namespace"], meta["name"])
        try:
            return await self._client.request("PATCH", where, query=_OURS, body=change, content_type=MERGE_PATCH)
        except Invalid as error:
            # For its own kinds the API server calls another uid a field that cannot change (measured), and no 409.
            if _OTHER_UID in str(error):
                raise Conflict(str(error), status=error.status) from None
            raise

    async def get(self, namespace: str, name: str) -> Body | None:
        """The Job as it is now; None where there is none. Raises Forbidden, Unavailable, KubeError."""
        try:
            return await self._client.get(path(BATCH, "jobs", namespace, name))
        except NotServed:
            raise
        except NotFound:
            return None

    async def delete(self, job: Body) -> None:
        """Delete exactly this Job, and its pods before it: without `Foreground` Kubernetes leaves the pod of a Job
        alone (measured), and the migration would go on unseen. The Job is there until its pod is gone. Idempotent.

        Raises Conflict where another Job has the name by now, Forbidden, Unavailable (it may be deleted), KubeError.
        """
        meta = job["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": meta["uid"]},
        }
        try:
            await self._client.request("DELETE", path(BATCH, "jobs", meta["namespace"], meta["name"]), body=options)
        except NotServed:
            raise
        except NotFound:
            return

    async def pods(self, job: Body) -> list[Body]:
        """The pods that this very Job made. Raises Forbidden, Unavailable, KubeError."""
        meta = job["metadata"]
        query = {"labelSelector": f"job-name={meta['name']}"}
        listed = await self._client.get(path("v1", "pods", meta["namespace"]), query)
        return [pod for pod in listed.get("items") or [] if _belongs(pod, meta["uid"])]

    async def events(self, body: Body) -> list[Body]:
        """The events about exactly this object, a Job or a pod; Kubernetes forgets them after an hour. Raises
        Forbidden, Unavailable, KubeError."""
        meta = body["metadata"]
        query = {"fieldSelector": f"involvedObject.uid={meta['uid']}", "limit": MAX_EVENTS}
        return list((await self._client.get(path("v1", "events", meta["namespace"]), query)).get("items") or [])

    async def look(self, namespace: str, name: str) -> WorkerSight:
        """The Job, its pods, and the events where no pod runs or has run. Changes nothing; may be repeated. Raises
        Forbidden, Unavailable, KubeError."""
        job = await self.get(namespace, name)
        if job is None:
            return WorkerSight(None)
        pods = await self.pods(job)
        started = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in (None, "", "Pending")]
        events = [] if started else [event for body in (job, *pods) for event in await self.events(body)]
        return WorkerSight(job, tuple(pods), tuple(events))


def _belongs(pod: Body, uid: str) -> bool:
    owners = pod["metadata"].get("ownerReferences") or []
    return any(one.get("uid") == uid for one in owners)
