"""The controller of the *Job kinds: takes their events, starts the passes, and has running jobs polled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from zilliz_jobs.accounts.controller import ConnectionController
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.control.controller import LATEST_SECONDS, Controller
from zilliz_jobs.control.objects import AskedElsewhere, Body, Key, connection_key, key_of, raw_status, status_of, stub
from zilliz_jobs.control.shard import EVERYTHING, Shard
from zilliz_jobs.control.workqueue import SUBMISSION, WorkQueue
from zilliz_jobs.core.cancelling import no_way_to_cancel, wants_cancel
from zilliz_jobs.core.ends import shows_its_end
from zilliz_jobs.core.observation import Reading, Revived, Seen
from zilliz_jobs.core.read_status import RecordError, SetBackError, is_spoilt
from zilliz_jobs.jobs.cache import JobCache, version_of
from zilliz_jobs.jobs.deletions import Leftover
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.reconciler import JobReconciler
from zilliz_jobs.jobs.revivals import Revivals, take
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


class JobController(Controller, Ports):
    """See `Controller`; a finished object is not kept, but its version is."""

    def __init__(
        self,
        kinds: dict[str, AnyKind],
        cache: JobCache,
        reconciler: JobReconciler,
        accounts: ConnectionController,
        objects: Objects,
        queue: WorkQueue[Key],
        metrics: Metrics,
        *,
        progress_interval: float,
    ) -> None:
        """`progress_interval`: seconds between two writes of mere progress."""
        self.shard: Shard = EVERYTHING
        """Set where several operators share the objects."""
        self.resources = {name: kind.resource for name, kind in kinds.items()}
        self._kinds, self._cache, self.reconciler, self._accounts = kinds, cache, reconciler, accounts
        self._objects, self._queue, self._metrics = objects, queue, metrics
        self._at_work: set[JobEntry] = set()
        """Those of the passes that run. Each may be of an object that is gone: the pass releases what it took."""
        self._revivals = Revivals(cache, reconciler.actions.holder, queue.add)
        self.poller = Poller(self, least=reconciler.rules.poll_min, progress_interval=progress_interval)

    # -- what is known

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        """Keep the object, and put its key into the queue where a pass is needed. Does little for a finished one."""
        if not certain and self._cache.is_stale(body):
            return
        if not self.shard.selects(body):  # it was read by name
            self.on_left(key, body)
            return
        known = self._cache.get(key)
        if known is not None and not (certain or known.unreadable) and self._cache.holds(known, body):
            return  # the event of an own write
        if known is not None and known.uid != body["metadata"]["uid"]:  # the end of that one went unseen
            self.on_delete(key, known.body() or stub(key, known.uid))
        # Of another history even a change of the status alone is none of the operator's own.
        news = self._cache.is_news(body) or (known is not None and not known.version)
        unfinished = self._cache.remember(body, certain=certain)
        if (entry := self._cache.get(key)) is None:
            return
        self.reconciler.deletions.since(entry, body)
        self.poller.distrust(key)  # somebody else may have changed what it shows
        if not unfinished:
            self._let_go(entry)
        elif news or entry.unreadable or self._is_spoilt(body):
            self._queue.add(key, patience=SUBMISSION if known is None else 0.0)

    def _is_spoilt(self, body: Body) -> bool:
        """Whether somebody edited what was submitted, or the end."""
        raw = raw_status(body)
        if raw.get("completionTime") and not shows_its_end(raw):
            return True
        return is_spoilt(raw_status(body), self.reconciler.actions.known(body["metadata"]["uid"]))

    def on_left(self, key: Key, body: Body) -> None:
        """What is known of its job counts on, as that of a deleted object does: it is no other object's."""
        self._drop(key, body["metadata"]["uid"])

    def on_delete(self, key: Key, body: Body) -> None:
        uid = body["metadata"]["uid"]
        self._tell_gone(self._kinds[key.kind], body, self._entry(key, uid))
        self._drop(key, uid)

    def _drop(self, key: Key, uid: str) -> None:
        entry = self._entry(key, uid)
        if entry not in self._at_work:  # else the lock is released when its request is answered
            self.reconciler.actions.forget(entry or JobEntry(key, uid, self._kinds[key.kind]))
        self._cache.listeners.on_gone(uid)
        if entry is not None and self._cache.has(entry):
            self._cease(entry)
            self._queue.forget(key)
        if entry is not None:
            self._cache.remove(entry)

    def _entry(self, key: Key, uid: str) -> JobEntry | None:
        """That of a known object, or of one that is gone while a pass over it runs."""
        known = self._cache.get(key)
        return next((entry for entry in (known, *self._at_work) if entry is not None and entry.uid == uid), None)

    def _tell_gone(self, kind: AnyKind, body: Body, entry: JobEntry | None) -> None:
        if "spec" not in body:  # a stub: nothing is kept of what has ended
            self.reconciler.deletions.note(body, Leftover.ENDED)
            return
        unstored, why = entry.unstored if entry else None, ""
        status = unstored.status if unstored else None
        with contextlib.suppress(RecordError):
            status = status or status_of(body, self.reconciler.actions.known(body["metadata"]["uid"]))
        with contextlib.suppress(SpecError):
            spec = parse_spec(kind.resource, body)
            if isinstance(spec, JobSpec) and wants_cancel(spec):  # it had no finalizer, as its kind has no cancel
                why = no_way_to_cancel(kind.traits_of(spec), console=True)
        self.reconciler.deletions.tell(kind.traits, body, status, why=why, entry=entry)

    def _let_go(self, entry: JobEntry) -> None:
        """Nothing is left to do for the object."""
        self.reconciler.actions.let_go(entry)
        self._cease(entry)
        self._cache.settle(entry)

    def _cease(self, entry: JobEntry) -> None:
        """No pass over the object is owed, and none has failed."""
        self._queue.succeeded(entry.key)
        self.poller.unfollow(entry.key)

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

    def distrust(self) -> None:
        self._cache.distrust()

    def wake_all(self) -> None:
        for key in self._cache.unfinished():
            self._queue.add(key)

    def asked(self, key: Key, uid: str, tokens: AskedElsewhere) -> None:
        """These requests on the ProjectJob of the object's job were not answered yet. Idempotent."""
        if (entry := self._entry(key, uid)) is not None:
            entry.asked = tokens

    def wake(self, body: Body, tokens: AskedElsewhere) -> None:
        """The same, and the object is to answer them now. `body`: the object as it is, perhaps finished, or not heard
        of yet."""
        key = key_of(body)
        self.on_upsert(key, body, certain=True)
        if not self.shard.selects(body):
            return
        self.asked(key, body["metadata"]["uid"], tokens)
        self._cache.remember(body, certain=True)  # a finished one has something left to do by now
        self._queue.add(key)

    def rest(self) -> None:
        for entry in self._cache:
            if entry.is_unfinished:
                self.poller.unfollow(entry.key)
                entry.news = None

    def wake_dependents(self, connection: Key) -> None:
        """The connection's state changed: put the keys of its jobs into the queue."""
        for key in self._cache.dependents(connection):
            self._queue.add(key)

    # -- work

    async def reconcile(self, key: Key) -> None:
        entry = self._cache.get(key)
        if entry is None:
            self._queue.succeeded(key)
            return
        entry.unreadable = False
        self._at_work.add(entry)
        try:
            try:
                if entry.is_unfinished and not entry.version and not await self._read_again(entry):
                    return  # it was of a history that is over
                await self._pass(entry)
            except RecordError:  # the cached object may be older than the last write of its status
                if await self._read_again(entry):
                    await self._pass(entry)
        except RecordError as error:
            await self._leave_alone(entry, error)
        except (Conflict, NotFound):
            raise
        except KubeError as error:
            if self._cache.has(entry):
                entry.obstacle = str(error)
            raise
        finally:
            self._at_work.discard(entry)
            if not self._cache.has(entry):  # gone during the pass, and only this pass can release what it took
                self.reconciler.actions.forget(entry)

    async def _read_again(self, entry: JobEntry) -> bool:
        """Whether something is left to do for this object."""
        body = await self._fetched(entry.key)
        if body["metadata"]["uid"] != entry.uid:
            self.on_upsert(entry.key, body, certain=True)
            return False
        if not self.shard.selects(body):
            self.on_left(entry.key, body)
        if not self._cache.has(entry):
            return False
        if self._cache.remember(body, certain=True):
            return True
        self._let_go(entry)
        return False

    async def _fetched(self, key: Key) -> Body:
        return {**await self._objects.get(self.resources[key.kind], key.namespace, key.name), "kind": key.kind}

    async def _leave_alone(self, entry: JobEntry, problem: RecordError) -> None:
        """Do nothing for the object: whatever is done might be done twice. A change of its status starts a pass. An
        object that is being deleted gets a pass that removes its finalizer, since its job cannot be cancelled."""
        body = entry.body()
        if body is None or not self._cache.has(entry):
            return
        entry.unreadable = True
        self.poller.unfollow(entry.key)
        self.reconciler.status_writer.unreadable(body, str(problem))
        if body["metadata"].get("deletionTimestamp"):
            self._queue.add(entry.key)
            return
        self._queue.add(entry.key, REMIND_SECONDS)
        if isinstance(problem, SetBackError):
            now = self.reconciler.clock.now()
            stored = await self.reconciler.status_writer.set_back(entry.kind, body, str(problem), now)
            if self._cache.has(entry) and entry.uid == stored["metadata"]["uid"]:
                self._cache.remember({**stored, "kind": entry.key.kind})

    async def _pass(self, entry: JobEntry) -> None:
        key, body, history = entry.key, entry.body(), self._cache.histories
        if body is None:
            self._queue.succeeded(key)
            if (job_id := take(entry)) is not None:
                await self._look_at_ended(entry, job_id)
            return
        if not self._waits_no_longer(entry, body) and not await self._accounts.is_known(connection_key(body)):
            entry.obstacle = f"ZillizConnection {connection_key(body).name} is not checked yet"
            self._queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        tries, seen = self._queue.failures(key), None
        news, entry.news = entry.news, None
        if news is not None and news.stamp == stamp_of(status_of(body)):
            seen, tries = news.seen, max(tries, CERTAIN) if news.certain else tries
        result = await self.reconciler.reconcile(entry, body, tries, seen)
        self._metrics.passes.labels(key.kind, "learnt" if result.learnt else "fruitless").inc()
        if not self._cache.has(entry):
            return  # gone meanwhile; its successor, if there is one, is in the queue
        if result.body is not None and version_of(result.body) != version_of(body):
            await self._cache.listeners.on_stored({**result.body, "kind": key.kind})
            if not self._cache.has(entry):
                return
        if result.learnt:
            self._queue.succeeded(key)
        else:
            self._queue.failed(key)
        if history != self._cache.histories:  # the object may be another one than what was stored here
            self._queue.add(key)
            return
        if result.body is None or not self._cache.remember(result.body, same=result.body is body):
            self._let_go(entry)
            return
        stored = None if seen is None or entry.held_back else seen
        self._look_again(entry, result.body, result.look, stored)
        if result.wake is not None or not self.poller.attends(key):
            self._queue.add(key, LATEST_SECONDS if result.wake is None else result.wake)

    def _waits_no_longer(self, entry: JobEntry, body: Body) -> bool:
        """Whether the object is being deleted for so long that its pass does not wait for a check of its
        connection."""
        since = self.reconciler.deletions.since(entry, body)
        waited = timedelta(seconds=self.reconciler.rules.look_on_delete)
        return since is not None and self.reconciler.clock.now() - since >= waited

    # -- polling

    def _look_again(self, entry: JobEntry, body: Body, look: float | None, stored: Reading | None) -> None:
        """`body`: the object as the pass left it; the cache may have something newer by now. `stored`: what was seen
        of the job, where the object tells all of it."""
        key, is_newest = entry.key, version_of(body).resource_version == entry.version
        subject = self._subject(key, body if is_newest else entry.body()) if look is not None else None
        account = self._accounts.connections.usable(subject.connection) if subject else None
        if look is None or subject is None:
            self.poller.unfollow(key)
        elif account is None:
            self.poller.unfollow(key)
            self._queue.add(key, max(look, FIRST_CHECK_SECONDS))
        else:
            self.poller.follow(key, subject, account, look, stored if is_newest else None)

    def subject(self, key: Key) -> Subject | None:
        return self._subject(key, self._cache.body(key))

    def _subject(self, key: Key, body: Body | None) -> Subject | None:
        if body is None:
            return None
        kind = self._kinds[key.kind]
        try:
            spec, status = parse_spec(kind.resource, body), status_of(body)
        except (SpecError, RecordError):
            return None
        return Subject(kind, spec, status, connection_key(body)) if isinstance(spec, JobSpec) else None

    async def account(self, connection: Key) -> Account | None:
        return await self._accounts.connections.account(connection)

    def behind(self) -> float:
        return self._queue.behind

    def stranger(self, row_id: str, row: Any) -> None:
        self._revivals.stranger(row_id, row)

    def tell(self, key: Key, news: JobNews) -> None:
        entry = self._cache.get(key)
        if entry is not None and entry.is_unfinished:
            entry.news = news
            self._queue.add(key, patience=news.patience)

    async def _look_at_ended(self, entry: JobEntry, job_id: str) -> None:
        """A list shows a job as running whose end was seen. The list may be old, so the job itself is read. Raises
        KubeError."""
        kind, key = entry.kind, entry.key
        body = await self._fetched(key)
        if body["metadata"]["uid"] != entry.uid:
            self.on_upsert(key, body, certain=True)
            return
        account = self._accounts.connections.usable(connection_key(body))
        try:
            status, spec = status_of(body), parse_spec(kind.resource, body)
        except (SpecError, RecordError):
            return
        if account is None or status.job_id != job_id or not isinstance(spec, JobSpec):
            return
        seen = await kind.read(account, spec, status)
        if isinstance(seen, Seen):
            result = await self.reconciler.reconcile(entry, body, 0, Revived(seen))
            if result.body is not None and version_of(result.body) != version_of(body):
                self.on_upsert(key, result.body, certain=True)
                await self._cache.listeners.on_stored({**result.body, "kind": key.kind})
