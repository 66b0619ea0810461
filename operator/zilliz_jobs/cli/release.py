"""What an operator that is gone left on the objects: its finalizer, which holds their deletion up for ever.

The operator takes it off itself while it runs, two minutes after a deletion at the latest. This is for the day when
none runs any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from zilliz_jobs.control.objects import FINALIZER, Body, status_of
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.snapshot import handle_of, is_finished
from zilliz_jobs.core.steps import left_behind
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound
from zilliz_jobs.kube.finalizers import Finalizers
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.persist import AT_ONCE, Write, persist

TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """`namespace`: None for all of them. `live`: also objects that nobody has deleted."""

    namespace: str | None
    live: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Line:
    """What became of one object. `in_the_cloud`: what of it may go on there, where nobody follows it any more."""

    kind: str
    namespace: str
    name: str
    outcome: str
    in_the_cloud: str
    failed: bool = False


async def release(client: KubeClient, wanted: Wanted) -> AsyncIterator[Line]:
    """Take the finalizer off all objects that are wanted; one line for each that had it. Idempotent.

    Raises KubeError where the objects cannot be listed; one that cannot be changed is a line that says so.
    """
    for kind in JOB_KINDS:
        every = Objects(client).list_all(kind.resource, wanted.namespace)
        try:
            held = [body async for body in every if _is_held(body, wanted)]
        except NotFound:
            continue  # its CRD is not installed, so there is no object of it
        for body in held:
            yield await _free(client, kind, body, wanted)


def _is_held(body: Body, wanted: Wanted) -> bool:
    meta = body["metadata"]
    return FINALIZER in (meta.get("finalizers") or []) and bool(wanted.live or meta.get("deletionTimestamp"))


async def _free(client: KubeClient, kind: AnyKind, body: Body, wanted: Wanted) -> Line:
    meta, failed = body["metadata"], False
    outcome = "would be freed"
    if not wanted.dry_run:
        try:
            outcome = await persist(_Removal(client, kind, body, wanted), AT_ONCE)
        except KubeError as error:
            outcome, failed = str(error), True
    return Line(kind.resource.kind, meta["namespace"], meta["name"], outcome, in_the_cloud(kind, body), failed)


@dataclass
class _Removal(Write[str]):
    """Takes the finalizer off one object, and says in words what came of it. `body`: as last read."""

    client: KubeClient
    kind: AnyKind
    body: Body
    wanted: Wanted
    _is_old: bool = False

    async def once(self) -> str:
        meta, resource = self.body["metadata"], self.kind.resource
        if self._is_old:
            try:
                self.body = await Objects(self.client).get(resource, meta["namespace"], meta["name"])
            except NotFound:
                return "gone"
            if self.body["metadata"]["uid"] != meta["uid"] or not _is_held(self.body, self.wanted):
                return "freed by somebody else"
        left = await Finalizers(self.client).remove(resource, self.body, FINALIZER)
        others = [name for name in (left or {}).get("metadata", {}).get("finalizers") or [] if name != FINALIZER]
        return f"freed; others hold it still: {', '.join(others)}" if others else "freed"

    def again(self, error: KubeError, tries: int) -> None:
        if not isinstance(error, Conflict) or tries >= TRIES:
            raise error
        self._is_old = True


def in_the_cloud(kind: AnyKind, body: Body) -> str:
    """What of the object may run, or remain, in the cloud; for people."""
    try:
        status = status_of(body)
    except RecordError:
        return "its record cannot be read; look in the cloud"
    left = left_behind(kind.traits, status)
    if is_finished(status):
        run = f"nothing runs: the job is {status.state}"
    elif status.submission is None:
        run = "nothing runs: nothing was submitted" if not left else "nothing runs"
    elif handle := handle_of(status):
        names = ", ".join(f"{name} {value}" for name, value in sorted(handle.items()))
        run = f"may still run: {names}"
    else:
        run = f"may run: the submission of {status.submission.intent_time} has no known end"
    return f"{run}; {left}" if left else run


def table(lines: list[Line]) -> str:
    """Columns as kubectl sets them; the last one may be long."""
    rows = [("KIND", "NAMESPACE", "NAME", "OUTCOME", "IN THE CLOUD")]
    rows += [(one.kind, one.namespace, one.name, one.outcome, one.in_the_cloud) for one in lines]
    wide = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join([*(row[n].ljust(wide[n]) for n in range(4)), row[4]]) for row in rows)
