"""If these fail, the cloud throttles the user's key, or a submission waits behind polls. All in virtual time."""

import asyncio
import random

import pytest

from zilliz_jobs.cloud.limiter import DEFAULT_PAUSE, HEADROOM, Limiter, Priority, Throttled

pytestmark = pytest.mark.looptime


def clock() -> float:
    return asyncio.get_running_loop().time()


async def stamp(
    limiter: Limiter, into: list[tuple[str, float]], name: str, *, priority: Priority = Priority.NEED
) -> None:
    await limiter.slot("r", priority=priority, within=1000)
    into.append((name, clock()))


def most_in_a_second(times: list[float]) -> int:
    times = sorted(times)
    return max(sum(start <= t < start + 1 for t in times) for start in times)


async def rush(limiter: Limiter, requests: int) -> list[float]:
    seen: list[tuple[str, float]] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(requests):
            group.create_task(stamp(limiter, seen, "poll"))
    return [time for _, time in seen]


@pytest.mark.parametrize("rate", [1, 5, 20])
async def test_no_window_of_a_second_ever_holds_more_than_the_rate(rate):
    assert most_in_a_second(await rush(Limiter(rate), 5 * rate)) <= rate


async def test_arrivals_that_jitter_by_55_ms_still_stay_within_the_limit():
    jitter = random.Random(7)
    arrivals = [time + jitter.uniform(0, 0.055) for time in await rush(Limiter(20), 400)]
    assert most_in_a_second(arrivals) <= 20


async def test_nearly_all_of_the_budget_can_be_used():
    times = await rush(Limiter(20), 181)
    assert max(times) <= 9.6


async def test_the_first_request_does_not_wait():
    assert await rush(Limiter(1), 1) == [0]


async def test_effects_go_before_polls_that_wait_already():
    limiter, seen = Limiter(1), []
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(stamp(limiter, seen, "poll"))
        await asyncio.sleep(0.1)
        group.create_task(stamp(limiter, seen, "submit", priority=Priority.EFFECT))
    assert [name for name, _ in seen][:3] == ["poll", "submit", "poll"]


async def test_routes_have_budgets_of_their_own():
    limiter = Limiter(1)
    await limiter.slot("GET /a")
    await limiter.slot("GET /b")
    assert clock() == 0


async def test_throttling_by_the_cloud_stops_every_route():
    limiter = Limiter(20)
    limiter.pause(3)
    limiter.pause(1)
    await limiter.slot("GET /a")
    assert clock() == pytest.approx(3)
    assert limiter.paused_for == 0


async def test_a_pause_also_holds_those_that_wait_already():
    limiter, seen = Limiter(1), []
    await limiter.slot("r")
    waiting = asyncio.create_task(stamp(limiter, seen, "poll"))
    await asyncio.sleep(0.1)
    limiter.pause()
    await waiting
    assert seen[0][1] == pytest.approx(0.1 + max(DEFAULT_PAUSE, 1.0))


async def test_who_cannot_wait_is_told_at_once_and_takes_no_slot():
    limiter = Limiter(1)
    limiter.pause(60)
    with pytest.raises(Throttled) as full:
        await limiter.slot("r", within=5)
    assert clock() == 0
    assert full.value.retry_after == pytest.approx(60)


async def test_a_wait_that_a_later_pause_makes_too_long_ends_in_time():
    limiter = Limiter(1)
    await limiter.slot("r")
    waiting = asyncio.create_task(limiter.slot("r", within=5))
    await asyncio.sleep(0.5)
    limiter.pause(100)
    with pytest.raises(Throttled):
        await waiting
    assert clock() == pytest.approx(5)


async def test_a_cancelled_wait_costs_the_others_nothing():
    limiter, seen = Limiter(1), []
    await limiter.slot("r")
    lost = asyncio.create_task(limiter.slot("r", within=100))
    kept = asyncio.create_task(stamp(limiter, seen, "poll"))
    await asyncio.sleep(0.1)
    lost.cancel()
    await kept
    assert seen[0][1] == pytest.approx(HEADROOM)


async def test_a_smaller_rate_holds_from_the_next_slot():
    limiter = Limiter(20)
    limiter.set_rate(1)
    times = await rush(limiter, 3)
    assert times == pytest.approx([0, HEADROOM, 2 * HEADROOM])
    assert limiter.rate == pytest.approx(1)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
async def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="cannot set the request budget"):
        Limiter(rate)


async def test_another_host_has_the_same_rate_but_lanes_and_pauses_of_its_own():
    limiter = Limiter(20)
    branch = limiter.branch("https://in01-a")
    assert limiter.branch("https://in01-a") is branch
    assert limiter.branch("https://in01-b") is not branch
    branch.pause(100)
    await limiter.slot("r")
    assert (clock(), limiter.paused_for) == (0, 0)
    limiter.set_rate(1)
    assert branch.rate == pytest.approx(1)


async def test_a_read_that_something_waits_for_goes_before_polls_and_after_effects():
    limiter, seen = Limiter(1), []
    async with asyncio.TaskGroup() as group:
        for name, priority in [("poll", Priority.POLL)] * 3 + [("need", Priority.NEED), ("submit", Priority.EFFECT)]:
            group.create_task(stamp(limiter, seen, name, priority=priority))
    assert [name for name, _ in seen] == ["poll", "submit", "need", "poll", "poll"]


async def test_what_goes_out_late_because_we_were_busy_does_not_crowd_the_clouds_next_second():
    """The loop stalls between the slot and the request: by the cloud's clock the requests after it come too soon."""
    limiter, sent = Limiter(20), []

    async def request() -> None:
        await limiter.slot("r", within=1000)
        sent.append(clock())

    async with asyncio.TaskGroup() as group:
        for _ in range(60):
            group.create_task(request())
        await asyncio.sleep(0.001)
        stalled = limiter._budgets["r"].given[0]  # the first went out 0.3 s after its slot
        stalled.time += 0.3
    assert most_in_a_second([0.3, *sent[1:]]) <= 20


async def test_slots_that_came_late_are_made_up_for_but_a_rest_is_not() -> None:
    """A busy machine serves each timer some milliseconds late; carried on, that would cost a tenth of the budget."""
    limiter = Limiter(20)
    await asyncio.sleep(10)
    await limiter.slot("r")
    limiter._budgets["r"].next_slot = clock() - 0.02  # the next timer fires 20 ms late
    times = [time - 10 for time in await rush(limiter, 40)]
    assert times[1] - times[0] == pytest.approx(HEADROOM / 20 * 0.7)
    assert times[39] <= 40 * HEADROOM / 20
    await asyncio.sleep(100)
    after = await rush(limiter, 21)
    assert after[20] - after[0] >= HEADROOM
    assert most_in_a_second(after) <= 20
