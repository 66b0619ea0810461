"""The engine while it leads, stands by, gains and loses: only one that leads touches anything, and none gets lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tests.support.engine_rig import CALM, Rig


class Baton:
    """Leadership by hand. `story`: what the engine does with it."""

    def __init__(self, *, works: bool = False) -> None:
        self.works, self.released = works, False
        self.seen_at_release: object = None
        self.look: Callable[[], object] = lambda: None
        self._changed = asyncio.Condition()
        self._gained: Callable[[], None] = lambda: None
        self._lost: Callable[[], None] = lambda: None

    leader = "the one with the baton"
    lease = ""

    def leads(self, _seconds: float = 0.0) -> bool:
        return self.works

    async def until_works(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.works)

    async def run(self, gained: Callable[[], None], lost: Callable[[], None]) -> None:
        self._gained, self._lost = gained, lost
        if self.works:
            gained()
        await asyncio.Event().wait()

    async def take(self) -> None:
        self.works = True
        self._gained()
        async with self._changed:
            self._changed.notify_all()

    def lose(self) -> None:
        self.works = False
        self._lost()

    async def release(self) -> None:
        self.works, self.released = False, True
        self.seen_at_release = self.look()


def writes(world: Rig) -> int:
    return sum(world.kube.stats.count(verb, plural) for verb in ("patch", "delete") for plural in (
        "importjobs.jobs.zilliz.com/status", "importjobs.jobs.zilliz.com", "zillizconnections.jobs.zilliz.com/status"
    ))  # fmt: skip


async def test_one_that_stands_by_learns_and_touches_nothing(world: Rig) -> None:
    """Two that write would fight for every object, and pay for every call twice."""
    baton = Baton()
    engine = await world.start(leadership=baton)
    for n in range(5):
        world.imports(f"job-{n}")
    await world.until(lambda: len(engine.cache) == 5, "all are known")
    await asyncio.sleep(0.5)
    assert writes(world) == 0
    assert world.cloud.stats.requests == 0
    assert engine.alive
    assert engine.metrics.registry.get_sample_value("zilliz_jobs_leader") == 0
    await baton.take()
    await world.until(lambda: all(world.status("importjobs", f"job-{n}").get("jobId") for n in range(5)), "all run")
    assert len(world.cloud.ledger.effects(kind="submit")) == 5
    assert engine.metrics.registry.get_sample_value("zilliz_jobs_leader") == 1


async def test_one_that_loses_begins_nothing_new_and_goes_on_where_the_other_left(world: Rig) -> None:
    """A loser that crashed would come back cold; one that went on would be a second leader."""
    baton = Baton(works=True)
    engine = await world.start(leadership=baton)
    world.imports("one")
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    baton.lose()
    await asyncio.sleep(0.1)
    before, asked = writes(world), world.cloud.stats.requests
    world.imports("two")
    world.cloud.advance(3600)
    await asyncio.sleep(0.6)
    assert (writes(world), world.cloud.stats.requests) == (before, asked)
    assert engine.alive
    await baton.take()
    await world.until_state("importjobs", "one", "Successful")
    await world.until(lambda: world.status("importjobs", "two").get("jobId"), "the other one is submitted")
    assert len(world.cloud.ledger.effects(kind="submit")) == 2


async def test_the_fence_closes_on_a_request_whose_process_lost_meanwhile(world: Rig) -> None:
    """The intent is written, the lead is lost: the request must not leave, and the object must not hang."""
    baton = Baton(works=True)
    engine = await world.start(leadership=baton)
    real = engine.status_writer.write_intent

    async def lose_then_write(*args: object) -> object:
        baton.lose()
        return await real(*args)  # type: ignore[arg-type]

    engine.status_writer.write_intent = lose_then_write  # type: ignore[method-assign, assignment]
    world.imports("one")
    await world.until(lambda: not baton.works, "the lead is lost")
    await asyncio.sleep(0.3)
    assert not world.cloud.ledger.requests(kind="submit")
    assert world.status("importjobs", "one").get("submission") is None, "it was not sent, and the record says so"
    engine.status_writer.write_intent = real  # type: ignore[method-assign]
    await baton.take()
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    assert len(world.cloud.ledger.effects(kind="submit")) == 1


async def test_who_comes_to_lead_asks_for_all_objects_anew(world: Rig) -> None:
    """An object that its watch has not told of yet may hold the very collection that another one takes."""
    baton = Baton()
    engine = await world.start(leadership=baton)
    for n in range(3):
        world.imports(f"job-{n}")
    await world.until(lambda: len(engine.cache) == 3, "all are known")
    await baton.take()
    await world.until(lambda: len(world.cloud.ledger.effects(kind="submit")) == 3, "all are submitted")
    lists = world.kube.stats.count("list", "importjobs.jobs.zilliz.com")
    baton.lose()
    await asyncio.sleep(0.1)
    await baton.take()
    world.imports("later")
    await world.until(lambda: world.status("importjobs", "later").get("jobId"), "it is submitted")
    assert world.kube.stats.count("list", "importjobs.jobs.zilliz.com") == lists + 1


async def test_who_comes_to_lead_looks_at_every_unfinished_object(world: Rig) -> None:
    """What it had put off for a minute may be urgent by now; the other one knew, and is gone."""
    baton = Baton(works=True)
    await world.start(replace(CALM, poll_min=60, poll_max=60), leadership=baton)
    world.imports("one")
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    await asyncio.sleep(0.2)
    world.cloud.advance(3600)
    baton.lose()
    await asyncio.sleep(0.1)
    await baton.take()
    await world.until_state("importjobs", "one", "Successful")


async def test_a_lock_that_the_last_leader_took_is_known_although_the_watch_is_late(world: Rig) -> None:
    """Two open submissions of one collection could not be told apart."""
    baton = Baton()
    engine = await world.start(leadership=baton)
    world.imports("theirs")
    world.imports("ours")
    await world.until(lambda: len(engine.cache) == 2, "both are known")
    world.deaf = True
    record = {
        "attempt": 1, "step": "Submit", "token": "t", "holder": "another", "sends": 1, "evidence": "Sending",
        "cloudTime": "2026-03-01T12:00:00Z", "intentTime": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    await world.patch("importjobs", "theirs", {"status": {"state": "Pending", "submission": record}}, "/status")
    await baton.take()
    await world.until(lambda: world.status("importjobs", "ours").get("reason") == "SubmissionInProgress", "it waits")
    assert not world.cloud.ledger.requests(kind="submit")


async def test_the_lease_is_given_back_when_the_record_of_the_last_request_is_stored(world: Rig) -> None:
    """Else the next one would find a submission without an answer, and have to look for it."""
    baton = Baton(works=True)
    baton.look = lambda: (world.status("importjobs", "one").get("submission") or {}).get("evidence")
    engine = await world.start(leadership=baton)
    world.cloud.fault("import.create", "latency_after", seconds=1)
    world.imports("one")
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    assert baton.look() == "Sending"
    await engine.stop()
    assert baton.released
    assert baton.seen_at_release == "Answered"


async def test_a_watch_that_tells_nothing_is_noticed(world: Rig) -> None:
    """The operator looks well and works on, while nobody's new job is seen."""
    engine = await world.start(watch_limit=0.5)
    world.imports("one")
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    await asyncio.sleep(0.6)
    assert engine.watch_health.silent == []
    world.deaf = True
    world.cloud.advance(3600)
    await world.until_state("importjobs", "one", "Successful")
    await world.until(lambda: engine.watch_health.silent == ["ImportJob"], "the silence is noticed")
    world.deaf = False
    await world.until(lambda: engine.watch_health.silent == [], "it heals")
