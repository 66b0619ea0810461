"""The lead is interrupted while jobs run: each of them is followed on, whatever was under way.

The engine with a real election, in virtual time. A job that nobody looks at any more stays InProgress for ever. These
are the troubles that are known by name; `test_lead_machine` plays any others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from tests.unit.engine.electors import Line, Machine, Server
from tests.unit.engine.hall import Hall, hall, seconds

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.leaderelection import Elector
from zilliz_jobs.core.observation import Seen

pytestmark = pytest.mark.looptime

JOBS = [f"job-{n}" for n in range(6)]
RUNNING = Seen(State.IN_PROGRESS, "IN_PROGRESS")
LATE = 70.0  # seconds: two looks at a job at the slowest pace, and a renewal


class Scene:
    """One operator whose jobs all run, and the server of its Lease."""

    def __init__(self, inside: Hall, server: Server, line: Line, elector: Elector) -> None:
        self.inside, self.server, self.line, self.elector = inside, server, line, elector
        self.jump = 0.0

    async def interrupted(self, within: float = 60.0) -> None:
        """Until it does not work, and works again."""
        await self.inside.until(lambda: not self.elector.works, within)
        await self.inside.until(lambda: self.elector.works, within)

    async def all_end(self) -> None:
        """The jobs end in the cloud; every object shows it soon."""
        self.inside.kind.reading = None
        began, api = seconds(), self.inside.api
        await self.inside.until(lambda: all(api.status(name).get("completionTime") for name in JOBS), LATE)
        assert seconds() - began <= LATE
        assert len(self.inside.kind.posts) == len(JOBS), "a job was submitted twice"


@asynccontextmanager
async def scene(monkeypatch: pytest.MonkeyPatch, pause: float = 0.0) -> AsyncIterator[Scene]:
    """`pause`: seconds between the start of the election and the trouble: another phase of the renewals."""
    server = Server()
    line = Line(server)
    elector = Elector(line, "us", clock=lambda: seconds() + made[0].jump if made else seconds(), chance=lambda: 0.5)
    made: list[Scene] = []
    async with hall(monkeypatch, elector, sweep_interval=0) as inside:
        made.append(Scene(inside, server, line, elector))
        inside.kind.reading = RUNNING
        for name in JOBS:
            inside.job(name)
        await inside.until(lambda: len(inside.engine.jobs.poller) == len(JOBS))
        await asyncio.sleep(15 + pause)
        yield made[0]


PHASES = pytest.mark.parametrize("pause", [0.0, 0.7, 1.4, 2.1])


async def one_renewal_held_6_s_and_the_next_4_3(scene: Scene) -> None:
    scene.line.holds[:] = [6.0, 4.3]
    await scene.interrupted()


async def three_slow_renewals(scene: Scene) -> None:
    scene.line.holds[:] = [5.0, 4.9, 4.9]
    await scene.interrupted()


async def a_stop_of_13_s(scene: Scene) -> None:
    """As SIGSTOP does: what is under way goes on, at once, when the time is over."""
    scene.jump += 13.0
    assert not scene.elector.works
    await scene.inside.until(lambda: scene.elector.works)


async def a_stop_of_13_s_with_the_renewal_under_way(scene: Scene) -> None:
    scene.line.holds[:] = [0.5]
    writes = len(scene.server.writes)
    await scene.inside.until(lambda: len(scene.server.writes) > writes)
    await a_stop_of_13_s(scene)


async def a_lapse_shorter_than_a_pass(scene: Scene) -> None:
    """A pass begins before it and ends after it."""
    inside, hold = scene.inside, asyncio.Event()
    real = inside.api.request

    async def slow(method: str, *args: object, **more: object) -> object:
        if method == "PATCH":
            await hold.wait()
        return await real(method, *args, **more)  # type: ignore[arg-type]

    inside.api.request = slow  # type: ignore[method-assign, assignment]
    inside.kind.reading = Seen(State.IN_PROGRESS, "COPYING")
    await inside.until(lambda: not inside.engine.queue.ready and inside.engine.jobs._at_work)
    scene.line.holds[:] = [6.0, 4.3]
    await scene.interrupted()
    inside.kind.reading = RUNNING
    hold.set()
    await asyncio.sleep(1)


async def an_api_server_that_is_away_for_a_minute(scene: Scene) -> None:
    scene.line.cut = True
    await asyncio.sleep(60)
    assert not scene.elector.works
    scene.line.cut = False
    await scene.inside.until(lambda: scene.elector.works)


async def another_leads_and_gives_it_back(scene: Scene) -> None:
    scene.line.cut = True
    other = Machine("other", scene.server).start()
    await scene.inside.until(lambda: other.submits)
    scene.line.cut = False
    await asyncio.sleep(20)
    assert not scene.elector.works
    await other.leave()
    await scene.inside.until(lambda: scene.elector.works)


async def the_lease_is_deleted(scene: Scene) -> None:
    scene.server.lease = None
    await asyncio.sleep(5)


Trouble = Callable[[Scene], Awaitable[None]]
TROUBLES: list[Trouble] = [
    one_renewal_held_6_s_and_the_next_4_3,
    three_slow_renewals,
    a_stop_of_13_s,
    a_stop_of_13_s_with_the_renewal_under_way,
    a_lapse_shorter_than_a_pass,
    an_api_server_that_is_away_for_a_minute,
    another_leads_and_gives_it_back,
    the_lease_is_deleted,
]


@PHASES
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
async def test_every_running_job_is_followed_on(monkeypatch: pytest.MonkeyPatch, trouble: Trouble, pause: float):
    async with scene(monkeypatch, pause) as running:
        await trouble(running)
        await running.all_end()


@PHASES
async def test_a_new_object_of_a_lapse_is_submitted_after_it(monkeypatch: pytest.MonkeyPatch, pause: float):
    async with scene(monkeypatch, pause) as running:
        running.line.holds[:] = [6.0, 4.3]
        await running.inside.until(lambda: not running.elector.works)
        running.inside.job("new")
        await running.inside.until(lambda: running.elector.works)
        await running.inside.until(lambda: running.inside.api.status("new").get("jobId"), 5)


@pytest.mark.parametrize("after", [0.0, 0.5, 2.0, 6.0])
async def test_an_operator_that_is_stopped_during_a_lapse_ends_and_lets_the_next_one_lead(
    monkeypatch: pytest.MonkeyPatch, after: float
):
    async with scene(monkeypatch) as made:
        made.line.holds[:] = [6.0, 6.0, 6.0]
        await made.inside.until(lambda: not made.elector.works)
        await asyncio.sleep(after)
        began = seconds()
        made.line.holds.clear()
        await made.inside.engine.stop()
        assert seconds() - began < 30
        assert made.server.get().holder == ""


async def test_while_nobody_can_prove_to_lead_nothing_is_submitted(monkeypatch: pytest.MonkeyPatch):
    async with scene(monkeypatch) as running:
        inside = running.inside
        running.line.cut = True
        await inside.until(lambda: not running.elector.leads(), 30)
        posts = len(inside.kind.posts)
        for n in range(3):
            inside.job(f"new-{n}")
        await asyncio.sleep(20)
        assert len(inside.kind.posts) == posts
        running.line.cut = False
        await inside.until(lambda: len(inside.kind.posts) == posts + 3, 10)
