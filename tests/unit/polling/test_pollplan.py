"""If these fail, jobs grow stale, the user's key is throttled, or calls are spent that no one needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import ceil, inf
from random import Random

import pytest
from tests.support.examples import sized

from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.backoff import poll_interval
from zilliz_jobs.polling.pollplan import (
    LIST_PATIENCE,
    PROGRESS_SHARE,
    ListState,
    PollState,
    due_reads,
    due_sweeps,
    wanted_at,
)

IMPORTS = ListId(Source.IMPORTS, "in01-a")
PACE = 20.0
ROWS = 100


def key(n: int) -> Key:
    return Key("ImportJob", "default", f"job-{n}")


def look(n: int = 0, **facts: object) -> PollState:
    given: dict[str, object] = {"since": 0.0, "interval": 10.0, "due": 10.0, "list_id": IMPORTS}
    return PollState(key(n), "imports", **(given | facts))  # type: ignore[arg-type]


def list_state(members: int, **facts: object) -> ListState:
    made = ListState(IMPORTS, {key(n) for n in range(members)}, demand=members / 10.0)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


# -- when is a list read?


def test_a_list_costs_no_more_calls_than_the_reads_that_it_replaces() -> None:
    """20 jobs that want a look each 10 s are two reads a second; five pages for all of them may so be read each
    2.5 s."""
    assert list_state(20, pages=5, asked_at=100.0).due_at(least=2.0) == pytest.approx(102.5)


def test_it_is_read_no_faster_than_the_shortest_interval() -> None:
    assert list_state(5000, pages=1, asked_at=100.0).due_at(least=2.0) == 102.0


def test_one_job_is_read_by_itself_and_tells_its_progress() -> None:
    assert list_state(1).due_at(least=2.0) == inf
    assert wanted_at(look(due=7.0), list_state(1)) == 7.0


def test_few_jobs_deep_in_a_long_list_are_read_by_themselves() -> None:
    deep = list_state(5, pages=40)
    assert deep.due_at(least=2.0) == inf
    assert wanted_at(look(due=7.0), deep) == 7.0


def test_somebody_who_waits_for_the_whole_list_gets_it_now() -> None:
    assert due_sweeps([list_state(0, wanted=True)], 100.0, least=2.0).lists == (IMPORTS,)
    assert due_sweeps([list_state(0)], 100.0, least=2.0).lists == ()


def test_a_list_that_is_being_read_is_not_begun_again() -> None:
    assert due_sweeps([list_state(9, running=True, wanted=True)], 100.0, least=2.0).lists == ()


def test_a_list_that_failed_is_left_alone_for_longer_each_time() -> None:
    one, waits = list_state(9, asked_at=0.0), []
    for _ in range(8):
        one.failed(100.0, None)
        waits.append(one.due_at(least=2.0) - 100.0)
    assert waits == sorted(waits)
    assert 1.0 <= waits[0] < 4.0
    assert 30.0 <= waits[-1] <= 60.0
    one.failed(100.0, retry_after=300.0)
    assert one.due_at(least=2.0) == 400.0


def test_while_it_fails_its_jobs_are_read_one_by_one() -> None:
    failing = list_state(9)
    failing.failed(100.0, None)
    assert wanted_at(look(due=7.0), failing) == 7.0
    failing.read(110.0, 1, complete=True, whole=False)
    assert wanted_at(look(due=7.0, listed_at=110.0), failing) == 30.0, "and when it is back only their progress is"


def test_the_lists_of_most_jobs_a_page_come_first_and_awaited_ones_before_them() -> None:
    few, many, awaited = (ListId(Source.IMPORTS, name) for name in ("few", "many", "awaited"))
    list_states = [
        ListState(few, {key(1), key(2)}, demand=0.2),
        ListState(many, {key(n) for n in range(90)}, demand=9.0),
        ListState(awaited, wanted=True),
    ]
    assert due_sweeps(list_states, 100.0, least=2.0).lists == (awaited, many, few)


def test_a_reading_for_somebody_else_says_nothing_of_what_the_members_need() -> None:
    """Else two jobs on the first page would cost all pages ever after, once the whole list was read."""
    one = list_state(9, pages=2)
    one.read(5.0, 40, complete=True, whole=True)
    assert (one.pages, one.length, one.passed_at) == (2, 40, 5.0)
    one.read(9.0, 3, complete=False, whole=False)
    assert (one.pages, one.length) == (3, 40)
    one.read(9.0, 2, complete=True, whole=True)
    assert (one.pages, one.length) == (2, 2), "it shrank"


# -- when is a job read?


def test_a_job_that_its_list_does_not_show_is_read_by_itself() -> None:
    passed = list_state(9, passed_at=50.0)
    assert wanted_at(look(due=20.0, listed_at=40.0), passed) == 50.0
    assert wanted_at(look(due=60.0, listed_at=40.0), passed) == 60.0
    assert wanted_at(look(due=20.0, listed_at=50.0), passed) == 30.0, "this one is shown"


def test_progress_that_no_list_tells_is_read_at_leisure() -> None:
    assert wanted_at(look(read_at=100.0, listed_at=120.0), list_state(9)) == 130.0


def test_what_a_list_tells_in_full_is_not_read_while_it_does() -> None:
    told = look(tells_progress=True, listed_at=100.0, due=0.0)
    assert wanted_at(told, list_state(9)) == 100.0 + LIST_PATIENCE


def test_a_list_that_shows_a_job_but_not_how_it_is_does_not_count() -> None:
    assert wanted_at(look(blind=True, listed_at=100.0, due=7.0), list_state(9)) == 7.0


def test_nobody_is_read_twice_at_once() -> None:
    assert wanted_at(look(busy=True, owes=True), None) == inf


def test_results_come_first_then_who_waited_longest_for_his_kind() -> None:
    old = look(1, list_id=None, interval=30.0, due=0.0, read_at=0.0)
    young = look(2, list_id=None, interval=2.0, due=0.0, read_at=90.0)
    owing = look(3, interval=30.0, due=100.0, read_at=99.0, owes=True)
    fresh = look(4, list_id=None, interval=30.0, due=0.0, read_at=99.0)
    reads = due_reads([fresh, old, young, owing], {}, 100.0, pace=1.0, horizon=4.0, in_flight={}, progress_from={})
    assert reads.jobs == (key(3), key(2), key(1), key(4))


def test_the_budget_of_a_lane_holds_and_what_is_left_out_is_not_forgotten() -> None:
    looks = [look(n, list_id=None, due=0.0) for n in range(30)]
    reads = due_reads(looks, {}, 100.0, pace=18.0, horizon=0.5, in_flight={"imports": 4}, progress_from={})
    assert (len(reads.jobs), reads.again) == (5, 100.0)
    assert due_reads(looks, {}, 100.0, pace=18.0, horizon=0.5, in_flight={"imports": 99}, progress_from={}).jobs == ()


def test_lanes_have_budgets_of_their_own() -> None:
    looks = [look(n, list_id=None, due=0.0) for n in range(3)]
    looks[0].budget = "jobs"
    assert len(due_reads(looks, {}, 100.0, pace=1.0, horizon=1.0, in_flight={}, progress_from={}).jobs) == 2


def test_it_is_told_when_the_next_one_is_due() -> None:
    looks = [look(1, list_id=None, due=120.0), look(2, list_id=None, due=110.0)]
    assert due_reads(looks, {}, 100.0, pace=1.0, horizon=1.0, in_flight={}, progress_from={}).again == 110.0


def test_mere_progress_takes_its_share_and_what_must_be_read_goes_before_it() -> None:
    at = {IMPORTS: list_state(60, passed_at=100.0, pages=1)}
    progress = [look(n, listed_at=100.0) for n in range(40)]
    needed = [look(n, listed_at=100.0, due=0.0, blind=True) for n in range(40, 45)]
    plan = partial(due_reads, pace=20.0, horizon=0.5, in_flight={})
    first = plan([*progress, *needed], at, 100.0, progress_from={})
    assert {one.name for one in first.jobs[:5]} == {one.key.name for one in needed}
    assert (len(first.jobs), first.again) == (10, 100.0)
    # what was left of the share goes with the next plan, and then it is ten a second
    counts, spent = list[int](), first.progress_from
    for step in range(1, 9):
        reads = plan(progress, at, 100.0 + step / 4, progress_from=spent)
        counts.append(len(reads.jobs))
        spent = reads.progress_from
    assert sum(counts) == pytest.approx(5 + 20, abs=1)
    assert max(counts[2:]) <= 3


def test_a_share_that_was_not_used_is_not_saved_up() -> None:
    at = {IMPORTS: list_state(60, passed_at=100.0, pages=1)}
    progress = [look(n, listed_at=100.0) for n in range(60)]
    reads = due_reads(progress, at, 100.0, pace=20.0, horizon=2.0, in_flight={}, progress_from={"imports": 0.0})
    assert len(reads.jobs) == 40, "of the last four seconds, and not of a hundred"


def test_a_job_that_its_list_does_not_show_is_no_mere_progress() -> None:
    at = {IMPORTS: list_state(60, passed_at=100.0, pages=1)}
    missing = [look(n, due=0.0, since=0.0, listed_at=50.0) for n in range(10)]
    spent = {"imports": 200.0}
    assert len(due_reads(missing, at, 100.0, pace=20.0, horizon=0.5, in_flight={}, progress_from=spent).jobs) == 10


# -- a day in virtual time


@dataclass
class World:
    """A cloud that answers at once, at the pace of the budget, on each route one call after the other."""

    count: int
    age: float
    now: float = 1000.0
    calls: Counter[str] = field(default_factory=Counter)
    changes: dict[Key, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    queue: list[Key] = field(default_factory=list)
    at_page: int = 0
    asked_at: float = 0.0
    progress_from: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = Random(self.count)
        interval = lambda: poll_interval(self.age, least=2.0, most=30.0, jitter=self.chance.random())  # noqa: E731
        self.looks = {}
        for n in range(self.count):
            wants = interval()
            self.looks[key(n)] = look(n, since=self.now, interval=wants, due=self.now + wants)
        demand = sum(1 / one.interval for one in self.looks.values())
        self.list_state = ListState(IMPORTS, set(self.looks), demand)
        self.page = {k: n // ROWS + 1 for n, k in enumerate(self.looks)}

    def run(self, seconds: float, changes: int) -> None:
        """Steps of one call's time. Jobs change their state evenly over the time; each change is seen on a page or by
        a read of the job."""
        end, pages = self.now + seconds, ceil(self.count / ROWS)
        moments = sorted(self.now + seconds * n / max(1, changes) for n in range(changes))
        queue, planned = self.queue, -inf
        while self.now < end:
            while moments and moments[0] <= self.now:
                self.changes.setdefault(self.chance.choice([*self.looks]), moments.pop(0))
            if not self.list_state.running and due_sweeps([self.list_state], self.now, least=2.0).lists:
                self.list_state.running, self.at_page, self.asked_at = True, 0, self.now
            if self.now - planned >= 0.5:
                planned = self.now
                reads = due_reads(
                    self.looks.values(),
                    {IMPORTS: self.list_state},
                    self.now,
                    pace=PACE,
                    horizon=0.5,
                    in_flight={"imports": len(queue)},
                    progress_from=self.progress_from,
                )
                self.progress_from = reads.progress_from
                queue += reads.jobs
                for one in reads.jobs:
                    self.looks[one].busy = True
            self.now += 1 / PACE
            if self.list_state.running:
                self.at_page += 1
                self.calls["list"] += 1
                self._see_page(self.at_page, self.asked_at)
                if self.at_page == pages:
                    self.list_state.running = False
                    self.list_state.read(self.asked_at, pages, complete=True, whole=False)
            if queue:
                self.calls["read"] += 1
                self._see_job(queue.pop(0))

    def _see_page(self, number: int, asked_at: float) -> None:
        for one in list(self.looks)[(number - 1) * ROWS : number * ROWS]:
            self.looks[one].listed_at = asked_at
            self._notice(one)

    def _see_job(self, one: Key) -> None:
        seen = self.looks[one]
        seen.read_at, seen.busy, seen.due = self.now, False, self.now + seen.interval
        self._notice(one)

    def _notice(self, one: Key) -> None:
        if (at := self.changes.pop(one, None)) is not None:
            self.delays.append(self.now - at)


@pytest.mark.parametrize("count", [10, 100, 1_000, 5_000])
def test_a_change_is_seen_within_one_reading_of_the_list(count: int) -> None:
    world = World(count, age=300.0)
    pages = ceil(count / ROWS)
    world.run(60.0, changes=200)
    reading = max(2.0, pages / PACE, pages / world.list_state.demand)
    assert len(world.delays) >= 100
    assert max(world.delays) <= reading + pages / PACE + 3 / PACE


@pytest.mark.parametrize("count", [10, 1_000, 5_000, sized(50_000, 10_000)])
def test_no_route_gets_more_than_its_budget_and_lists_cost_pages_not_jobs(count: int) -> None:
    world = World(count, age=300.0)
    seconds = 60.0 if count <= 5_000 else 20.0
    world.run(seconds, changes=0)
    pages = ceil(count / ROWS)
    assert world.calls["list"] <= PACE * seconds + 1
    assert world.calls["read"] <= PACE * seconds + 1
    assert world.calls["list"] <= pages * (seconds / 2.0 + 1)
    assert world.calls["list"] + world.calls["read"] <= 1.5 * count * seconds / 27.0 + pages, (
        "fewer than by reads alone"
    )


def test_tens_of_thousands_are_seen_at_the_pace_of_the_list_and_their_progress_at_its_share_of_the_reads() -> None:
    count = sized(50_000, 10_000)
    world = World(count, age=300.0)
    world.run(90.0, changes=100)
    assert max(world.delays) <= 2 * ceil(count / ROWS) / PACE + 1
    world.calls.clear()
    world.run(30.0, changes=0)
    assert 0.9 * PACE * PROGRESS_SHARE * 30 <= world.calls["read"] <= PACE * PROGRESS_SHARE * (30 + 1)


def test_young_jobs_are_read_first_and_old_ones_do_not_starve() -> None:
    world = World(2_000, age=300.0)
    young = [key(n) for n in range(20)]
    for one in young:
        world.looks[one].interval = 2.0
    world.run(500.0, changes=0)
    last = {one: world.now - world.looks[one].read_at for one in world.looks}
    assert max(last[one] for one in young) < 30.0
    assert max(last.values()) < 300.0, "2,000 jobs at half of 20 reads a second are 200 s"
