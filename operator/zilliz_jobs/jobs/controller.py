"""The controller of the *Job kinds: takes their events, starts the passes, and has running jobs polled."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.control.controller import LATEST_SECONDS, Controller
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of, raw_status, status_of, stub
from zilliz_jobs.control.tries import Tries
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.core.cancelling import no_way_to_cancel, wants_cancel
from zilliz_jobs.core.ends import shows_its_end
from zilliz_jobs.core.observation import Revived, Seen
from zilliz_jobs.core.read_status import RecordError, SetBackError, is_spoilt
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.cache import JobCache, version_of
from zilliz_jobs.jobs.cachesync import CacheSync
from zilliz_jobs.jobs.deletions import Deletions, Leftover
from zilliz_jobs.jobs.reconciler import JobReconciler
from zilliz_jobs.jobs.revivals import Revivals
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.polling.jobreader import Ports
from zilliz_jobs.polling.poller import Poller
from zilliz_jobs.polling.tracked import JobNews, Subject, stamp_of
from zilliz_jobs.telemetry.metrics import Metrics

FIRST_CHECK_SECONDS = 2.0
REMIND_SECONDS = 3600.0  # until the event of an unreadable status is posted again; events are kept for an hour
CERTAIN = 2  # after so many passes that learnt nothing, the status says why


async def _nobody(_key: Key, _body: Body) -> None:
    """Ignores a stored object."""


class JobController(Controller):
    """See `Controller`; a finished object is not kept, but its version is."""

    def __init__(
        self,
        kinds: dict[str, AnyKind],
        cache: JobCache,
        reconciler: JobReconciler,
        actions: Actions,
        status_writer: JobStatusWriter,
        deletions: Deletions,
        cache_sync: CacheSync,
        objects: Objects,
        queue: WorkQueue[Key],
        tries: Tries,
        metrics: Metrics,
        *,
        progress_interval: float,
        connection_is_known: Callable[[Key], Awaitable[bool]],
        usable: Callable[[Key], Account | None],
        account: Callable[[Key], Awaitable[Account | None]],
        stored: Callable[[Key, Body], Awaitable[None]] = _nobody,
        gone: Callable[[str], None] = lambda _uid: None,
    ) -> None:
        """`stored`: called with every object whose status a pass has written; `gone`: with the uid of each that is
        gone. `usable`, `account`: the account of a connection, without or with reading its Secret.
        `progress_interval`: seconds between two writes of mere progress."""
        self.resources = {name: kind.resource for name, kind in kinds.items()}
        self._kinds, self._cache, self._cache_sync, self._objects = kinds, cache, cache_sync, objects
        self.reconciler, self._actions, self._status_writer, self._deletions = (
            reconciler,
            actions,
            status_writer,
            deletions,
        )
        self._queue, self._tries, self._metrics = queue, tries, metrics
        self._connection_is_known, self._usable, self._stored, self._gone = connection_is_known, usable, stored, gone
        self._news: dict[Key, JobNews] = {}
        self._unreadable: set[Key] = set()
        self._at_work: set[str | None] = set()
        self._revivals = Revivals(cache, actions.holder, queue.add)
        ports = Ports(self._subject, account, self._hear, self._revivals.stranger)
        self.poller = Poller(ports, least=reconciler.rules.poll_min, progress_interval=progress_interval)

    # -- what is known

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        """Keep the object, and put its key into the queue where a pass is needed. Does little for a finished one."""
        if not certain and self._cache.is_stale(body):
            return
        self._deletions.since(body)
        known = self._cache.uid(key)
        if known not in (None, body["metadata"]["uid"]):  # another object of the same name; its end went unseen
            self.on_delete(key, self._cache.body(key) or stub(key, known))
        news = self._cache.is_news(body)
        if not self._cache.remember(body, certain=certain):
            self._let_go(key, body["metadata"]["uid"])
        elif news or key in self._unreadable or self._is_spoilt(body):
            self._queue.add(key)

    def _is_spoilt(self, body: Body) -> bool:
        """Whether somebody edited what was submitted, or the end."""
        raw = raw_status(body)
        if raw.get("completionTime") and not shows_its_end(raw):
            return True
        return is_spoilt(raw_status(body), self._actions.known(body["metadata"]["uid"]))

    def on_delete(self, key: Key, body: Body) -> None:
        uid = body["metadata"]["uid"]
        self._tell_gone(self._kinds[key.kind], body)
        self._cache_sync.forget(uid)
        if uid not in self._at_work:  # else the lock is released when its request is answered
            self._actions.forget(uid, key)
        self.reconciler.unstored.forget(uid)
        self.reconciler.obstacles.pop(uid, None)
        self._gone(uid)
        if self._cache.uid(key) in (None, uid):
            self._drop(key)
            self._cache.forget(key)
            self._queue.forget(key)

    def _tell_gone(self, kind: AnyKind, body: Body) -> None:
        if "spec" not in body:  # a stub: nothing is kept of what has ended
            self._deletions.note(body, Leftover.ENDED)
            return
        status, why = self.reconciler.unstored.of(body["metadata"]["uid"]), ""
        with contextlib.suppress(RecordError):
            status = status or status_of(body, self._actions.known(body["metadata"]["uid"]))
        with contextlib.suppress(SpecError):
            spec = parse_spec(kind.resource, body)
            if isinstance(spec, JobSpec) and wants_cancel(spec):  # it had no finalizer, as its kind has no cancel
                why = no_way_to_cancel(kind.traits_of(spec), console=True)
        self._deletions.tell(kind.traits, body, status, why=why)

    def _let_go(self, key: Key, uid: str) -> None:
        """Nothing is left to do for the object; what is known of a later object of the same name stays."""
        self._actions.let_go(uid, key)
        self.reconciler.obstacles.pop(uid, None)
        if self._cache.uid(key) in (None, uid):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        self._cache.drop(key)
        self._tries.forget(key)
        self._status_writer.forget(key)
        self.poller.unfollow(key)
        self._news.pop(key, None)
        self._unreadable.discard(key)

    def version(self, key: Key) -> tuple[str, int]:
        return self._cache.version(key)

    def uid(self, key: Key) -> str | None:
        return self._cache.uid(key)

    def body(self, key: Key) -> Body | None:
        return self._cache.body(key)

    def unfinished(self) -> Iterable[Key]:
        return self._cache.unfinished()

    def is_polled(self, key: Key) -> bool:
        return self.poller.attends(key)

    def known(self, kind: str) -> Mapping[Key, str]:
        return self._cache.known(kind)

    def wake_all(self) -> None:
        for key in self._cache.unfinished():
            self._queue.add(key)

    def wake(self, body: Body) -> None:
        """A ProjectJob asks for something that concerns this object's job. `body`: the object as it is now, perhaps
        finished."""
        key = key_of(body)
        self.on_upsert(key, body, certain=True)
        self._queue.add(key)

    def rest(self) -> None:
        for key in self._cache.unfinished():
            self.poller.unfollow(key)
        self._news.clear()

    def wake_dependents(self, connection: Key) -> None:
        """The connection's state changed: put the keys of its jobs into the queue."""
        for key in self._cache.dependents(connection):
            self._queue.add(key)

    # -- work

    async def reconcile(self, key: Key) -> None:
        self._unreadable.discard(key)
        uid = self._cache.uid(key)
        self._at_work.add(uid)
        try:
            try:
                await self._pass(key)
            except RecordError:  # the cached object may be older than the last write of its status
                await self._read_again(key)
                await self._pass(key)
        except RecordError as error:
            await self._leave_alone(key, error)
        except (Conflict, NotFound):
            raise
        except KubeError as error:
            if uid is not None and self._cache.uid(key) == uid:
                self.reconciler.obstacles[uid] = str(error)
            raise
        finally:
            self._at_work.discard(uid)
            if (
                uid is not None and (now := self._cache.uid(key)) != uid
            ):  # gone during the pass, and only this pass can release what it took
                self._actions.forget(uid, key if now is None else None)
                if now is None:
                    self._status_writer.forget(key)

    async def _read_again(self, key: Key) -> None:
        body = await self._fetched(key)
        if body["metadata"]["uid"] == self._cache.uid(key):
            self._cache.remember(body, certain=True)
        else:
            self.on_upsert(key, body, certain=True)

    async def _fetched(self, key: Key) -> Body:
        return {**await self._objects.get(self.resources[key.kind], key.namespace, key.name), "kind": key.kind}

    async def _leave_alone(self, key: Key, problem: RecordError) -> None:
        """Do nothing for the object: whatever is done might be done twice. A change of its status starts a pass. An
        object that is being deleted gets a pass that removes its finalizer, since its job cannot be cancelled."""
        body = self._cache.body(key)
        if body is None:
            return
        self._unreadable.add(key)
        self.poller.unfollow(key)
        self._status_writer.unreadable(body, str(problem))
        if body["metadata"].get("deletionTimestamp"):
            self._queue.add(key)
            return
        self._queue.add(key, REMIND_SECONDS)
        if isinstance(problem, SetBackError):
            stored = await self._status_writer.set_back(
                self._kinds[key.kind], body, str(problem), self.reconciler.clock.now()
            )
            if self._cache.uid(key) == stored["metadata"]["uid"]:
                self._cache.remember({**stored, "kind": key.kind})

    async def _pass(self, key: Key) -> None:
        body = self._cache.body(key)
        if body is None:
            self._tries.forget(key)
            if (job_id := self._revivals.take(key)) is not None:
                await self._look_at_ended(key, job_id)
            return
        if not self._waits_no_longer(body) and not await self._connection_is_known(connection_key(body)):
            uid, name = body["metadata"]["uid"], connection_key(body).name
            self.reconciler.obstacles[uid] = f"ZillizConnection {name} is not checked yet"
            self._queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        uid, tries, seen = body["metadata"]["uid"], self._tries.of(key), None
        news = self._news.pop(key, None)
        if news is not None and news.stamp == stamp_of(status_of(body)):
            seen, tries = news.seen, max(tries, CERTAIN) if news.certain else tries
        result = await self.reconciler.reconcile(self._kinds[key.kind], body, tries, seen)
        self._metrics.passes.labels(key.kind, "learnt" if result.learnt else "fruitless").inc()
        if self._cache.uid(key) != uid:
            return  # gone meanwhile; its successor, if there is one, is in the queue
        if result.body is not None and version_of(result.body) != version_of(body):
            await self._stored(key, result.body)
            if self._cache.uid(key) != uid:
                return
        if result.learnt:
            self._tries.forget(key)
        else:
            self._tries.count(key)
        if result.body is None or not self._cache.remember(result.body):
            self._let_go(key, uid)
            return
        self._look_again(key, result.look)
        if result.wake is not None or not self.poller.attends(key):
            self._queue.add(key, LATEST_SECONDS if result.wake is None else result.wake)

    def _waits_no_longer(self, body: Body) -> bool:
        """Whether the object is being deleted for so long that its pass does not wait for a check of its
        connection."""
        since = self._deletions.since(body)
        waited = timedelta(seconds=self.reconciler.rules.look_on_delete)
        return since is not None and self.reconciler.clock.now() - since >= waited

    # -- polling

    def _look_again(self, key: Key, look: float | None) -> None:
        subject = self._subject(key) if look is not None else None
        account = self._usable(subject.connection) if subject else None
        if look is None or subject is None:
            self.poller.unfollow(key)
        elif account is None:
            self.poller.unfollow(key)
            self._queue.add(key, max(look, FIRST_CHECK_SECONDS))
        else:
            self.poller.follow(key, subject, account, look)

    def _subject(self, key: Key) -> Subject | None:
        """The job as it is stored; None where spec or status cannot be read."""
        body = self._cache.body(key)
        if body is None:
            return None
        kind = self._kinds[key.kind]
        try:
            spec, status = parse_spec(kind.resource, body), status_of(body)
        except (SpecError, RecordError):
            return None
        return Subject(kind, spec, status, connection_key(body)) if isinstance(spec, JobSpec) else None

    def _hear(self, key: Key, news: JobNews) -> None:
        self._news[key] = news
        self._queue.add(key)

    async def _look_at_ended(self, key: Key, job_id: str) -> None:
        """A list shows a job as running whose end was seen. The list may be old, so the job itself is read. Raises
        KubeError."""
        kind = self._kinds[key.kind]
        body = await self._fetched(key)
        account = self._usable(connection_key(body))
        try:
            status, spec = status_of(body), parse_spec(kind.resource, body)
        except (SpecError, RecordError):
            return
        if account is None or status.job_id != job_id or not isinstance(spec, JobSpec):
            return
        seen = await kind.read(account, spec, status)
        if isinstance(seen, Seen):
            result = await self.reconciler.reconcile(kind, body, 0, Revived(seen))
            if result.body is not None and version_of(result.body) != version_of(body):
                self.on_upsert(key, result.body, certain=True)
                await self._stored(key, result.body)
