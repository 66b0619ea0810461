"""The fence: a request that leaves late may find its object submitted by the next process already."""

import pytest

from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.control.fence import MARGIN_SECONDS, Fence


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("waited", "is_open"), [(0.0, True), (9.9, True), (10.0, False), (3600.0, False)])
def test_it_is_open_for_its_limit_and_no_longer(waited: float, is_open: bool):
    clock = Clock()
    fence = Fence(10.0, clock=clock).start()
    clock.now += waited
    if is_open:
        fence()
    else:
        with pytest.raises(FenceClosed, match="since the intent"):
            fence()


def test_one_that_was_never_started_is_closed():
    with pytest.raises(FenceClosed):
        Fence(10.0)()


def test_it_asks_whether_this_process_still_leads_when_the_request_has_arrived():
    asked: list[float] = []

    def leads(seconds: float) -> bool:
        asked.append(seconds)
        return False

    with pytest.raises(FenceClosed, match="lead"):
        Fence(10.0, leads, Clock()).start()()
    assert asked == [MARGIN_SECONDS]


def test_starting_again_begins_anew():
    clock = Clock()
    fence = Fence(10.0, clock=clock).start()
    clock.now += 50
    fence.start()()
