"""A write that is given up too soon loses what it holds; one that never ends holds a worker for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from zilliz_jobs.kube.errors import Conflict, Forbidden, KubeError, NotFound, Unavailable
from zilliz_jobs.kube.persist import AT_ONCE, PATIENT, Pace, persist

pytestmark = pytest.mark.looptime
NEVER = 10**9


@dataclass
class Answer:
    """Fails with these errors, one after the other, and is then stored. `wanted`: how many tries its owner wants."""

    errors: list[BaseException]
    wanted: int = NEVER
    at: list[float] = field(default_factory=list)
    heard: list[tuple[str, int]] = field(default_factory=list)

    async def once(self) -> str:
        self.at.append(round(asyncio.get_running_loop().time(), 3))
        if self.errors:
            raise self.errors.pop(0)
        return "stored"

    def again(self, error: KubeError, tries: int) -> None:
        self.heard.append((str(error), tries))
        if isinstance(error, NotFound):
            raise NotFound("cannot store the answer: the object is gone") from error
        if tries >= self.wanted:
            raise error


def failures(count: int, error: type[KubeError] = Unavailable) -> list[BaseException]:
    return [error(f"failure {number}") for number in range(1, count + 1)]


async def test_what_is_stored_at_once_waits_for_nothing() -> None:
    answer = Answer([])
    assert await persist(answer) == "stored"
    assert (answer.at, answer.heard) == ([0.0], [])


@pytest.mark.parametrize("error", [Unavailable, Forbidden, Conflict, KubeError])
async def test_it_is_tried_until_it_is_stored_at_a_pace_that_spares_the_server(error: type[KubeError]) -> None:
    """Whatever the error: a missing right is granted, credentials are renewed."""
    answer = Answer(failures(8, error))
    assert await persist(answer, PATIENT) == "stored"
    assert answer.at == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5]
    assert answer.heard == [(f"failure {number}", number) for number in range(1, 9)]


async def test_an_outage_of_a_day_ends_it_no_sooner_than_its_owner_does() -> None:
    answer = Answer(failures(9000), wanted=8640)
    with pytest.raises(Unavailable, match="failure 8640"):
        await persist(answer)
    assert answer.at[-1] > 86_000


async def test_what_the_owner_raises_is_what_the_caller_gets() -> None:
    answer = Answer([Unavailable("lost"), NotFound("no such object")])
    with pytest.raises(NotFound, match="the object is gone"):
        await persist(answer)
    assert answer.at == [0.0, 0.5]


async def test_a_server_that_names_a_time_is_not_asked_sooner_and_cannot_put_it_off_for_ever() -> None:
    answer = Answer([Unavailable("busy", retry_after=3.0), Unavailable("busy", retry_after=3600.0)])
    await persist(answer, PATIENT)
    assert answer.at == [0.0, 3.0, 13.0]


async def test_a_write_that_lost_a_race_goes_on_at_once_and_lets_others_run() -> None:
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    answer = Answer(failures(10, Conflict))
    await persist(answer, AT_ONCE)
    task.cancel()
    assert answer.at == [0.0] * 11
    assert others >= 10


async def test_an_error_of_the_program_is_not_tried_again() -> None:
    answer = Answer([ValueError("a bug")])
    with pytest.raises(ValueError, match="a bug"):
        await persist(answer)
    assert len(answer.at) == 1


async def test_it_can_be_ended_while_it_waits() -> None:
    answer = Answer(failures(100))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(persist(answer), 20.0)
    assert answer.at == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5]


@pytest.mark.parametrize(
    ("pace", "tries", "seconds"), [(PATIENT, 1, 0.5), (PATIENT, 10_000, 10.0), (AT_ONCE, 7, 0.0), (Pace(1, 1), 9, 1)]
)
def test_a_pause_grows_to_its_longest_and_not_beyond(pace: Pace, tries: int, seconds: float) -> None:
    assert pace.pause(Unavailable("lost"), tries) == seconds
