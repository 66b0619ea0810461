"""Makes, changes and removes ProjectJobs. A status is written only where it differs from the stored one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.model import API_VERSION, GROUP
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body
from zilliz_jobs.jobcenter.jobrow import label_of
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, KubeError, NotFound, StrictDecoding
from zilliz_jobs.kube.persist import AT_ONCE, Write, persist
from zilliz_jobs.telemetry.metrics_delta import count_requests

LABEL = f"{GROUP}/jobcenter"
TRIES = 4

Change = Callable[[Body, ProjectJobStatus], ProjectJobStatus | None]
"""From the object and its present status to the new status; None: no change. May be called again after a Conflict."""

log = logging.getLogger(__name__)


def row_status(body: Body) -> ProjectJobStatus:
    """The status, read leniently: it is made again from the lists anyway."""
    raw = body.get("status")
    if not isinstance(raw, dict):
        return ProjectJobStatus()
    try:
        return ProjectJobStatus.model_validate(raw)
    except ValidationError as error:
        broken = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
        return ProjectJobStatus.model_validate({name: value for name, value in raw.items() if name not in broken})


def is_ours(body: Body) -> bool:
    """Whether a JobCenter owns the object; else a person made it."""
    return center_uid(body) is not None


def center_uid(body: Body) -> str | None:
    """The uid of the JobCenter that owns the object; None where none does."""
    owners = body["metadata"].get("ownerReferences") or []
    return next((o.get("uid") for o in owners if o.get("kind") == JOB_CENTER.kind and o.get("controller")), None)


class RowWriter:
    """All writes to ProjectJobs go through it."""

    def __init__(self, access: ObjectAccess) -> None:
        self._objects, self._writer = access.objects, access.statuses
        self._crds, self._metrics = access.crds, access.metrics
        self.shard = access.shard

    async def existing(self, center: Body) -> list[Body]:
        """All rows with the JobCenter's label, also those of an earlier JobCenter of its name. Raises KubeError."""
        meta = center["metadata"]
        selector = f"{LABEL}={label_of(meta['name'])}"
        found = {
            body["metadata"]["name"]: body
            async for body in self._objects.list_all(PROJECT_JOB, meta["namespace"], selector=selector)
        }
        return [body for body in found.values() if _names(body) == meta["name"]]

    async def create(self, center: Body, name: str, row_id: str, change: Change) -> Body:
        """Make the row, then write its status. May be repeated. Raises AlreadyExists where an object of that name
        belongs to no row of this JobCenter, KubeError."""
        meta = center["metadata"]
        owner = {
            "apiVersion": API_VERSION,
            "kind": JOB_CENTER.kind,
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
        manifest = {
            "apiVersion": API_VERSION,
            "kind": PROJECT_JOB.kind,
            "metadata": {
                "name": name,
                "namespace": meta["namespace"],
                "labels": self.shard.child_labels(center, {LABEL: label_of(meta["name"])}),
                "ownerReferences": [owner],
            },
            "spec": {"jobCenterRef": {"name": meta["name"]}, "jobId": row_id},
        }
        try:
            made = await self._objects.create(PROJECT_JOB, manifest)
        except AlreadyExists:
            made = await self._objects.get(PROJECT_JOB, meta["namespace"], name)
            if center_uid(made) != meta["uid"]:
                raise
        return await self.change(made["metadata"]["namespace"], name, change, made) or made

    async def change(self, namespace: str, name: str, change: Change, body: Body | None = None) -> Body | None:
        """Write the changed status; returns the object as stored, None where it is gone. Tries again after a
        Conflict. `body`: the object as last read, None: it is read first. Raises KubeError."""
        try:
            return await persist(_RowWrite(self, namespace, name, change, body), AT_ONCE)
        except NotFound:
            return None

    async def delete(self, namespace: str, name: str, uid: str) -> None:
        """Remove this object, and no other of its name. Idempotent. Raises KubeError."""
        try:
            await self._objects.delete(PROJECT_JOB, {"metadata": {"namespace": namespace, "name": name, "uid": uid}})
        except Conflict:
            return  # another object has the name by now

    async def read(self, namespace: str, name: str) -> Body:
        """The row as it is now. Raises KubeError."""
        return await self._objects.get(PROJECT_JOB, namespace, name)

    async def write(self, body: Body, change: Change) -> Body:
        """Write the changed status of the row as it was read; returns it as stored. Raises KubeError."""
        old = row_status(body)
        new = change(body, old)
        if new is None or new.wire() == (body.get("status") or {}):
            return body
        outcome = "progress" if new.state is old.state else "state"
        try:
            stored = await self._writer.write(PROJECT_JOB, body, new.wire())
            if new.owner is None:  # else the owner's requests are counted, which the row repeats
                count_requests(self._metrics, PROJECT_JOB.kind, old, new)
            return stored
        except StrictDecoding as error:
            self._crds.doubt(PROJECT_JOB.kind, str(error))
            raise
        finally:
            self._metrics.status_writes.labels(PROJECT_JOB.kind, outcome).inc()


@dataclass
class _RowWrite(Write[Body]):
    """A change of one row. `body`: as last read; None: it is read first."""

    rows: RowWriter
    namespace: str
    name: str
    change: Change
    body: Body | None

    async def once(self) -> Body:
        self.body = self.body or await self.rows.read(self.namespace, self.name)
        return await self.rows.write(self.body, self.change)

    def again(self, error: KubeError, tries: int) -> None:
        if not isinstance(error, Conflict):
            raise error
        if tries >= TRIES:
            raise Conflict(
                f"cannot write the status of ProjectJob {self.namespace}/{self.name}: it changes all the time"
            ) from error
        self.body = None  # a person or another part of the operator changed it; read it again


def _names(body: Body) -> str:
    ref = (body.get("spec") or {}).get("jobCenterRef")
    return str(ref.get("name") or "") if isinstance(ref, dict) else ""
