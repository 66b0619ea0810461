"""The workers: each takes a key from the queue and has the controller of its kind reconcile the object."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from zilliz_jobs.control import obstacles
from zilliz_jobs.control.controller import Controller
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.control.objects import Body, Key, key_of, stub
from zilliz_jobs.control.shard import EVERYTHING, Shard
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound, NotServed
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.telemetry.metrics import Metrics

REFETCH_SECONDS = 0.1
PASS_SECONDS = 900.0  # a pass that takes longer is broken off: what it waits for never comes
UNSERVED_SECONDS = 10.0  # until the next try for an object whose kind is not served

log = logging.getLogger(__name__)


class Dispatcher:
    """`work` is the task of one worker; the engine runs several. They work while this process leads."""

    def __init__(
        self,
        controllers: Sequence[Controller],
        queue: WorkQueue[Key],
        objects: Objects,
        leadership: Leadership,
        events: EventPoster,
        metrics: Metrics,
        shard: Shard = EVERYTHING,
    ) -> None:
        self._controllers, self._shard = controllers, shard
        self._by_kind = {kind: controller for controller in controllers for kind in controller.resources}
        self._queue, self._objects = queue, objects
        self._leadership, self._events, self._metrics = leadership, events, metrics
        self.unserved: set[str] = set()
        """Kinds that the API server does not serve: their objects wait."""
        self.went_back: Callable[[Key, int, int], object] = lambda *_: None
        """Called with key, known version and read version where a read gave an older version than was known before:
        the history of the cluster went back."""
        self.verified_gone: Callable[[Body], object] = lambda _body: None
        """Called with an object, as last seen, that does not exist any more, as a read has shown."""

    def on_upsert(self, body: Body) -> None:
        """An object was reported: tell the controller of its kind. An object of no controller is ignored."""
        key = key_of(body)
        if controller := self._by_kind.get(key.kind):
            controller.on_upsert(key, body)

    def on_delete(self, body: Body) -> None:
        """An object is gone: tell the controller of its kind. `body`: as last seen."""
        key = key_of(body)
        if controller := self._by_kind.get(key.kind):
            controller.on_delete(key, body)

    def wake_all(self) -> None:
        """Have all unfinished objects reconciled: something changed that any of them may wait for. Idempotent."""
        for controller in self._controllers:
            controller.wake_all()

    def distrust(self) -> None:
        """The history of the cluster went back: no controller trusts the versions that it knows. Idempotent."""
        for controller in self._controllers:
            controller.distrust()

    def known(self, kind: str) -> Mapping[Key, str]:
        """The uids of the known objects of the kind, by key; empty for a kind of no controller."""
        controller = self._by_kind.get(kind)
        return controller.known(kind) if controller else {}

    async def verify(self, key: Key, uid: str, last: Body | None = None) -> None:
        """Read an object that may be gone, and tell its controller the result. Idempotent. `last`: the object as last
        reported. Raises NotServed where the API server does not serve the kind, KubeError where it cannot be
        asked."""
        controller = self._by_kind[key.kind]
        try:
            body = await self._read(controller, key)
        except NotServed:
            raise
        except NotFound:
            if last is not None or self.known(key.kind).get(key) == uid:
                gone = last or controller.body(key) or stub(key, uid)
                self.verified_gone(gone)
                controller.on_delete(key, gone)
            return
        self._take(controller, key, body)

    def _take(self, controller: Controller, key: Key, body: Body) -> None:
        """The object was just read by its name, which shows objects of all shards."""
        if not self._shard.filters(key.kind) or self._shard.selects(body):
            controller.on_upsert(key, body, certain=True)
        elif controller.uid(key) is not None or key in self.known(key.kind):
            log.info("%s has other labels by now, and is left to another operator", key)
            controller.on_left(key, body)

    async def _read(self, controller: Controller, key: Key) -> Body:
        """The object as it is now. A consistent read cannot give an older version than was known before it, unless
        the history went back."""
        uid, before = controller.version(key)
        body = await self._objects.get(controller.resources[key.kind], key.namespace, key.name)
        version = str(body["metadata"].get("resourceVersion") or "")
        if body["metadata"]["uid"] == uid and version.isdecimal() and int(version) < before:
            self.went_back(key, before, int(version))
        return {**body, "kind": key.kind}

    def rest(self) -> None:
        """This process does not lead any more: no controller polls. Idempotent."""
        for controller in self._controllers:
            controller.rest()

    async def work(self) -> None:
        """Take keys and reconcile their objects, for ever. Only a cancellation ends it."""
        while True:
            await self._leadership.until_works()
            key = await self._queue.get()
            try:
                if self._leadership.works:
                    await self._bounded(key)
                else:
                    self._queue.add(key)  # for the time when it leads again
                if not self._leadership.works:
                    self.rest()  # the pass may have begun to poll after the lead was lost
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("%s: this pass failed, which should not happen", key)
                self._again(key)
            finally:
                self._queue.done(key)

    async def _bounded(self, key: Key) -> None:
        """A pass with a time limit. One that hangs would keep its worker and its object for ever."""
        try:
            async with asyncio.timeout(PASS_SECONDS) as bound:
                await self._pass(key, self._by_kind[key.kind])
        except TimeoutError:
            if not bound.expired():
                raise
            log.exception(
                "%s: a pass came to no end in %d s, which should not happen; it is begun anew", key, PASS_SECONDS
            )
            self._metrics.passes.labels(key.kind, "hung").inc()
            self._again(key)

    async def _pass(self, key: Key, controller: Controller) -> None:
        if key.kind in self.unserved:
            self._queue.add(key, UNSERVED_SECONDS)
            return
        uid = controller.uid(key)
        try:
            await controller.reconcile(key)
        except NotServed as error:
            log.warning("%s: %s", key, error)
            self._again(key)
        except NotFound:
            _is_gone(controller, key, uid)
        except Conflict:
            await self._refetch(controller, key, uid)
        except (KubeError, ValidationError) as error:
            log.warning("%s: %s", key, error)
            if isinstance(error, KubeError) and (body := controller.body(key)) is not None:
                obstacles.tell(self._events, body, error, self._queue.failures(key))
            self._again(key, getattr(error, "retry_after", None))

    async def _refetch(self, controller: Controller, key: Key, uid: str | None) -> None:
        """The object was changed by somebody else during the pass: read it, and begin a new pass a little later."""
        try:
            body = await self._read(controller, key)
        except NotServed:
            self._again(key)
            return
        except NotFound:
            _is_gone(controller, key, uid)
            return
        except KubeError:
            self._again(key)
            return
        self._take(controller, key, body)
        self._again(key, base=REFETCH_SECONDS)

    def _again(self, key: Key, after: float | None = None, *, base: float = 1.0) -> None:
        self._queue.add_failed(key, base=base, least=after or 0.0)


def _is_gone(controller: Controller, key: Key, uid: str | None) -> None:
    """The API server does not know the object. A watch that was cut off would never report that."""
    if uid is not None and controller.uid(key) == uid:
        controller.on_delete(key, controller.body(key) or stub(key, uid))
