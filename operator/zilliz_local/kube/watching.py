"""Watches: a stream of changes from a version on, with bookmarks and a time-out.

`view` words the changes for one watch, `store` hands them over, `faults` may silence or close it.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from aiohttp import web

from zilliz_local.kube.accept import Form
from zilliz_local.kube.faults import Faults, OpenWatch
from zilliz_local.kube.listing import Lister, as_version, selection
from zilliz_local.kube.record import encode
from zilliz_local.kube.refusal import Cause, RefusalError, invalid, too_old
from zilliz_local.kube.route import Route
from zilliz_local.kube.stats import Stats
from zilliz_local.kube.store import Store, Subscription
from zilliz_local.kube.view import View

LONGEST = 1800.0
BATCH = 500


class Watcher:
    """Answers watch requests."""

    def __init__(
        self,
        store: Store,
        lister: Lister,
        faults: Faults,
        stats: Stats,
        now: Callable[[], datetime],
        bookmark_seconds: float,
    ) -> None:
        self._store, self._lister, self._faults, self._stats = store, lister, faults, stats
        self._now, self._pause = now, bookmark_seconds

    async def serve(self, request: web.Request, route: Route, form: Form) -> web.StreamResponse:
        query = request.query
        view = View(route.resource, selection(route, query), form, query.get("includeObject") or "Metadata")
        initial = _wants_initial(query)
        since = as_version(query.get("resourceVersion", ""))
        floor = self._store.floor(route.resource.key)
        stale = 0 < since < floor and not initial
        if stale and self._faults.gone_by_status:
            raise too_old(since, floor)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if stale:
            await response.prepare(request)
            await response.write(encode({"type": "ERROR", "object": too_old(since, floor).status()}) + b"\n")
            return response
        first = self._existing(view) if initial or not since else b""
        if initial and _asked(query, "allowWatchBookmarks"):
            first += view.bookmark(self._store.version, initial=True)
        start = self._store.version if initial or not since else since
        subscription = self._store.subscribe(view.resource.key, start)
        watch = OpenWatch(request.path, subscription.wake)
        self._faults.watches.add(watch)
        self._stats.watches += 1
        try:
            await response.prepare(request)
            await self._stream(response, view, subscription, watch, query, first)
        finally:
            self._store.unsubscribe(view.resource.key, subscription)
            self._faults.watches.discard(watch)
            self._stats.watches -= 1
        return response

    def _existing(self, view: View) -> bytes:
        records = self._lister.select(view.resource, view.selection)
        return b"".join(view.event("ADDED", one, self._now(), head=not index) for index, one in enumerate(records))

    async def _stream(
        self,
        response: web.StreamResponse,
        view: View,
        subscription: Subscription,
        watch: OpenWatch,
        query: Mapping[str, str],
        first: bytes,
    ) -> None:
        clock = asyncio.get_running_loop().time
        bookmarks = _asked(query, "allowWatchBookmarks")
        end = clock() + float(query.get("timeoutSeconds") or LONGEST)
        mark = clock() + self._pause if bookmarks else end
        head = not first
        await self._speech(watch)
        if first and not watch.closed:
            await response.write(first)
        while True:
            await _woken(subscription, min(end, mark) - clock())
            await self._speech(watch)
            if watch.closed:
                return
            head = await self._send(response, view, subscription, head=head)
            late = clock()
            if bookmarks and late >= min(mark, end) and not subscription.pending:
                mark = late + self._pause
                await response.write(view.bookmark(self._store.version))
            if late >= end:
                return

    async def _send(
        self, response: web.StreamResponse, view: View, subscription: Subscription, *, head: bool
    ) -> bool:
        """Send what is pending; returns whether the columns of a Table are still to be defined."""
        changes = subscription.drain()
        for start in range(0, len(changes), BATCH):
            lines = []
            for change in changes[start : start + BATCH]:
                line = view.line(change, self._now(), head=head)
                if line:
                    head = False
                    lines.append(line)
            if lines:
                await response.write(b"".join(lines))
        return head

    async def _speech(self, watch: OpenWatch) -> None:
        """Return at once, or when a silenced watch may speak again or is closed."""
        while self._faults.silent(watch.path) and not watch.closed:
            watch.wake.clear()
            await watch.wake.wait()


async def _woken(subscription: Subscription, seconds: float) -> None:
    """Until something happens to the watch or time is up."""
    if subscription.pending:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await subscription.wake.wait()


def _asked(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("true", "1")


def _wants_initial(query: Mapping[str, str]) -> bool:
    """Is it a WatchList request? Its parameters belong together."""
    wanted = query.get("sendInitialEvents")
    match = query.get("resourceVersionMatch", "")
    if wanted is None and not match:
        return False
    if wanted is None:
        raise _bad_options("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    if match != "NotOlderThan":
        raise _bad_options("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    return wanted == "true"


def _bad_options(words: str) -> RefusalError:
    cause = Cause("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {words}")
    return invalid("meta.k8s.io", "ListOptions", "", [cause])
