"""One watch for each kind and namespace. They are independent: the failure of one stops no other.

A kind that the API server does not serve is tried again and again, so its CRD may be installed later, or be removed
and come back. A watch that reports nothing and does not last its time is begun again with a list. A read that gives
an older version than a watch reported means that the history of the cluster went back (etcd was restored from a
backup): then everything is listed again, and no known version counts. Events alone prove nothing, since they need not
come in the order of their versions. Nor does a newer version, where a watch was cut and the API server did not answer
for a while: another history may have come as far by then. So everything is listed again after that too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence, Set
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.clock import steady
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.signs import Cut, Listed, Mark, Open, Sign, Told
from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.kube.errors import KubeError, NotServed, Unavailable

ASK_AGAIN_SECONDS = 3.0  # for a kind that is not served
AFTER_CUT_SECONDS = 1.0  # until the API server is asked what it holds now, after it cut a watch
AWAY_SECONDS = 5.0  # without an answer; a leader renews its Lease, and others read it, more often
MAX_PAUSE = 30.0  # seconds, before a watch that failed is begun again

log = logging.getLogger(__name__)


class State(StrEnum):
    """The state of a watch, in words for people."""

    STARTING = "not listed yet"
    WATCHING = "watched"
    NOT_SERVED = "its CRD is not installed"
    BROKEN = "its watch fails"


class Listener(Protocol):
    """Receives what the watches report; `engine.feed.Feed` is one."""

    def on_upsert(self, body: Body) -> None:
        """The object is there, perhaps as it was known already; versions may come out of order."""

    def on_delete(self, body: Body) -> None:
        """The object is gone. `body`: as the watch last saw it."""

    def listed(self, kind: str, namespace: str | None, uids: Set[str]) -> None:
        """These objects exist, and no other of the kind and namespace."""

    def served(self, kind: str, *, served: bool) -> None:
        """Whether the API server serves the kind."""

    def rewound(self) -> None:
        """The history of the cluster went back."""


@dataclass(eq=False)
class Watch:
    """One watch. `heard_at`: time of its last sign; `told`: the newest version that it reported; `read`: the version
    of the last consistent read, which the watch may not have reached yet; `doubted`: a read is due, whatever the
    watch reports."""

    resource: Resource
    namespace: str | None
    heard_at: float
    state: State = State.STARTING
    told: int = 0
    read: int = 0
    doubted: bool = True
    tries: int = 0
    task: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self.resource.kind} in {self.namespace}" if self.namespace else self.resource.kind


class Watches:
    """`limit`: seconds without a sign, after which a watch counts as silent. `newest`: the present version of the
    objects of a kind and namespace, by a read that is consistent; raises KubeError. `silence`: the longest time
    without an answer of the API server, in seconds, since this was asked last."""

    def __init__(
        self,
        resources: Sequence[Resource],
        namespaces: Sequence[str | None],
        open_: Open,
        listener: Listener,
        newest: Callable[[Resource, str | None], Awaitable[int]],
        *,
        limit: float,
        silence: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = steady,
    ) -> None:
        self._open, self._listener, self._newest, self._limit, self._clock = open_, listener, newest, limit, clock
        self._silence = silence
        self._watches = [Watch(one, namespace, clock()) for one in resources for namespace in namespaces]
        self._ending: set[asyncio.Task[None]] = set()
        self._check: asyncio.Task[None] | None = None
        self._cut = asyncio.Event()

    def start(self) -> None:
        """Begin all watches, each as a task. Call once, in a running event loop."""
        for watch in self._watches:
            self._begin(watch)
        self._check = asyncio.create_task(self._check_all(), name="silent watches")

    async def close(self) -> None:
        """End all watches, and wait until they have ended."""
        tasks = [watch.task for watch in self._watches if watch.task] + [*self._ending]
        tasks += [self._check] if self._check else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether the task of every watch still runs; a watch that fails has one that tries again."""
        tasks = [self._check, *(watch.task for watch in self._watches)]
        return all(task is not None and not task.done() for task in tasks)

    @property
    def unwatched(self) -> dict[str, State]:
        """The kinds that are not watched, or not everywhere, and why. Any thread may ask."""
        return {watch.resource.kind: watch.state for watch in self._watches if watch.state is not State.WATCHING}

    @property
    def told(self) -> str:
        """For people."""
        missing = ", ".join(f"{kind} ({state})" for kind, state in sorted(self.unwatched.items()))
        return f"not watched: {missing}" if missing else "all kinds are watched"

    # -- one watch

    def _begin(self, watch: Watch) -> None:
        if watch.task is not None:
            self._ending.add(watch.task)
            watch.task.add_done_callback(self._ending.discard)
            watch.task.cancel()
        watch.heard_at, watch.told, watch.read = self._clock(), 0, 0
        watch.task = asyncio.create_task(self._follow(watch), name=f"watch of {watch}")

    async def _follow(self, watch: Watch) -> None:
        while True:
            try:
                async with aclosing(self._open(watch.resource, watch.namespace)) as signs:
                    async for sign in signs:
                        self._take(watch, sign)
                self._fails(watch, "it ended")
            except NotServed:
                self._is_not_served(watch)
                await asyncio.sleep(ASK_AGAIN_SECONDS)
                continue
            except Exception as error:
                self._fails(watch, f"{type(error).__name__}: {error}")
            await asyncio.sleep(exponential(watch.tries, base=1.0, cap=MAX_PAUSE, jitter=0.5))
            watch.tries += 1

    def _take(self, watch: Watch, sign: Sign) -> None:
        if isinstance(sign, Cut):  # no sign of life
            watch.doubted = True
            self._cut.set()
            return
        watch.heard_at = self._clock()
        match sign:
            case Told(body, gone, listed):
                if not listed:
                    self._has_told(watch, _version(body))
                (self._listener.on_delete if gone else self._listener.on_upsert)(body)
            case Mark():
                pass
            case Listed(uids):
                self._is_listed(watch, uids)

    def _is_listed(self, watch: Watch, uids: frozenset[str]) -> None:
        before, watch.state, watch.doubted, watch.tries = watch.state, State.WATCHING, True, 0
        if before in (State.NOT_SERVED, State.BROKEN):
            log.info("%s is watched again: %d objects", watch, len(uids))
        if not self._is_unserved(watch.resource):
            self._listener.served(watch.resource.kind, served=True)
        self._listener.listed(watch.resource.kind, watch.namespace, uids)

    def _is_not_served(self, watch: Watch) -> None:
        if watch.state is not State.NOT_SERVED:
            log.warning(
                "%s is not watched: the API server does not serve it; install the CRD %s, no restart is needed",
                watch,
                watch.resource.crd_name,
            )
        watch.state, watch.told, watch.read, watch.tries = State.NOT_SERVED, 0, 0, 0
        self._listener.served(watch.resource.kind, served=False)

    def _is_unserved(self, resource: Resource) -> bool:
        return any(one.resource is resource and one.state is State.NOT_SERVED for one in self._watches)

    def _fails(self, watch: Watch, why: str) -> None:
        if watch.state is not State.BROKEN:
            log.warning("%s is not watched: %s; it is tried again", watch, why)
        watch.state = State.BROKEN

    # -- what no watch tells by itself

    def _has_told(self, watch: Watch, version: int) -> None:
        watch.doubted |= version < watch.told
        watch.told = max(version, watch.told)

    def went_back(self, what: object, before: int, version: int) -> None:
        """A consistent read of `what` gave an older version than was known before it: list everything again."""
        self._distrust(f"the history of the cluster went back ({what}: from version {before} to {version})")

    def _distrust(self, why: str) -> None:
        log.warning("%s; everything is listed anew", why)
        for one in self._watches:
            one.told = one.read = 0
        asyncio.get_running_loop().call_soon(self._list_anew)
        self._listener.rewound()

    def _list_anew(self) -> None:
        for one in self._watches:
            self._begin(one)

    async def _check_all(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limit / 4):
                    await self._cut.wait()
                    await asyncio.sleep(AFTER_CUT_SECONDS)
            was_cut = self._cut.is_set()
            self._cut.clear()
            answered = await self._ask_all()
            if was_cut and not answered:
                self._cut.set()  # until the API server answers, no watch can tell anything
            elif was_cut and (away := self._silence()) > AWAY_SECONDS:
                self._distrust(f"the API server did not answer for {away:.0f} s, and may have another history now")

    async def _ask_all(self) -> bool:
        """Ask what the API server holds of each kind whose watch is silent or doubted. False: it cannot be asked."""
        for watch in self._watches:
            silent = self._clock() - watch.heard_at
            if watch.state is State.WATCHING and (silent > self._limit / 2 or watch.doubted):
                try:
                    await self._ask(watch, silent)
                except Unavailable:
                    return False
                except KubeError:
                    continue  # its turn comes again
        return True

    async def _ask(self, watch: Watch, silent: float) -> None:
        task = watch.task
        try:
            version = await self._newest(watch.resource, watch.namespace)
        except NotServed:
            self._begin(watch)  # whose list finds that out too
            return
        if watch.task is not task or watch.state is not State.WATCHING:
            return
        if 0 < version < max(watch.told, watch.read):
            self.went_back(watch, max(watch.told, watch.read), version)
            return
        watch.read, watch.doubted = version, False
        if silent > self._limit:
            log.warning("the watch of %s told nothing for %.0f s; it is begun anew", watch, silent)
            self._begin(watch)


def _version(body: Body) -> int:
    """Opaque by contract, a number in fact; 0 where it is none."""
    with suppress(TypeError, ValueError):
        return int(body["metadata"].get("resourceVersion") or 0)
    return 0
