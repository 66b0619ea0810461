"""Which body of a JobSchedule counts, when the history of the cluster goes back under the operator.

If these fail, a run that a user asks for after a restore of etcd is not seen until the versions have caught up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.schedules.controller import JobScheduleController
from zilliz_jobs.schedules.reconciler import Passed

KEY = Key("JobSchedule", "ns", "nightly")


def schedule(version: int, token: str = "", uid: str = "u1") -> Body:
    meta = {"name": "nightly", "namespace": "ns", "uid": uid, "resourceVersion": str(version), "generation": 1}
    asked = {"annotations": {"jobs.zilliz.com/run-requested": token}} if token else {}
    return {"kind": "JobSchedule", "metadata": meta | asked, "spec": {"schedules": ["@daily"], "jobs": []}}


class Queue:
    def __init__(self) -> None:
        self.keys: list[Key] = []

    def add(self, key: Key, _seconds: float = 0.0) -> None:
        self.keys.append(key)

    def succeeded(self, _key: Key) -> None:
        self.keys.clear()

    def forget(self, key: Key) -> None:
        self.keys.remove(key)


class Nothing:
    """A pass that has nothing to write but `stored`; `meanwhile` is what the watches tell while it runs."""

    def __init__(self) -> None:
        self.backups = self
        self.seen: list[Body] = []
        self.stored: Body | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def on_upsert(self, _body: Body) -> None:
        pass

    def on_delete(self, _uid: str) -> None:
        pass

    def forget(self, _uid: str) -> None:
        pass

    async def look(self, _body: Body) -> None:
        pass

    async def reconcile(self, body: Body) -> Passed:
        self.seen.append(body)
        self.meanwhile()
        return Passed(self.stored or body, None)


@pytest.fixture
def stage() -> tuple[JobScheduleController, Nothing, Queue]:
    passes, queue = Nothing(), Queue()
    doubles: tuple[Any, ...] = passes, queue, passes
    controller = JobScheduleController(*doubles)
    controller.on_upsert(KEY, schedule(600))
    return controller, passes, queue


def version(controller: JobScheduleController) -> int:
    return controller.version(KEY)[1]


def test_an_older_event_is_an_old_one(stage):
    controller, _, _ = stage
    controller.on_upsert(KEY, schedule(350))
    assert version(controller) == 600


def test_what_is_listed_after_the_history_went_back_counts_and_gets_a_pass(stage):
    controller, _, queue = stage
    queue.keys.clear()
    controller.distrust()
    controller.on_upsert(KEY, schedule(350))
    assert (version(controller), queue.keys) == (350, [KEY])
    controller.on_upsert(KEY, schedule(340))
    assert version(controller) == 350, "only what is listed first is of another history"
    controller.on_upsert(KEY, schedule(360, "t1"))
    assert (version(controller), len(queue.keys)) == (360, 2)


@pytest.mark.parametrize("when", ["before the list", "during the pass"])
async def test_a_pass_that_began_before_does_not_bring_the_old_body_back(stage, when):
    controller, passes, _ = stage

    def restored() -> None:
        controller.distrust()
        if when == "during the pass":
            controller.on_upsert(KEY, schedule(350))

    passes.meanwhile = restored
    await controller.reconcile(KEY)
    controller.on_upsert(KEY, schedule(350))
    assert version(controller) == 350


async def test_what_a_pass_stored_goes_with_the_history_though_the_restored_version_is_that_it_began_with(stage):
    controller, passes, queue = stage

    def restored() -> None:
        controller.distrust()
        controller.on_upsert(KEY, schedule(600))

    passes.meanwhile, passes.stored = restored, schedule(700)
    await controller.reconcile(KEY)
    assert (version(controller), queue.keys) == (600, [KEY])


async def test_a_pass_keeps_what_it_stored(stage):
    controller, passes, _ = stage
    controller.distrust()
    controller.on_delete(KEY, schedule(600))
    controller.on_upsert(KEY, schedule(20, uid="u2"))
    controller.on_upsert(KEY, schedule(10, uid="u2"))
    assert version(controller) == 20, "a new object is of the history that goes on"
    await controller.reconcile(KEY)
    assert passes.seen == [schedule(20, uid="u2")]
    assert version(controller) == 20
