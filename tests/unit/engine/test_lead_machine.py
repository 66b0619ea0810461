"""Election, dispatcher, queue and poll plan as one machine: whatever happens, in any order, no object is lost.

If this fails, a job stays InProgress for ever, or it is submitted twice, or by an operator that does not lead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.examples import examples
from tests.unit.engine.hall import Body
from tests.unit.engine.lapsecloud import ACTIVE, FATES
from tests.unit.engine.leadworld import ORDERS, LeadWorld

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.objects import CANCEL, Key

MOST = 9  # objects at once
MOMENTS = [0.0, 0.05, 0.3, 0.7, 1.3, 2.1, 4.9, 7.0, 11.0, 19.0]
NUMBER = st.integers(0, MOST - 1)
SLOW = st.sampled_from([0.0, 0.0, 1.0, 4.0])


def happens(**choices: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A rule, after which some time passes."""

    def made(deed: Callable[..., None]) -> Callable[..., None]:
        @wraps(deed)
        def and_then(self: Lead, then: float, **chosen: Any) -> None:
            deed(self, **chosen)
            self.world.run(asyncio.sleep(then))

        made_rule: Any = rule(then=st.sampled_from(MOMENTS), **choices)(and_then)
        return made_rule  # type: ignore[no-any-return]

    return made


class Lead(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = LeadWorld()

    @initialize(fates=st.permutations(FATES), then=st.sampled_from(MOMENTS))
    def begins(self, fates: list[str], then: float) -> None:
        self.world.run(self.world.begin(fates))
        self.world.run(asyncio.sleep(then))

    # -- time

    @happens(duration=st.sampled_from([1.0, 20.0, 61.0]))
    def time_passes(self, duration: float) -> None:
        self.world.run(asyncio.sleep(duration))

    @happens(duration=st.sampled_from([3.0, 9.0, 13.0, 17.0, 40.0, 400.0]))
    def the_process_stands_still(self, duration: float) -> None:
        self.world.stop_for(duration)

    @happens(duration=st.sampled_from([3.0, 9.0, 13.0, 40.0]))
    def the_machine_sleeps(self, duration: float) -> None:
        """And with it the clock of its timers, not the one that tells how long the Lease is ours."""
        if self.world.do(self.world.elector.leads):  # who only waits sleeps in the time of the others
            self.world.asleep += duration

    # -- the Lease

    @happens(holds=st.lists(st.sampled_from([0.5, 2.5, 4.3, 4.9, 6.0]), min_size=1, max_size=3))
    def writes_of_the_lease_are_slow(self, holds: list[float]) -> None:
        self.world.line.holds[:] = holds

    @happens(how=st.sampled_from(["cut", "deaf", "slow", "well"]))
    def the_line_to_the_lease(self, how: str) -> None:
        line = self.world.line
        line.heal()
        line.cut, line.deaf = how == "cut", how == "deaf"
        if how == "slow":
            line.there, line.back = 2.6, 1.9

    @happens()
    def somebody_writes_into_the_lease(self) -> None:
        if self.world.server.lease is not None:
            self.world.do(self.world.server.annotate)

    @happens()
    def the_lease_is_deleted(self) -> None:
        self.world.server.lease = None

    @happens(there=st.booleans())
    def another_stands_by(self, there: bool) -> None:
        """Or is cut off, maybe while it leads."""
        self.world.rival.line.cut = not there

    @happens()
    def the_other_goes(self) -> None:
        self.world.run(self.world.rival_leaves())

    @happens(new=st.booleans())
    def another_takes_the_lease_and_works(self, new: bool) -> None:
        world = self.world
        world.rival.line.cut, world.line.cut = False, True
        if new:
            world.do(world.make, "plain")
        world.run(asyncio.sleep(22))
        for body in world.objects():
            world.do(world.rival_works, body)
        world.line.cut = False

    # -- objects

    @happens(order=st.sampled_from([*ORDERS]))
    def an_object_is_made(self, order: str) -> None:
        if len(self.world.objects()) < MOST:
            self.world.do(self.world.make, order)

    @happens(number=NUMBER, suspend=st.booleans())
    def a_spec_is_changed(self, number: int, suspend: bool) -> None:
        self.edit(
            number, lambda meta: {"spec": {"suspend": suspend}, "metadata": {"generation": meta["generation"] + 1}}
        )

    @happens(number=NUMBER)
    def a_cancel_is_asked_for(self, number: int) -> None:
        self.edit(number, lambda _meta: {"metadata": {"annotations": {CANCEL: "please"}}})

    @happens(number=NUMBER, again=st.sampled_from(["", *ORDERS]))
    def an_object_is_deleted(self, number: int, again: str) -> None:
        if meta := self.meta(number):
            self.world.do(self.world.delete, meta["name"], again)

    @happens(number=NUMBER, delay=st.sampled_from([0.0, 0.0, 3.0]))
    def a_key_is_woken(self, number: int, delay: float) -> None:
        if meta := self.meta(number):
            self.world.do(self.world.inside.engine.queue.add, Key("BackupJob", "ns", meta["name"]), delay)

    @happens()
    def all_are_woken(self) -> None:
        self.world.do(self.world.inside.engine.dispatcher.wake_all)

    @happens(slow=SLOW, away=st.booleans())
    def the_api_server(self, slow: float, away: bool) -> None:
        self.world.inside.api.slow, self.world.inside.api.away = slow, away and not slow

    @happens(again=st.booleans())
    def the_watch(self, again: bool) -> None:
        """It breaks off, or it lists anew."""
        if again:
            self.world.do(self.world.list_again)
        else:
            self.world.blind = True

    @happens(served=st.booleans())
    def the_kind_is_served(self, served: bool) -> None:
        self.world.do(lambda: self.world.inside.engine.feed.served("BackupJob", served=served))

    @happens()
    def the_history_of_the_cluster_went_back(self) -> None:
        self.world.do(self.world.inside.engine.feed.rewound)
        self.world.do(self.world.list_again)

    def meta(self, number: int) -> Body | None:
        objects = self.world.objects()
        return objects[number % len(objects)]["metadata"] if objects else None

    def edit(self, number: int, change: Callable[[Body], Body]) -> None:
        if meta := self.meta(number):
            self.world.do(self.world.inside.api.edit, meta["name"], change(meta))

    # -- the cloud

    @happens(number=NUMBER, end=st.sampled_from([None, State.SUCCESSFUL, State.FAILED]))
    def a_job_goes_on(self, number: int, end: State | None) -> None:
        if active := [job for job in self.world.cloud.ledger if job.state in ACTIVE]:
            job = active[number % len(active)]
            job.state, job.progress = end or job.state, job.progress + 10

    @happens(slow=SLOW, down=st.booleans())
    def reads_of_the_cloud(self, slow: float, down: bool) -> None:
        self.world.cloud.slow, self.world.cloud.down = slow, down

    @happens(duration=st.sampled_from([2.0, 30.0]))
    def the_cloud_throttles(self, duration: float) -> None:
        self.world.do(self.world.cloud.limiter.pause, duration)

    @happens(fates=st.lists(st.sampled_from(FATES), max_size=3))
    def the_next_submissions(self, fates: list[str]) -> None:
        self.world.cloud.fates[:] = fates

    # -- what must hold

    @invariant()
    def nothing_is_lost(self) -> None:
        self.world.do(self.world.judge)

    def teardown(self) -> None:
        try:
            if hasattr(self.world, "inside") and not self.world.broken:
                self.world.run(self.world.calm())
        finally:
            self.world.close()


TestLead = Lead.TestCase
TestLead.settings = examples(60, steps=30)
