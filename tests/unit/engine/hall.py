"""The whole Engine in virtual time, on a Kubernetes API of dicts and a kind that does what the test says.

Watches tell of every change in the next turn of the loop, as a copy.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from tests.unit.engine.fakes import Kind, backup

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import format_time
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.core.observation import Accepted, Seen, Undecided
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.engine import runtime
from zilliz_jobs.engine.runtime import Engine
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, Invalid, NotFound, Unavailable
from zilliz_jobs.settings import Settings
from zilliz_local.kube.jsonpatching import json_patched
from zilliz_local.kube.patching import merged

Body = dict[str, Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds() -> float:
    return asyncio.get_running_loop().time()


class Api:
    """What the engine asks of a KubeClient: objects in dicts, versions, preconditions, and the watches.

    With the stand-in in its place, which judges each object by its schema, the tests of this folder take twice as
    long. So `test_hall` holds that the answers are the same."""

    def __init__(self) -> None:
        self.objects: dict[str, Body] = {}
        self.events: dict[str, Body] = {}
        self.calls: Counter[str] = Counter()
        self.tell: Callable[[str, Body], None] = lambda _what, _body: None
        self._versions = count(1000)
        self.namespace = "ns"
        self.shift: timedelta | None = None  # of its own clock; None: its answers carry no date
        self.on_answer: Callable[[str, float], None] = lambda _date, _took: None
        self.slow, self.away = 0.0, False  # seconds that an answer takes longer; whether none comes

    async def get(self, path: str, query: Any = None) -> Body:
        return await self.request("GET", path, query=query)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Any = None,
        body: Any = None,
        content_type: str = "",
        timeout: float = 0,
    ) -> Body:
        await asyncio.sleep(0.001 + self.slow)
        if self.away:
            raise Unavailable("no answer")
        if self.shift is not None:
            self.on_answer(format_datetime(self.now(), usegmt=True), 0.001)
        path = unquote(path)
        status = path.endswith("/status")
        where = path.removesuffix("/status")
        self.calls[f"{method} {where.split('/')[-2] if method != 'POST' else where.split('/')[-1]}"] += 1
        if method == "POST" and where.endswith("/events"):
            name = body["metadata"]["name"]
            if name in self.events:
                raise AlreadyExists("known")
            self.events[name] = body
            return dict(body)
        if method == "GET" and where.count("/") < 7 and where not in self.objects:
            plural = where.rsplit("/", 1)[-1]
            return {"items": [copy.deepcopy(o) for p, o in self.objects.items() if f"/{plural}/" in p]}
        if where not in self.objects:
            raise NotFound("gone")
        live = self.objects[where]
        if method == "DELETE":
            wanted = (body or {}).get("preconditions") or {}
            if any(live["metadata"].get(name) != value for name, value in wanted.items()):
                raise Conflict("another")
            self.delete(where)
        elif method == "PATCH":
            if content_type.startswith("application/json-patch"):
                try:
                    new = json_patched(live, body)
                except Exception as error:
                    raise Invalid(str(error)) from None
            else:
                meta = body.get("metadata") or {}
                if (
                    meta.get("resourceVersion", live["metadata"]["resourceVersion"])
                    != live["metadata"]["resourceVersion"]
                ):
                    raise Conflict("changed")
                if meta.get("uid", live["metadata"]["uid"]) != live["metadata"]["uid"] and not status:
                    raise Invalid("uid is immutable")
                new = merged(live, body)
            part = "status" if status else "metadata"
            self._store(where, {**live, part: new[part]})
        return copy.deepcopy(self.objects.get(where, live))

    def now(self) -> datetime:
        return NOON + timedelta(seconds=seconds()) + (self.shift or timedelta(0))

    # -- people

    def put(self, body: Body) -> str:
        where = place(body["metadata"]["name"])
        body["metadata"]["uid"] = f"uid-{next(self._versions)}"
        body["metadata"]["creationTimestamp"] = format_time(self.now())
        self._store(where, body)
        return str(body["metadata"]["uid"])

    def edit(self, name: str, change: Body) -> None:
        self._store(place(name), merged(self.objects[place(name)], change))

    def delete(self, where: str) -> None:
        live = self.objects[where]
        if live["metadata"].get("finalizers"):
            self._store(where, merged(live, {"metadata": {"deletionTimestamp": "2026-03-01T12:00:00Z"}}))
            return
        self._told("gone", self.objects.pop(where))

    def status(self, name: str) -> Body:
        return self.objects[place(name)].get("status") or {}

    def _store(self, where: str, body: Body) -> None:
        body = copy.deepcopy(body)
        body["metadata"]["resourceVersion"] = str(next(self._versions))
        meta = body["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self.objects.pop(where, None)
            self._told("gone", body)
            return
        self.objects[where] = body
        self._told("changed", body)

    def _told(self, what: str, body: Body) -> None:
        asyncio.get_running_loop().call_soon(self.tell, what, copy.deepcopy(body))


def place(name: str) -> str:
    return f"/apis/jobs.zilliz.com/v1alpha1/namespaces/ns/backupjobs/{name}"


class CloudKind(Kind):
    """Takes every job, and ends it well at the second look. Counts its calls by verb."""

    def __init__(self) -> None:
        super().__init__([])
        self.calls: Counter[str] = Counter()
        self.posts: list[tuple[str, str]] = []  # name of the target, job
        self.jobs = count(1)
        self.lookup: Any = Undecided("nothing can tell")
        self.reading: Any = None
        self.looks: Counter[str] = Counter()
        self.hold: asyncio.Event | None = None

    def listed(self, *_: Any) -> None:
        return None

    async def prepare(self, *args: Any, **named: Any) -> Any:
        self.calls["prepare"] += 1
        await asyncio.sleep(0.001)
        return await super().prepare(*args, **named)

    async def submit(self, _account: Any, spec: Any, request: Any) -> Any:
        request.fence()
        self.calls["submit"] += 1
        job = f"job-{next(self.jobs)}"
        self.posts.append((spec.cluster_id, job))
        if self.hold is not None:
            await self.hold.wait()
        await asyncio.sleep(0.001)
        return Accepted({"jobId": job, "backupId": f"b-{job}"})

    async def look(self, *_: Any) -> Any:
        self.calls["look"] += 1
        await asyncio.sleep(0.001)
        return self.lookup

    async def read(self, _account: Any, _spec: Any, status: Any) -> Any:
        self.calls["read"] += 1
        await asyncio.sleep(0.001)
        if self.reading is not None:
            return self.reading
        job = status.job_id
        self.looks[job] += 1
        if self.looks[job] < 2:
            return Seen(State.IN_PROGRESS, "IN_PROGRESS", job_id=job)
        del self.looks[job]
        return Seen(State.SUCCESSFUL, "SUCCESSFUL", job_id=job, result={"backupId": f"b-{job}"})


class Connections:
    """All are good. The session has what the poll plan asks of one."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.limiter = Limiter()
        session = SimpleNamespace(console=None, limiter=self.limiter)
        session.low_priority = session
        self.one = SimpleNamespace(session=session, project_id="")
        self.one.low_priority = self.one
        self.known = SimpleNamespace(is_known=True)

    def link(self, _key: Any, *, parting: bool = False) -> Link:
        return Link(console=True, settle_seconds=10)

    def usable(self, _key: Any) -> Any:
        return self.one

    async def account(self, _key: Any, *, parting: bool = False) -> Any:
        return self.one

    def suspect(self, _key: Any) -> bool:
        return False

    def bodies(self, _namespace: str) -> list[Body]:
        return []

    def uids(self) -> dict[Any, str]:
        return {}

    def get(self, _key: Any) -> Any:
        return self.known

    def on_upsert(self, _key: Any, _body: Body) -> Any:
        return self.known

    async def close(self) -> None:
        pass


class Hall:
    engine: Engine

    def __init__(self, api: Api, kind: CloudKind, shift: timedelta) -> None:
        self.api, self.kind = api, kind
        self.shift = shift  # somebody sets the operator's clock

    def now(self) -> datetime:
        return (NOON + timedelta(seconds=seconds()) + self.shift).replace(microsecond=0)

    def job(self, name: str, **more: Any) -> str:
        more.setdefault("spec", {"clusterId": name})
        return self.api.put(backup(name, **more))

    def heard(self, what: str, body: Body) -> None:
        (self.engine.on_delete if what == "gone" else self.engine.on_upsert)(body)

    async def until(self, holds: Callable[[], Any], within: float = 600.0) -> None:
        end = seconds() + within
        while not holds():
            assert seconds() < end, "it did not come"
            await asyncio.sleep(0.05)

    async def finished(self, name: str) -> Body:
        await self.until(lambda: self.api.status(name).get("completionTime"))
        return self.api.status(name)


@asynccontextmanager
async def hall(
    monkeypatch: pytest.MonkeyPatch,
    leadership: Leadership | None = None,
    *,
    shift: timedelta = timedelta(0),
    server: timedelta | None = None,
    kind: CloudKind | None = None,
    **settings: Any,
) -> AsyncIterator[Hall]:
    """`shift`: of the operator's clock; `server`: of the API server's, None where its answers carry no date."""

    async def checked(_self: Any) -> bool:
        return False

    monkeypatch.setattr(runtime, "Connections", Connections)
    monkeypatch.setattr(CrdCheck, "check", checked)
    api, kind = Api(), kind or CloudKind()
    inside = Hall(api, kind, shift)
    api.shift = server
    options, clock = Settings(**{"workers": 4} | settings), ServerClock(inside.now, seconds)
    inside.engine = engine = Engine(options, api, leadership, clock=clock)  # type: ignore[arg-type]
    engine.kinds["BackupJob"] = kind
    engine.status_writer._clock = seconds  # else progress would be news only where the test's machine is slow
    api.tell = inside.heard
    await api.get("/version")  # as the comparison of the definitions would, which is left out here
    await engine.start()
    try:
        yield inside
    finally:
        lost = engine.sweep.lost() if engine.leadership.works else []
        await engine.stop()
    assert not lost, f"nothing would have looked at these again: {lost}"
