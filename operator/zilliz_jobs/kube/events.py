"""Events: what happened to an object, for `kubectl describe` and `kubectl get events`.

They are core/v1 Events, which carry the times that kubectl sorts by (`--sort-by=.lastTimestamp`); those made
through events.k8s.io/v1 show without. An Event's name is a hash of what it says, so that the same one said again,
also by the next process, is a 409 and nothing more. Kubernetes forgets Events after an hour.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from zilliz_jobs.api.model import format_time
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.kube.client import FIELD_MANAGER, KubeClient
from zilliz_jobs.kube.errors import AlreadyExists, Body, KubeError, NotFound, Terminating, Unavailable
from zilliz_jobs.kube.paths import path
from zilliz_jobs.kube.persist import Pace, Write, persist

EventType = Literal["Normal", "Warning"]

COMPONENT = "zilliz-jobs"
MAX_MESSAGE = 1024  # the API server refuses more
MAX_REASON = 128
MAX_QUEUED = 1000  # of a type
TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 10.0

log = logging.getLogger(__name__)


def event_of(
    body: Body, kind: EventType, reason: str, message: str, *, once_per: str, now: datetime, instance: str
) -> Body:
    """The Event about the object `body`; the same arguments but the time give the same name. Pure."""
    meta = body["metadata"]
    mark = hashlib.sha256("\0".join((meta["uid"], reason, once_per)).encode()).hexdigest()[:16]
    stamp = format_time(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name'][:230].rstrip('.-')}.{mark}", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta.get("resourceVersion", ""),
        },
        "type": kind,
        "reason": reason[:MAX_REASON],
        "message": shortened(message, MAX_MESSAGE),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


class EventPoster:
    """Posts Events in the background. Nothing that goes wrong with them ever reaches the caller.

    `run` is a task of the caller's. Warnings go first. When more than MAX_QUEUED of a type wait, the oldest of it are
    dropped: the status tells the story anyway. `redacted`: takes the secrets out of a message about an object.
    `now`: the API server's time, as its other clients' events have it.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        instance: str,
        now: Callable[[], datetime],
        redacted: Callable[[Body, str], str] = lambda _body, text: text,
    ) -> None:
        self._client, self._now, self._redacted = client, now, redacted
        self._instance = instance
        self._warnings: deque[tuple[Body, bool]] = deque(maxlen=MAX_QUEUED)
        self._others: deque[tuple[Body, bool]] = deque(maxlen=MAX_QUEUED)
        self._some = asyncio.Event()
        self._failing = False
        self.dropped = 0  # Events that never reached the server, for a metric

    def post(
        self,
        body: Body,
        kind: EventType,
        reason: str,
        message: str,
        *,
        once_per: str | None = None,
        logged: bool = False,
    ) -> None:
        """Queue an Event about the object `body`; it returns at once and never raises.

        `once_per` is what makes the Event another one, the number of an attempt say; default the message. `logged`:
        the log has the text already; else it has it where the Event cannot be posted.
        """
        event = event_of(
            body,
            kind,
            reason,
            self._redacted(body, message),
            once_per=message if once_per is None else once_per,
            now=self._now(),
            instance=self._instance,
        )
        queue = self._warnings if kind == "Warning" else self._others
        self.dropped += len(queue) == MAX_QUEUED
        queue.append((event, logged))
        self._some.set()

    async def run(self) -> None:
        """Post what is queued, for ever; cancel it to end, then `flush` what is left."""
        while True:
            await self._some.wait()
            await self._drain()

    async def flush(self, seconds: float) -> None:
        """Post what is queued, for at most this long. For the end of the process; never raises."""
        try:
            async with asyncio.timeout(seconds):
                await self._drain()
        except TimeoutError:
            self.dropped += len(self._warnings) + len(self._others)

    async def _drain(self) -> None:
        while queue := self._warnings or self._others:
            first = queue[0]
            await self._deliver(*first)
            # A full queue may have dropped it meanwhile.
            if queue and queue[0] is first:
                queue.popleft()
        self._some.clear()

    async def _deliver(self, event: Body, logged: bool) -> None:
        try:
            await persist(_Posting(self._client, event), Pace(FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS))
        except AlreadyExists:
            return
        except KubeError as error:
            self._failed(event, logged, error)
            return
        if self._failing:
            self._failing = False
            log.info("events can be posted again")

    def _failed(self, event: Body, logged: bool, error: KubeError) -> None:
        """Say once that Events fail, unless it is only that the namespace ends; the text of a lost Event goes to the
        log."""
        self.dropped += 1
        about = event["involvedObject"]
        extra = {"kind": about["kind"], "namespace": about["namespace"], "object": about["name"]}
        if not self._failing and not isinstance(error, (Terminating, NotFound)):
            self._failing = True
            log.warning("cannot post events, they go to the log instead: %s", error)
        if not logged:
            level = logging.WARNING if event["type"] == "Warning" else logging.INFO
            log.log(level, "%s: %s", event["reason"], event["message"], extra=extra)


@dataclass(frozen=True)
class _Posting(Write[None]):
    """An Event is not worth waiting for long: the status tells the story anyway."""

    client: KubeClient
    event: Body

    async def once(self) -> None:
        where = path("v1", "events", self.event["metadata"]["namespace"])
        await self.client.request("POST", where, query={"fieldManager": FIELD_MANAGER}, body=self.event)

    def again(self, error: KubeError, tries: int) -> None:
        if not isinstance(error, Unavailable) or tries >= TRIES:  # its name makes a repetition harmless
            raise error
