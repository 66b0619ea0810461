"""Makes, cancels and removes the objects of runs. Each act may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import API_VERSION, GROUP
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import AskedElsewhere, Body, Key, key_of
from zilliz_jobs.control.shard import EVERYTHING, Shard
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, Invalid, NotFound, NotServed, StrictDecoding
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.schedules.children import Children, owner_of, replacement_token
from zilliz_jobs.schedules.plan import (
    CancelChild,
    ChildAnswer,
    CreateChild,
    Created,
    DeleteChild,
    LookUpChild,
    NotCreated,
)
from zilliz_jobs.schedules.reasons import ScheduleReason

SCHEDULE_LABEL = f"{GROUP}/schedule"
RUN_LABEL = f"{GROUP}/run"


class JobObjects(Protocol):
    """The job objects; `jobs.controller.JobController` is theirs."""

    def wake(self, body: Body, tokens: AskedElsewhere) -> None:
        """The object, which is `body` at the moment, is to answer these tokens of cancel and retry now."""


class ChildWriter:
    """All writes to the objects of runs go through it. `children` learns of each that was made or read."""

    def __init__(
        self,
        objects: Objects,
        resources: Mapping[str, Resource],
        children: Children,
        jobs: JobObjects,
        shard: Shard = EVERYTHING,
    ) -> None:
        self._objects, self._resources, self._shard = objects, resources, shard
        self._children, self._jobs = children, jobs

    async def create(self, schedule: Body, order: CreateChild) -> ChildAnswer:
        """Make the object, or find that it was made. Raises KubeError where it may be made later."""
        resource = self._resources[order.kind]
        try:
            manifest = _manifest(schedule, order, self._shard)
            made = await self._objects.create(resource, manifest, strict=True)
        except AlreadyExists:
            return await self._found(schedule, order, resource)
        except StrictDecoding as error:
            return NotCreated(order.name, ScheduleReason.CRD_OUTDATED, str(error))
        except Invalid as error:
            return NotCreated(order.name, ScheduleReason.KUBERNETES_REFUSED, str(error))
        self._children.on_seen({**made, "kind": order.kind})
        return Created(order.name, made["metadata"]["uid"])

    async def _found(self, schedule: Body, order: CreateChild, resource: Resource) -> ChildAnswer:
        meta = schedule["metadata"]
        body = await self._objects.get(resource, meta["namespace"], order.name)
        if not _is_of(body, meta["uid"]):
            text = (
                f"{order.kind} {order.name} exists and is not of this JobSchedule: delete it, or rename the schedule"
            )
            return NotCreated(order.name, ScheduleReason.NAME_TAKEN, text)
        self._children.on_seen({**body, "kind": order.kind})
        return Created(order.name, body["metadata"]["uid"])

    async def look(self, schedule: Body, order: LookUpChild) -> bool:
        """Read the object; whether it is there and the schedule's. One that somebody took away from the schedule is
        told like one that is gone, since no event of it would end its run. Raises KubeError."""
        meta = schedule["metadata"]
        try:
            body = await self._objects.get(self._resources[order.kind], meta["namespace"], order.name)
        except NotServed:
            raise  # says nothing of the object
        except NotFound:
            return False
        self._children.on_seen({**body, "kind": order.kind})
        return _is_of(body, meta["uid"])

    async def cancel(self, namespace: str, order: CancelChild, run: str) -> None:
        """Have the job cancelled as a person would by annotation. Raises KubeError."""
        try:
            body = await self._objects.get(self._resources[order.kind], namespace, order.name)
        except NotServed:
            raise
        except NotFound:
            return
        if body["metadata"]["uid"] == order.uid:
            self._jobs.wake({**body, "kind": order.kind}, (replacement_token(run), None))

    async def delete(self, namespace: str, order: DeleteChild) -> None:
        """Remove exactly this object. Raises KubeError."""
        body = {"metadata": {"namespace": namespace, "name": order.name, "uid": order.uid}}
        try:
            await self._objects.delete(self._resources[order.kind], body)
        except Conflict:
            return  # another object has the name by now

    def waiting(self, uid: str) -> list[Key]:
        """The objects of this schedule whose jobs have not begun."""
        return [
            key_of(body)
            for body in self._children.bodies(uid)
            if not (body.get("status") or {}).get("submission")
            and not (body.get("status") or {}).get("completionTime")
        ]


def _is_of(body: Body, schedule: str) -> bool:
    owner = owner_of(body)
    return owner is not None and owner[1] == schedule


def _manifest(schedule: Body, order: CreateChild, shard: Shard) -> Body:
    meta = schedule["metadata"]
    labels = shard.child_labels(schedule, order.labels)
    owner = {
        "apiVersion": API_VERSION,
        "kind": JOB_SCHEDULE.kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        # A person may be forbidden to block the deletion of what he may not delete himself, and the operator too.
        "blockOwnerDeletion": False,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": order.kind,
        "metadata": {
            "name": order.name,
            "namespace": meta["namespace"],
            "labels": {**labels, SCHEDULE_LABEL: meta["name"], RUN_LABEL: order.run},
            "annotations": dict(order.annotations),
            "ownerReferences": [owner],
        },
        "spec": dict(order.spec),
    }
