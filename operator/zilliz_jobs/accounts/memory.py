"""Submissions that must be known after a restart, kept in the status of the ZillizConnection that they were sent
over.

Written on rare events only: an object is deleted while its job runs or its submission is open, or an answer is lost.
Never for a submission that succeeds. Read once before any look-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import ValidationError

from zilliz_jobs.api.connection import MAX_REMEMBERED, ZILLIZ_CONNECTION, RememberedSubmission, ZillizConnectionStatus
from zilliz_jobs.control.departed import Departed, Owner
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body, Key, raw_status
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.highwater import HighWaterMark
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.persist import Pace, Write, persist
from zilliz_jobs.kube.status import StatusWriter

KEEP = timedelta(days=7)
SETTLED = timedelta(hours=2)  # the longest submissionSettleSeconds, and as much again
GATHER_SECONDS = 0.2  # a namespace that is emptied is one write, not a thousand
PACE = Pace(0.5, 60.0)

Changes = dict[str, RememberedSubmission | None]
"""Entries by the object's uid; None: to be removed, since its fate is known."""

log = logging.getLogger(__name__)


class SubmissionMemory(JobListener):
    """`works`: whether this process leads; only the leader writes. Writes are done by a task for each connection,
    which tries until it succeeds. `now`: the API server's time."""

    def __init__(
        self,
        ownership: JobOwnership,
        objects: Objects,
        writer: StatusWriter,
        *,
        now: Callable[[], datetime],
        works: Callable[[], bool],
    ) -> None:
        self._ownership, self._objects, self._writer = ownership, objects, writer
        self._now, self._works = now, works
        self._changes: defaultdict[Key, Changes] = defaultdict(dict)
        self._lost: dict[str, Key] = {}
        self._writers: dict[Key, asyncio.Task[None]] = {}

    def recall(self, body: Body) -> None:
        """A connection was read: what earlier processes stored there is known from now on. Idempotent."""
        meta, raw = body["metadata"], raw_status(body)
        connection = Key(ZILLIZ_CONNECTION.kind, meta["namespace"], meta["name"])
        status = _read({name: raw[name] for name in ("remembered", "rememberedSince") if name in raw})
        for entry in status.remembered or []:
            known = _known(entry, connection)
            if entry.deleted and (entry.time is None or entry.time < self._now() - SETTLED):
                known = replace(known, lock="")  # its effect shows by now, or never
            self._ownership.recall(known)
            if not entry.deleted:
                self._lost[entry.uid] = connection
        times = [time for time in (status.remembered_since, self._ownership.complete_since) if time is not None]
        self._ownership.complete_since = max(times, default=None)

    def departed(self, known: Departed) -> None:
        """An object is deleted while its job runs or its submission is open: store that."""
        self._lost.pop(known.uid, None)
        self._change(known.owner.connection, known.uid, _entry(known, self._now(), deleted=True))

    def on_seen(self, body: Body) -> None:
        """Store once that the object's submission is being looked for, and remove that when it ends."""
        uid = body["metadata"]["uid"]
        if not self._works():
            return
        known = self._ownership.lost(uid)
        if known is not None and uid not in self._lost:
            self._lost[uid] = known.owner.connection
            self._change(known.owner.connection, uid, _entry(known, self._now()))
        elif known is None and uid in self._lost:
            self._change(self._lost.pop(uid), uid, None)

    async def flush(self, seconds: float) -> None:
        """Wait at most so long for the writes in progress, then cancel them. For the end of the process."""
        if self._writers:
            await asyncio.wait([*self._writers.values()], timeout=seconds)
        for task in self._writers.values():
            task.cancel()

    # -- parts

    def _change(self, connection: Key, uid: str, entry: RememberedSubmission | None) -> None:
        if not self._works():
            return
        self._changes[connection][uid] = entry
        if connection not in self._writers:
            task = asyncio.get_running_loop().create_task(self._write(connection), name=f"memory {connection}")
            self._writers[connection] = task
            task.add_done_callback(lambda _task: self._writers.pop(connection, None))

    async def _write(self, connection: Key) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        while self._changes.get(connection):
            try:
                await persist(_ConnectionWrite(self, connection), PACE)
            except NotFound:
                log.warning(
                    "%s is gone, and what it should remember with it: %d submissions",
                    connection,
                    len(self._changes.pop(connection, {})),
                )
            except KubeError:  # another process leads, and stores what it finds itself
                self._changes.pop(connection, None)
                return

    async def store(self, connection: Key) -> None:
        """Store all changes for this connection that are known by now. Raises KubeError; then they are kept."""
        changes = self._changes.pop(connection, {})
        try:
            await self._store(connection, changes)
        except KubeError:
            self._changes[connection] = {**changes, **self._changes.get(connection, {})}
            raise

    @property
    def is_wanted(self) -> bool:
        """Whether this process still leads, so that it is the one that writes."""
        return self._works()

    async def _store(self, connection: Key, changes: Changes) -> None:
        body = await self._objects.get(ZILLIZ_CONNECTION, connection.namespace, connection.name)
        raw = raw_status(body)
        status = _read(raw)
        new = remembered(status, changes, self._now())
        wire = new.wire()
        kept = {name: wire[name] for name in ("remembered", "rememberedSince") if name in wire}
        rest = {name: value for name, value in raw.items() if name not in ("remembered", "rememberedSince")}
        await self._writer.write(ZILLIZ_CONNECTION, body, rest | kept)


@dataclass(frozen=True)
class _ConnectionWrite(Write[None]):
    memory: SubmissionMemory
    connection: Key

    async def once(self) -> None:
        await self.memory.store(self.connection)

    def again(self, error: KubeError, tries: int) -> None:
        if isinstance(error, NotFound) or not self.memory.is_wanted:
            raise error
        log.warning("%s: cannot store what it should remember: %s", self.connection, error)


def remembered(status: ZillizConnectionStatus, changes: Changes, now: datetime) -> ZillizConnectionStatus:
    """The status with these changes: the newest entries, and since when they are complete. Pure."""
    old = [entry for entry in status.remembered or [] if entry.uid not in changes]
    every = [*old, *(entry for entry in changes.values() if entry is not None)]
    young = [entry for entry in every if entry.time is None or entry.time > now - KEEP]
    kept = young[-MAX_REMEMBERED:]
    dropped = [entry.time for entry in every if entry not in kept and entry.time is not None]
    times = [time for time in (status.remembered_since, *dropped) if time is not None]
    return status.but(remembered=kept or None, remembered_since=max(times, default=None))


def _read(raw: Body) -> ZillizConnectionStatus:
    """Read leniently, since people can edit it: entries that cannot be read are left out."""
    rows = raw.get("remembered")
    good = []
    for row in rows if isinstance(rows, list) else []:
        with contextlib.suppress(ValidationError):
            good.append(RememberedSubmission.model_validate(row))
    try:
        since = ZillizConnectionStatus.model_validate({"rememberedSince": raw.get("rememberedSince")})
    except ValidationError:
        since = ZillizConnectionStatus()
    return ZillizConnectionStatus(remembered=good or None, remembered_since=since.remembered_since)


def _entry(known: Departed, now: datetime, *, deleted: bool = False) -> RememberedSubmission:
    mark = known.mark
    return RememberedSubmission(
        uid=known.uid,
        kind=known.owner.kind,
        name=known.owner.name,
        deleted=deleted or None,
        time=now,
        attempt=mark.attempt,
        steps=mark.steps or None,
        step=mark.step if mark.step != SUBMIT_STEP else None,
        token=mark.token or None,
        sends=mark.sends or None,
        lock=known.lock or None,
        ids=[*known.ids] or None,
    )


def _known(entry: RememberedSubmission, connection: Key) -> Departed:
    mark = HighWaterMark(
        attempt=entry.attempt,
        steps=entry.steps or 0,
        has_job=not entry.lock,
        step=entry.step or SUBMIT_STEP,
        token=entry.token or "",
        sends=entry.sends or 0,
        on_its_way=bool(entry.lock) and not entry.token,
    )
    owner = Owner(entry.kind, entry.name, connection)
    return Departed(entry.uid, owner, mark, entry.lock or "", tuple(entry.ids or ()))
