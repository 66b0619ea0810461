"""The queue drives everything: a key that it loses is a job that nobody looks at. All in virtual time."""

import asyncio
import random

import pytest

from zilliz_jobs.control.workqueue import WorkQueue

pytestmark = pytest.mark.looptime


def clock() -> float:
    return asyncio.get_running_loop().time()


async def took(queue: WorkQueue[str], after: float = 0.0) -> tuple[str, float]:
    start = clock()
    async with asyncio.timeout(1000):
        key = await queue.get()
    return key, round(clock() - start, 3)


async def test_keys_come_when_they_are_due():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("later", 30)
    queue.add("soon", 5)
    queue.add("now")
    assert [await took(queue) for _ in range(3)] == [("now", 0), ("soon", 5), ("later", 25)]


async def test_what_has_less_patience_goes_first_where_not_all_can_be_done():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("progress", patience=15)
    queue.add("state", patience=2)
    queue.add("end")
    queue.add("later", 5)
    assert [(await took(queue))[0] for _ in range(3)] == ["end", "state", "progress"]
    assert (await took(queue)) == ("later", 5)


async def test_patience_is_no_delay():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("progress", patience=15)
    assert await took(queue) == ("progress", 0)


async def test_patience_ends_so_nothing_waits_for_ever():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("progress", patience=15)
    order = []
    for second in range(20):
        queue.add(f"end {second}")
        order.append((await took(queue))[0])
        await asyncio.sleep(1)
    assert order.index("progress") == 15
    assert queue.behind == 1, "it took the turn of another one"


async def test_the_least_patience_counts_and_a_later_time_hastens_nothing():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", 300)
    queue.add("a", patience=15)
    queue.add("b", patience=2)
    assert [await took(queue), await took(queue)] == [("b", 0), ("a", 0)]
    queue.done("a")
    queue.done("b")
    queue.add("a", patience=15)
    queue.add("b", patience=2)
    queue.add("a")
    assert [await took(queue), await took(queue)] == [("a", 0), ("b", 0)]
    assert len(queue) == 0


async def test_a_key_that_is_added_again_comes_once():
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(5):
        queue.add("a")
    assert await took(queue) == ("a", 0)
    queue.done("a")
    assert len(queue) == 0


async def test_a_later_wake_never_delays_an_earlier_one_and_an_earlier_one_hastens():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", 10)
    queue.add("a", 60)
    assert await took(queue) == ("a", 10)
    queue.done("a")
    queue.add("a", 60)
    queue.add("a", 3)
    assert await took(queue) == ("a", 3)
    queue.done("a")
    assert len(queue) == 0


async def test_a_key_that_is_added_while_it_is_worked_on_comes_back_when_it_is_done():
    """An event that arrives during a pass must not be lost, nor start a second pass beside the first."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 100)
    queue.done("a")
    assert await took(queue) == ("a", 0)


async def test_a_busy_key_does_not_block_the_others():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("b", 1)
    assert await took(queue) == ("b", 1)
    queue.done("a")
    assert await took(queue) == ("a", 0)


async def test_one_worker_that_waits_long_is_woken_by_what_comes_sooner():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("late", 500)
    waiting = asyncio.create_task(took(queue))
    await asyncio.sleep(1)
    queue.add("early", 2)
    assert await waiting == ("early", 3)


async def test_many_workers_share_the_keys_and_none_takes_one_twice():
    queue: WorkQueue[str] = WorkQueue()
    seen: list[str] = []

    async def work() -> None:
        while True:
            key = await queue.get()
            await asyncio.sleep(1)
            seen.append(key)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    for n in range(20):
        queue.add(f"k{n}")
    await asyncio.sleep(5.5)
    assert sorted(seen) == sorted(f"k{n}" for n in range(20))
    for task in workers:
        task.cancel()


async def test_a_forgotten_key_does_not_come():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", 1)
    queue.forget("a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 10)


async def test_closing_ends_the_workers_that_wait():
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(1)
    queue.add("never", 1)
    queue.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_its_lateness_is_that_of_the_longest_waiting_key():
    """The measure of an operator that has too much to do."""
    queue: WorkQueue[str] = WorkQueue()
    assert (queue.ready, queue.lateness) == (0, 0.0)
    queue.add("a")
    queue.add("b", 5)
    await asyncio.sleep(7)
    assert (queue.ready, queue.lateness) == (2, 7.0)


async def test_a_key_woken_again_and_again_does_not_grow_the_heap_without_end():
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(300):
        queue.add("a", 1.0)
        assert (await took(queue))[0] == "a"
        queue.done("a")
        queue.add("a", 60)
        queue.add("a")
        await queue.get()
        queue.done("a")
    assert len(queue._heap) <= 65


@pytest.mark.looptime
@pytest.mark.parametrize("before", [0.1, 900.7, 1699.9, 86_399.3])
async def test_a_wait_that_is_shorter_than_a_step_of_the_clock_is_none(monkeypatch, before):
    """Such a wait ends before the clock has moved: waited for again and again, nothing else would run any more."""
    queue, looks = WorkQueue[str](), 0
    take = queue._take_due

    def counted() -> tuple[str] | float:
        nonlocal looks
        looks += 1
        assert looks < 1000, "the queue looks again and again, and the clock stands still"
        return take()

    monkeypatch.setattr(queue, "_take_due", counted)
    await asyncio.sleep(before)
    for delay in [120.0, 0.3, 1 / 3, 1e-5, 1e-7, 1e-9] * 10:
        queue.add("a", delay)
        queue.done(await queue.get())


async def test_a_key_that_fails_waits_longer_each_time_and_no_longer_than_the_cap():
    """Else an object that fails takes the workers from all others, or is looked at again only after days."""
    queue = WorkQueue[str](cap=60.0)
    waits = []
    for _ in range(10):
        began = asyncio.get_running_loop().time()
        queue.add_failed("a")
        await queue.get()
        queue.done("a")
        waits.append(asyncio.get_running_loop().time() - began)
    assert waits[0] <= 1.5
    assert max(waits) <= 60.0
    assert waits == sorted(waits)
    assert waits[-1] > 40 * waits[0]
    assert queue.failures("a") == 10
    queue.succeeded("a")
    assert queue.failures("a") == 0


async def test_a_server_that_names_a_time_is_not_asked_before_it():
    queue = WorkQueue[str]()
    began = asyncio.get_running_loop().time()
    queue.add_failed("a", least=30.0)
    await queue.get()
    assert asyncio.get_running_loop().time() - began >= 30.0


async def test_a_key_that_is_forgotten_leaves_neither_a_time_nor_a_count():
    queue = WorkQueue[str]()
    queue.add_failed("a")
    queue.forget("a")
    assert (len(queue), queue.failures("a")) == (0, 0)


class TestWorkers:
    """Each waits for itself; with thirty of them, a key that woke all would cost more than its pass."""

    async def test_one_is_woken_for_one_key(self):
        queue: WorkQueue[str] = WorkQueue()
        workers = [asyncio.create_task(queue.get()) for _ in range(32)]
        await asyncio.sleep(0)
        turns = 0
        queue.add("a")
        while not any(worker.done() for worker in workers):
            turns += 1
            await asyncio.sleep(0)
        assert turns <= 3
        assert len(queue._waiting) == 31
        await ended(workers)

    async def test_keys_that_are_due_together_are_taken_together(self):
        queue: WorkQueue[str] = WorkQueue()
        workers = [asyncio.create_task(took(queue)) for _ in range(5)]
        await asyncio.sleep(0)
        for key in "abcde":
            queue.add(key, 7)
        assert sorted(await asyncio.gather(*workers)) == [(key, 7) for key in "abcde"]

    async def test_an_earlier_key_is_not_taken_later_for_one_that_others_wait_for(self):
        queue: WorkQueue[str] = WorkQueue()
        queue.add("later", 30)
        workers = [asyncio.create_task(took(queue)) for _ in range(2)]
        await asyncio.sleep(1)
        queue.add("soon", 2)
        assert await asyncio.gather(*workers) == [("soon", 3), ("later", 30)]

    async def test_one_that_ends_as_it_is_woken_leaves_the_key_to_the_next(self):
        queue: WorkQueue[str] = WorkQueue()
        first, second = [asyncio.create_task(queue.get()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.add("a")
        first.cancel()
        async with asyncio.timeout(1000):
            assert await second == "a"
        assert first.cancelled()

    async def test_whose_wait_ends_does_not_take_part_any_more(self):
        queue: WorkQueue[str] = WorkQueue()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await queue.get()
        assert not queue._waiting
        queue.add("a")
        assert await took(queue) == ("a", 0)

    @pytest.mark.parametrize("seed", range(5))
    async def test_no_key_is_left_however_workers_come_and_go(self, seed):
        choose = random.Random(seed)
        queue: WorkQueue[int] = WorkQueue()
        late: list[float] = []
        due: dict[int, float] = {}

        async def work() -> None:
            while True:
                key = await queue.get()
                late.append(clock() - due[key])
                await asyncio.sleep(choose.choice((0, 0, 0.01)))
                queue.done(key)

        workers = [asyncio.create_task(work()) for _ in range(6)]
        for number in range(300):
            delay = choose.choice((0, 0, 1, 5))
            due[number] = clock() + delay
            queue.add(number, delay)
            if choose.random() < 0.2:  # in the middle of a wait, or just woken
                place = choose.randrange(len(workers))
                workers[place].cancel()
                workers[place] = asyncio.create_task(work())
            await asyncio.sleep(choose.choice((0, 0, 0, 0.02)))
        await asyncio.sleep(6)
        assert len(late) == 300
        assert max(late) < 1, "each is taken when it is due"
        await ended(workers)


async def ended(workers: list[asyncio.Task[str]] | list[asyncio.Task[None]]) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
