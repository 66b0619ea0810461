"""One engine with a real election, its Kubernetes, its cloud and its rival, in a loop whose virtual time can jump.

For tests that are not coroutines themselves: each deed runs the loop for as long as it takes.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any

import looptime
import pytest
from tests.support.loopclock import NOOP_CYCLES
from tests.unit.engine.electors import Line, Machine, Server
from tests.unit.engine.hall import Body, Hall, hall, place, seconds
from tests.unit.engine.lapsecloud import LapseCloud

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.control.fence import MARGIN_SECONDS, Fence
from zilliz_jobs.control.leaderelection import Elector, Pace
from zilliz_jobs.jobs import reconciler
from zilliz_jobs.polling import keypoller

CALM = 240.0  # seconds after the last trouble until every end is told
TTL = 20
ORDERS: dict[str, Body] = {
    "plain": {},
    "suspended": {"suspend": True},
    "cancelled by its deletion": {"deletionPolicy": "Cancel"},
    "short-lived": {"ttlSecondsAfterFinished": TTL},
}


class Loop(looptime.LoopTimeEventLoop, asyncio.SelectorEventLoop):  # type: ignore[misc]
    """What was due while the time jumped runs then, all at once."""

    jumped = 0.0

    def time(self) -> float:
        return float(super().time()) + self.jumped


class Alarms(logging.Handler):
    """What the operator says that should not happen."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(self.format(record))


class LeadWorld:
    """The sweep is switched off: nothing may need it."""

    inside: Hall

    def __init__(self) -> None:
        self.loop, self._patch = Loop(noop_cycles=NOOP_CYCLES), pytest.MonkeyPatch()
        self.asleep = 0.0  # seconds that the machine slept, which the loop's clock does not count
        self.server = Server()
        self.line = Line(self.server)
        self.elector = Elector(self.line, "us", clock=self._steady, chance=lambda: 0.5)
        self.rival = Machine("rival", self.server)
        self.cloud = LapseCloud(self._sends)
        self.wrong: list[str] = []
        self.broken, self.blind, self._made = False, False, 0  # blind: the watch tells nothing
        self.alarms = Alarms()
        logging.getLogger("zilliz_jobs").addHandler(self.alarms)
        self._patch.setattr(reconciler, "Fence", partial(Fence, clock=self._steady))
        self._patch.setattr(
            keypoller, "time", SimpleNamespace(thread_time=lambda: 0.0)
        )  # planning takes no time here
        self._stage = hall(self._patch, self.elector, kind=self.cloud, sweep_interval=0)

    def _steady(self) -> float:
        return seconds() + self.asleep

    def run(self, deed: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.loop.run_until_complete(deed)
        except BaseException:
            self.broken = True
            raise

    def do(self, deed: Callable[..., Any], *args: Any) -> Any:
        """In the loop, in no time."""

        async def done() -> Any:
            return deed(*args)

        return self.run(done())

    # -- the beginning and the end

    async def begin(self, fates: list[str]) -> None:
        """Objects in several states of life, and a rival who knows the Lease."""
        self.inside = await self._stage.__aenter__()
        self.inside.api.tell = self._tell
        session = self.inside.engine.connections.one.session  # type: ignore[attr-defined]
        session.backups, self.cloud.limiter = SimpleNamespace(paged=self.cloud.paged), session.limiter
        await asyncio.sleep(1)
        self.rival.start()
        await asyncio.sleep(1)
        self.rival.line.cut = True
        self.cloud.fates[:] = fates
        for order in [*ORDERS, "plain", "plain"]:
            self.make(order)

    def close(self) -> None:
        logging.getLogger("zilliz_jobs").removeHandler(self.alarms)
        if hasattr(self, "inside"):
            self.loop.run_until_complete(self.inside.engine.stop())
        if self.rival.task is not None:
            self.rival.task.cancel()
            self.loop.run_until_complete(asyncio.gather(self.rival.task, return_exceptions=True))
        self.loop.close()
        self._patch.undo()

    # -- objects

    def make(self, order: str, name: str = "") -> None:
        self._made += 1
        spec = ORDERS[order] | {"clusterId": f"target-{self._made}"}
        self.inside.job(name or f"object-{self._made}", spec=spec)

    def objects(self) -> list[Body]:
        return [*self.inside.api.objects.values()]

    def delete(self, name: str, again: str) -> None:
        """`again`: as what it is made anew under its name; empty: not at all."""
        self.inside.api.delete(place(name))
        if again and place(name) not in self.inside.api.objects:
            self.make(again, name)

    def _tell(self, what: str, body: Body) -> None:
        if not self.blind:
            self.inside.heard(what, body)

    def list_again(self) -> None:
        """As a watch does that begins anew: what is there, and that there is no more."""
        self.blind, feed = False, self.inside.engine.feed
        for body in copy.deepcopy(self.objects()):
            feed.on_upsert(body)
        feed.listed("BackupJob", None, {body["metadata"]["uid"] for body in self.objects()})

    # -- the rival

    def stop_for(self, duration: float) -> None:
        """The process stands still, and another may take the Lease meanwhile."""
        lease = self.server.lease
        self.loop.jumped += duration
        if lease and lease.holder == "us" and duration > Pace().duration and not self.rival.line.cut:
            self.do(self.server.replace, lease, "rival", 15)

    async def rival_leaves(self) -> None:
        """It gives the Lease back if it has it. Later it stands by again, and still knows the Lease."""
        await self.rival.leave()
        self.rival.start()
        await asyncio.sleep(0)
        self.rival.line.cut = True

    def rival_works(self, body: Body) -> None:
        """It submits a job of which nothing was sent yet; we hear of it as of every change."""
        if not self.rival.submits or body["spec"].get("suspend") or (body.get("status") or {}).get("submission"):
            return
        if (body.get("status") or {}).get("completionTime") or body["metadata"].get("deletionTimestamp"):
            return
        job = self.cloud.take(body["spec"]["clusterId"], "its-token")
        record = Submission(
            token=job.token,
            holder="rival",
            intent_time=self.inside.now(),
            sends=1,
            evidence=Evidence.ANSWERED,
            handle={"jobId": job.id},
        )
        status = JobStatus(state=State.IN_PROGRESS, job_id=job.id, submission=record)
        self.inside.api.edit(body["metadata"]["name"], {"status": status.wire()})

    # -- what must hold

    def _sends(self, what: str) -> None:
        """A request leaves that has an effect."""
        lease = self.server.lease
        if not self.elector.leads(MARGIN_SECONDS):
            self.wrong.append(f"{what} was sent although the lead may be over")
        if self.rival.elector.leads() or (lease and lease.holder != "us"):
            self.wrong.append(f"{what} was sent while another leads")

    def judge(self) -> None:
        engine = self.inside.engine
        assert not self.wrong, self.wrong
        assert not self.alarms.told, self.alarms.told
        assert engine.alive, "nothing would ever happen again"
        assert not (self.elector.leads() and self.rival.elector.leads()), "two may send"
        assert max(self.cloud.effects.values(), default=0) <= 1, "a job was submitted twice"
        if self.elector.works:  # else the election has a time, and all objects are woken when it works again
            assert engine.sweep.lost() == [], "nothing would ever look at these again"
        elif not self.elector._told and not engine.jobs._at_work:
            assert len(engine.jobs.poller) == 0, "one that stands by looks at jobs"

    async def calm(self) -> None:
        """All goes well, the jobs end; every object tells so, and nothing had to be found by the sweep."""
        self.line.heal()
        self.cloud.heal()
        api, engine = self.inside.api, self.inside.engine
        api.slow, api.away = 0.0, False
        engine.feed.served("BackupJob", served=True)
        self.list_again()
        await self.rival_leaves()
        await self.inside.until(lambda: self.elector.works, 60)
        began = seconds()
        while untold := self.untold():
            assert seconds() - began < CALM, f"not told: {untold}"
            self.cloud.end_all(State.SUCCESSFUL)
            await asyncio.sleep(1)
        await asyncio.sleep(TTL + 10)
        left = [body for body in self.objects() if body["spec"].get("ttlSecondsAfterFinished") and is_over(body)]
        assert not left, "their time was over"
        assert len(engine.jobs.poller) == 0, "jobs that have ended are looked at for ever"
        self.judge()
        engine.sweep.sweep()
        assert not self.alarms.told, self.alarms.told

    def untold(self) -> list[str]:
        """The objects that do not show what became of them, or of their jobs."""
        states = {job.target: job.state for job in self.cloud.ledger}
        found = []
        for body in self.objects():
            status, target = body.get("status") or {}, body["spec"]["clusterId"]
            waits = body["spec"].get("suspend") and target not in states
            told = is_over(body) and status["state"] == states.get(target, status["state"])
            if body["metadata"].get("deletionTimestamp") or not (told or waits):
                found.append(f"{body['metadata']['name']}: {status}, the job: {states.get(target)}")
        return found


def is_over(body: Body) -> bool:
    return bool((body.get("status") or {}).get("completionTime"))
