"""An object is deleted and made anew under its name, at any moment. If these fail, the new one gets the job, the
status or the finalizer of the old one, or never gets its turn.

The moments are all that the operator waits in: before and after each request to Kubernetes, each verb of the kind and
each question for a connection. They are counted in a life without a replacement, and not listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.examples import sized
from tests.unit.engine.hall import Body, Hall, hall, place

from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core.observation import Absent, Accepted, CancelAccepted, EffectUnknown, Found, Prepared

pytestmark = pytest.mark.looptime


class Moments:
    """Counts the moments, and replaces the object in one of them. `blunt`: no watch tells of the deletion, and a
    finalizer is taken off by a person; `wait`: the moment lasts so long."""

    def __init__(self, stage: Hall, spec: Body, *, at: int = -1, blunt: bool = False, wait: float = 0.0) -> None:
        self.stage, self.spec, self.at, self.blunt, self.wait = stage, spec, at, blunt, wait
        self.seen = 0
        self.names: list[str] = []
        self.uids: list[str] = []
        self.tokens: dict[str, str] = {}  # by job: of which submission it is
        self.stored: list[Body] = []
        self.lose = 0
        kind, api, connections = stage.kind, stage.api, stage.engine.connections
        for verb in ("prepare", "submit", "look", "read", "cancel"):
            setattr(kind, verb, self._wrapped(verb, getattr(self, verb, getattr(kind, verb))))
        api.request = self._wrapped("kubernetes", api.request)  # type: ignore[method-assign]
        connections.account = self._wrapped("account", connections.account)  # type: ignore[method-assign]
        told = api.tell

        def tell(what: str, body: Body) -> None:
            self.stored.append(body)
            if not (self.blunt and what == "gone"):
                told(what, body)

        api.tell = tell

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        async def both(*args: Any, **named: Any) -> Any:
            what = name
            if name == "kubernetes":
                if "/backupjobs/" not in args[1]:
                    return await call(*args, **named)
                what = f"{args[0]} {args[1].removeprefix(place('one'))}"
            await self._moment(f"before {what}")
            answer = await call(*args, **named)
            await self._moment(f"after {what}")
            return answer

        return both

    async def _moment(self, name: str) -> None:
        self.names.append(name)
        self.seen += 1
        if self.seen - 1 == self.at and len(self.uids) == 1:
            self.replace()
            await asyncio.sleep(self.wait)

    def make(self) -> None:
        self.uids.append(self.stage.job("one", spec=self.spec))

    def replace(self) -> None:
        where = place("one")
        if self.blunt and where in self.stage.api.objects:
            self.stage.api.objects[where]["metadata"].pop("finalizers", None)
        if where in self.stage.api.objects:
            self.stage.api.delete(where)
        if where not in self.stage.api.objects:
            self.make()
        else:
            asyncio.get_running_loop().call_later(0.5, self.replace)

    # -- the cloud: all jobs there are, with whose they are

    async def prepare(self, _account: Any, _spec: Any, context: Any, *, holder: str) -> Any:
        await asyncio.sleep(0.001)
        return Prepared(context.token, holder, {"backups": [f"b-{job}" for job in self.tokens]})

    async def cancel(self, *_: Any) -> Any:
        await asyncio.sleep(0.001)
        return CancelAccepted()

    async def submit(self, _account: Any, spec: Any, request: Any) -> Any:
        request.fence()
        job = f"job-{next(self.stage.kind.jobs)}"
        self.stage.kind.posts.append((spec.cluster_id, job))
        assert request.submission.token not in self.tokens.values(), "sent twice"
        self.tokens[job] = request.submission.token
        await asyncio.sleep(0.001)
        if self.lose:
            self.lose -= 1
            return EffectUnknown("lost")
        return Accepted({"jobId": job, "backupId": f"b-{job}"})

    async def look(self, _account: Any, _spec: Any, submission: Any, free: Callable[[str], bool]) -> Any:
        """The list shows what began since, and not whose it is."""
        await asyncio.sleep(0.001)
        known = set((submission.baseline or {}).get("backups") or ())
        new = [job for job in self.tokens if f"b-{job}" not in known and free(job) and free(f"b-{job}")]
        if not new:
            return Absent()
        return Found({"jobId": new[0], "backupId": f"b-{new[0]}"}, Evidence.INFERRED)

    # -- what must hold

    def judge(self, what: str) -> None:
        api = self.stage.api
        old, new = self.uids[0], self.uids[-1]
        last = api.objects[place("one")]
        status = last["status"]
        assert status["state"] == "Successful", (what, status)
        own = status["jobId"]
        assert self.tokens[own] == status["submission"]["token"], f"{what}: it has the job of another submission"
        mine = {body["metadata"]["uid"]: set() for body in self.stored}  # type: ignore[var-annotated]
        for body in self.stored:
            uid, status = body["metadata"]["uid"], body.get("status") or {}
            mine[uid] |= {(status.get("submission") or {}).get("token"), status.get("jobId")} - {None}
        if old != new:
            assert not mine[old] & mine[new], f"{what}: something of the old one is in the new one"
            assert len(self.tokens) <= 2, what
        for event in api.events.values():
            about = event["involvedObject"]["uid"]
            assert about in mine, what
            for job in self.tokens:
                if f"{job} " in f"{event['message']} ".replace(",", " ").replace(".", " ").replace(";", " "):
                    assert job in mine[about] or about == old, f"{what}: {event['message']}"
        registry = self.stage.engine.ownership
        assert not registry._open, f"{what}: a lock is held for ever"
        assert set(registry._holdings) <= {new}, f"{what}: {registry._holdings}"
        known = self.stage.engine.jobcenter.forwarding._own
        assert set(known._kept) == {new}, what
        assert [entry.uid for entry in self.stage.engine.cache] == [new], what
        assert not any(entry.report_held or entry.line or entry.turn for entry in self.stage.engine.cache), what


PLAIN: Body = {"clusterId": "c"}
CANCEL: Body = {"clusterId": "c", "deletionPolicy": "Cancel"}


async def life(
    monkeypatch: pytest.MonkeyPatch,
    spec: Body,
    *,
    lose: int = 0,
    at: int = -1,
    blunt: bool = False,
    wait: float = 0.0,
) -> Moments:
    """One life, with a replacement or without."""
    async with hall(monkeypatch) as stage:
        moments = Moments(stage, spec, at=at, blunt=blunt, wait=wait)
        moments.lose = lose
        moments.make()
        what = "a life without a replacement"
        if at >= 0:
            await stage.until(lambda: len(moments.uids) == 2)
            what = f"{at}, {moments.names[at]}"
        began = asyncio.get_running_loop().time()
        try:
            await stage.finished("one")
        except AssertionError:
            raise AssertionError(f"{what}: {stage.api.status('one')}") from None
        assert asyncio.get_running_loop().time() - began < 60 + wait, f"{what}: it had to wait"
        await asyncio.sleep(90)
        moments.judge(what)
        return moments


@pytest.mark.parametrize("blunt", [True, False][: sized(2, 1)], ids=lambda blunt: "untold" if blunt else "told")
@pytest.mark.parametrize("lose", [0, 1], ids=["answered", "lost"])
@pytest.mark.parametrize(("spec", "wait"), [(PLAIN, 5.0), (CANCEL, 0.0)], ids=["plain", "cancel"])
async def test_it_is_replaced_at_any_moment_and_nothing_of_the_old_one_lands_in_the_new(
    monkeypatch, spec, wait, lose, blunt
):
    whole = await life(monkeypatch, spec, lose=lose)
    assert len(whole.tokens) == 1
    assert {"before prepare", "after submit", "before PATCH /status", "after read"} <= set(whole.names)
    wrong = []
    for at in range(whole.seen):
        try:
            await life(monkeypatch, spec, lose=lose, at=at, blunt=blunt, wait=wait)
        except AssertionError as error:
            wrong.append(str(error)[:300])
    assert not wrong, "\n".join(wrong)


async def test_the_new_one_waits_until_the_request_of_the_old_one_is_answered(monkeypatch):
    """Else the old one's job could be taken for the new one's lost submission."""
    async with hall(monkeypatch) as stage:
        stage.kind.hold = asyncio.Event()
        stage.job("one", spec=PLAIN)
        await stage.until(lambda: stage.kind.posts)
        stage.api.delete(place("one"))
        stage.job("one", spec=PLAIN)
        stage.job("other", spec=PLAIN)
        await asyncio.sleep(30)
        assert len(stage.kind.posts) == 1
        stage.kind.hold.set()
        began = asyncio.get_running_loop().time()
        for name in ("one", "other"):
            assert (await stage.finished(name))["jobId"] in ("job-2", "job-3")
        assert asyncio.get_running_loop().time() - began < 20
