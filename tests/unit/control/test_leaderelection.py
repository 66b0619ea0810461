"""Leader election: two that submit at once would pay twice, and none at all would be an operator that stands still.

In virtual time, on an API server of a few lines. Every test watches all the time that no two hold the Lease by their
own clocks.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable

import pytest
from tests.unit.engine.electors import Machine, Server, Watchman, now

from zilliz_jobs.control.leaderelection import Alone, Pace
from zilliz_jobs.kube.errors import Conflict, Forbidden, Unavailable

pytestmark = pytest.mark.looptime

Make = Callable[[str], Machine]


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Make]:
    made: list[Machine] = []

    def machine(name: str) -> Machine:
        made.append(Machine(name, server))
        return made[-1].start()

    yield machine
    for one in made:
        assert one.task is not None
        assert not one.task.done() or one.task.cancelled(), "an election never ends by itself"
        one.task.cancel()
    await asyncio.gather(*(one.task for one in made if one.task), return_exceptions=True)


async def until(test: Callable[[], bool], seconds: float, *machines: Machine) -> float:
    """How long it took; all the time no two lead."""
    start = now()
    await Watchman(*machines).watch(seconds, test)
    assert test(), f"not within {seconds} s"
    return now() - start


async def a_leads_and_b_stands_by(make: Make, apart: float = 0.0) -> tuple[Machine, Machine]:
    a = make("a")
    await until(lambda: a.submits, 1, a)
    await asyncio.sleep(apart)
    b = make("b")
    await Watchman(a, b).watch(20)
    assert (a.submits, a.gains) == (True, 1)
    assert (b.submits, b.gains) == (False, 0)
    return a, b


async def test_the_first_one_leads_at_once_and_goes_on_for_as_long_as_it_lives(make: Make, server: Server):
    a = make("a")
    assert await until(lambda: a.submits, 1, a) < 0.2
    for _ in range(600):
        await asyncio.sleep(1)
        assert a.submits
    assert a.gains == 1
    assert {holder for _, holder in server.writes} == {"a"}
    assert a.elector.leader == "this process, a"


async def test_of_two_that_begin_together_one_leads(make: Make):
    a, b = make("a"), make("b")
    await Watchman(a, b).watch(120)
    assert sorted((a.gains, b.gains)) == [0, 1]
    assert a.submits != b.submits


async def test_of_five_that_find_the_lease_free_one_leads(make: Make, server: Server):
    """They read the same version, so that all but one are refused."""
    first = make("first")
    await until(lambda: first.submits, 1, first)
    await first.leave()
    five = [make(f"op-{n}") for n in range(5)]
    await Watchman(first, *five).watch(60)
    assert [m.gains for m in five].count(1) == 1
    assert sum(m.submits for m in five) == 1


async def test_a_killed_leader_is_followed_within_the_lease_and_a_retry(make: Make):
    a, b = await a_leads_and_b_stands_by(make)
    a.kill()
    assert await until(lambda: b.submits, 30, a, b) <= 15 + 2 * 1.2 + 0.2
    assert b.elector.leader == "this process, b"


async def test_one_that_leaves_in_order_is_followed_within_a_retry(make: Make):
    """Else every rollout would stop the work for a quarter of a minute."""
    a, b = await a_leads_and_b_stands_by(make)
    await a.leave()
    assert not a.submits
    assert await until(lambda: b.submits, 30, a, b) <= 2 * 1.2 + 0.2


async def test_one_that_leaves_while_its_renewal_is_under_way_still_gives_the_lease_back(make: Make, server: Server):
    a, b = await a_leads_and_b_stands_by(make)
    a.line.back = 1.0
    before = len(server.writes)
    await until(lambda: len(server.writes) > before, 5, a, b)
    await a.leave()
    assert await until(lambda: b.submits, 30, a, b) <= 2 * 1.2 + 0.2


async def test_giving_back_never_takes_it_from_the_next_one(make: Make, server: Server):
    a, b = await a_leads_and_b_stands_by(make)
    a.line.cut = True
    await until(lambda: b.submits, 40, a, b)
    a.line.cut = False
    await a.leave()
    assert b.submits
    assert server.get().holder == "b"


async def test_a_cut_off_leader_stops_before_another_begins_and_takes_its_place_behind_it(make: Make):
    """Both are alive and well, and only one may spend money."""
    a, b = await a_leads_and_b_stands_by(make)
    a.line.cut = True
    stopped = await until(lambda: not a.elector.works, 30, a, b)
    assert stopped <= 10.05
    assert not b.submits
    await until(lambda: b.submits, 30, a, b)
    a.line.cut = False
    await Watchman(a, b).watch(60)
    assert (a.submits, b.submits) == (False, True)
    assert (a.gains, a.losses) == (1, 1)
    b.kill()
    await until(lambda: a.submits, 30, a, b)
    assert a.gains == 2, "the engine is told anew, for it missed what the other did"


async def test_a_leader_that_comes_back_before_the_lease_ran_out_leads_on(make: Make):
    a, b = await a_leads_and_b_stands_by(make)
    a.line.cut = True
    await asyncio.sleep(11)
    assert not a.elector.works
    a.line.cut = False
    await until(lambda: a.submits, 8, a, b)
    await Watchman(a, b).watch(30)
    assert (a.submits, b.submits) == (True, False)


async def test_the_api_server_is_away_for_all_of_them(make: Make):
    """Nobody can prove to lead, so nobody submits; when it is back, one does."""
    a, b = await a_leads_and_b_stands_by(make)
    for one in (a, b):
        one.line.no = Unavailable("503")
    await Watchman(a, b).watch(60)
    assert not a.submits
    assert not b.submits
    for one in (a, b):
        one.line.no = None
    assert await until(lambda: a.submits or b.submits, 5, a, b) <= 2.5
    await Watchman(a, b).watch(30)
    assert a.submits != b.submits


@pytest.mark.parametrize(("there", "back"), [(0.0, 4.0), (4.0, 0.0), (2.0, 2.0)])
async def test_a_slow_api_server_makes_nobody_lead_longer_than_its_lease(make: Make, there: float, back: float):
    """The Lease counts from before the request, since the server may have stored it at once."""
    a, b = await a_leads_and_b_stands_by(make)
    a.line.there, a.line.back = there, back
    await Watchman(a, b).watch(120)
    assert a.gains == 1
    assert not b.submits
    a.kill()
    await until(lambda: b.submits, 30, a, b)


@pytest.mark.parametrize("apart", [0.0, 1.0, 2.0])
async def test_an_answer_that_took_long_does_not_make_the_lease_longer(make: Make, server: Server, apart: float):
    a, b = await a_leads_and_b_stands_by(make, apart)
    a.line.back = 4.0
    renewals = len(server.writes)
    await until(lambda: len(server.writes) > renewals, 5, a, b)
    await asyncio.sleep(4.1)  # the answer has come, and nothing else ever will
    a.line.cut = True
    await until(lambda: b.submits, 40, a, b)


async def test_an_api_server_slower_than_the_time_out_ends_a_lead_that_cannot_be_proven(make: Make, server: Server):
    """Its renewals do come through, each without an answer; so it is still its own when it can hear again."""
    a, b = await a_leads_and_b_stands_by(make)
    a.line.deaf = True
    await until(lambda: not a.elector.works, 12, a, b)
    await Watchman(a, b).watch(60)
    assert not a.submits
    assert server.get().holder == "a"
    a.line.deaf = False
    await until(lambda: a.submits, 8, a, b)
    assert not b.submits


async def test_a_first_lease_whose_answer_was_lost_is_its_own(make: Make):
    a = make("a")
    a.line.deaf = True
    await asyncio.sleep(1)
    a.line.deaf = False
    assert await until(lambda: a.submits, 10, a) <= 5 + 2.4


async def test_somebody_who_writes_into_the_lease_does_not_end_a_lead(make: Make, server: Server):
    a, b = await a_leads_and_b_stands_by(make)
    for _ in range(30):
        server.annotate()
        await Watchman(a, b).watch(1)
        assert a.submits
    assert (a.gains, b.gains) == (1, 0)


async def test_a_lease_that_is_deleted_is_made_again_by_its_holder(make: Make, server: Server):
    """The one that stands by sees it first, perhaps, and the holder does not know."""
    a, b = await a_leads_and_b_stands_by(make)
    for n in range(30):
        await Watchman(a, b).watch(20 + n / 10)
        server.lease = None
    await Watchman(a, b).watch(30)
    assert a.submits
    assert b.gains == 0


@pytest.mark.parametrize("apart", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0])
async def test_a_lease_that_is_deleted_while_its_holder_is_cut_off_is_not_taken_before_its_time(
    make: Make, server: Server, apart: float
):
    """The last renewal may be one that the other has not seen."""
    a, b = await a_leads_and_b_stands_by(make, apart)
    renewals = len(server.writes)
    await until(lambda: len(server.writes) > renewals, 5, a, b)
    await asyncio.sleep(0.05)
    a.line.cut = True
    server.lease = None
    await until(lambda: b.submits, 40, a, b)


@pytest.mark.parametrize("apart", [0.0, 0.7, 1.4])
@pytest.mark.parametrize("last", ["its own", "given back", "another's"])
async def test_a_deleted_lease_is_not_taken_before_its_time_by_one_who_saw_it_long_ago(
    make: Make, server: Server, last: str, apart: float
):
    """Whoever held it then is not who holds it now, and does not know yet that it is gone."""
    first, b = make("first"), make("b")
    leads = first if last == "another's" else b
    first.line.cut = first is not leads
    await until(lambda: leads.submits, 10, first, b)
    await asyncio.sleep(5 + apart)
    if last == "given back":
        await b.leave()
        b.start()
    b.line.no = Unavailable("away")
    first.line.cut = True
    a = make("a")
    await until(lambda: a.submits, 40, a, b, first)
    a.line.there, a.line.back = 2.6, 1.9
    await Watchman(a, b).watch(30)
    writes = len(server.writes)
    await until(lambda: len(server.writes) > writes, 10, a, b)
    server.lease, b.line.no = None, None
    await Watchman(a, b).watch(60)
    assert a.submits or b.submits


async def test_a_lease_that_was_given_to_another_by_hand_ends_a_lead(make: Make, server: Server):
    """Or to one that was started in the moment in which somebody had deleted it."""
    a = make("a")
    await until(lambda: a.submits, 1, a)
    server.replace(server.get(), "another", 15)
    await asyncio.sleep(3)
    assert not a.elector.leads()
    assert a.elector.leader == "another"


async def test_a_process_that_wakes_up_late_knows_at_once_that_it_leads_no_more(make: Make):
    """It does not ask anybody: its first glance at the clock tells."""
    a, b = await a_leads_and_b_stands_by(make)
    a.line.cut = True  # stopped: nothing of it moves but its clock
    await until(lambda: b.submits, 40, a, b)
    assert not a.elector.leads()
    assert not a.elector.works


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_to_three_of_them_no_two_lead_and_in_the_end_one_does(
    make: Make, server: Server, seed: int
):
    """Lines that are cut, slow, or lose answers; processes that sleep, jump in time, die or leave; all at once."""
    dice = random.Random(seed)
    machines = [make(f"op-{n}") for n in range(3)]
    for _ in range(60):
        one = dice.choice(machines)
        match dice.choice(["cut", "deaf", "slow", "sleep", "jump", "heal", "heal", "heal", "end"]):
            case "cut":
                one.line.cut = True
            case "deaf":
                one.line.deaf = True
            case "slow":
                one.line.there, one.line.back = dice.uniform(0, 4), dice.uniform(0, 4)
            case "sleep":
                one.line.freeze()
            case "jump" if one.elector.leads():  # who only waits sleeps in the time of the others
                one.offset += dice.uniform(0, 30)
            case "jump":
                pass
            case "heal":
                one.line.heal()
            case _:
                if dice.random() < 0.5:
                    one.kill()
                else:
                    one.line.heal()
                    await one.leave()
                machines[machines.index(one)] = make(f"{one.name}+")
        await Watchman(*machines).watch(dice.uniform(0.5, 8))
    for one in machines:
        one.line.heal()
    await Watchman(*machines).watch(60)
    assert sum(one.submits for one in machines) == 1
    assert len({holder for _, holder in server.writes}) >= 3, "nothing happened to them"


async def test_a_clock_that_jumps_ahead_costs_the_lead_and_no_more(make: Make):
    a, b = await a_leads_and_b_stands_by(make)
    a.offset += 3600
    assert not a.elector.leads()
    await until(lambda: a.submits, 5, a, b)
    assert b.gains == 0


async def test_one_that_stands_by_and_slept_for_an_hour_does_not_take_a_lease_that_was_renewed(make: Make):
    """What it saw last is old; it looks before it takes."""
    a, b = await a_leads_and_b_stands_by(make)
    b.offset += 3600
    await Watchman(a, b).watch(30)
    assert b.gains == 0
    assert a.submits


async def test_one_that_sleeps_between_its_look_and_its_hand_is_refused(make: Make, server: Server):
    a, b = await a_leads_and_b_stands_by(make)
    a.line.cut = True
    b.line.there = 1.0
    before = len(server.writes)
    await asyncio.sleep(14.0)
    a.line.cut = False  # it renews while the other is about to take it
    await Watchman(a, b).watch(60)
    assert len(server.writes) > before
    assert a.submits != b.submits


async def test_a_longer_lease_of_another_version_is_respected(make: Make, server: Server):
    """During an upgrade the old one may have been told to hold it for longer."""
    old = Machine("old", server, Pace(duration=60, deadline=40, retry=5)).start()
    await until(lambda: old.submits, 1, old)
    new = make("new")
    await Watchman(old, new).watch(10)
    old.kill()
    assert 50 < await until(lambda: new.submits, 90, old, new) < 65


async def test_without_the_right_it_stands_by_and_says_once_what_lacks(make: Make, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    a = Machine("a", Server())
    a.line.no = Forbidden("cannot GET leases: forbidden", status=403)
    a.start()
    await Watchman(a).watch(60)
    told = [r.message for r in caplog.records if "grant get, create and update on leases" in r.message]
    assert len(told) == 1
    assert not a.elector.works
    a.line.no = None
    await until(lambda: a.submits, 5, a)
    assert a.task is not None
    a.task.cancel()


async def test_the_engine_waits_without_a_hot_loop(make: Make):
    a, b = await a_leads_and_b_stands_by(make)
    waiting = asyncio.create_task(b.elector.until_works())
    await asyncio.sleep(10)
    assert not waiting.done()
    a.kill()
    await until(lambda: b.submits, 30, a, b)
    await asyncio.wait_for(waiting, 0.1)
    await asyncio.wait_for(b.elector.until_works(), 0.1)


@pytest.mark.timeout(20)
async def test_the_engine_waits_when_its_lead_ran_out_before_anybody_noticed(make: Make):
    """The round that would tell is under way, and the worker must not spin meanwhile."""
    a = make("a")
    await until(lambda: a.submits, 1, a)
    a.offset += 3600
    began = now()
    await asyncio.wait_for(a.elector.until_works(), 10)
    assert now() > began
    assert a.submits


async def test_who_leads_is_told_to_people(make: Make):
    a, b = await a_leads_and_b_stands_by(make)
    assert (a.elector.leader, b.elector.leader) == ("this process, a", "a")


async def test_a_conflict_is_no_alarm(make: Make, caplog: pytest.LogCaptureFixture):
    a = make("a")
    await until(lambda: a.submits, 1, a)
    a.line.no = Conflict("409")
    await asyncio.sleep(3)
    a.line.no = None
    await asyncio.sleep(5)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


async def test_without_an_election_it_leads():
    gained: list[bool] = []
    alone = Alone()
    task = asyncio.create_task(alone.run(lambda: gained.append(True), lambda: None))
    await asyncio.sleep(0)
    assert alone.leads(1e9)
    assert alone.works
    await alone.until_works()
    assert gained == [True]
    await alone.release()
    task.cancel()
