"""The estimate of the API server's time. If these fail, a job is too late before it was sent, or is never late."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from zilliz_jobs.control.clock import ANSWERS, ServerClock, Stopwatch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class KeyPoller:
    """A machine whose clock is off, and an API server that tells the right time, unless it is told otherwise."""

    def __init__(self, off: timedelta = timedelta(0)) -> None:
        self.passed, self.off, self.server = 1000.0, off, timedelta(0)
        self.clock = ServerClock(lambda: self.right + self.off, lambda: self.passed)

    @property
    def right(self) -> datetime:
        return NOON + timedelta(seconds=self.passed - 1000.0)

    def answer(self, server: timedelta | None = None, *, after: float = 2.0, took: float = 0.01) -> None:
        self.passed += after
        told = self.right + (self.server if server is None else server)
        self.clock.hear(format_datetime(told, usegmt=True), took)

    @property
    def error(self) -> float:
        """Seconds by which it differs from the API server's time."""
        return abs((self.clock.now() - (self.right + self.server)).total_seconds())


@pytest.mark.parametrize("off", [HOUR, -HOUR, timedelta(days=400), -timedelta(days=400)], ids=str)
def test_a_machine_whose_clock_is_wrong_goes_by_the_api_server(off: timedelta) -> None:
    key_poller = KeyPoller(off)
    assert key_poller.clock.now() == NOON + off  # nothing else is known yet
    key_poller.answer()
    assert key_poller.error <= 2
    key_poller.passed += 86400
    assert key_poller.error <= 2, "nor does it forget while nobody answers"


def test_somebody_sets_the_clock_of_the_machine_and_nothing_moves() -> None:
    key_poller = KeyPoller()
    key_poller.answer()
    key_poller.off = HOUR
    assert key_poller.error <= 2
    assert key_poller.clock.set_at is None


def test_without_a_date_it_is_the_machine_and_says_when_that_was_set() -> None:
    """A proxy may take the header away. A wait that is under way must then begin anew: see `counted`."""
    key_poller = KeyPoller()
    key_poller.clock.hear("", 0.01)
    assert key_poller.clock.now() == NOON
    key_poller.off = HOUR
    assert key_poller.clock.now() == NOON + HOUR
    assert key_poller.clock.set_at == NOON + HOUR


@pytest.mark.parametrize(
    "date",
    [
        "",
        "noon",
        "Fri, 01 Jan 6780 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Sun, 01 Mar 99999 12:00:00 GMT",
        "Sun, 01 Mar 2026 12:00:00 +9999",
        "\x00",
    ],
)
def test_a_date_that_is_none_is_ignored(date: str) -> None:
    key_poller = KeyPoller()
    key_poller.answer()
    key_poller.passed += 10
    key_poller.clock.hear(date, 0.01)
    assert key_poller.error <= 2


def test_one_server_of_three_whose_clock_is_wrong_decides_nothing() -> None:
    """Which of them answers is the load balancer's choice."""
    key_poller = KeyPoller()
    for n in range(30):
        key_poller.answer(HOUR if n % 3 == 2 else timedelta(0))
        assert key_poller.error <= 2
    assert key_poller.clock.set_at is None


def test_an_answer_that_took_long_says_too_little() -> None:
    key_poller = KeyPoller()
    key_poller.answer()
    for _ in range(ANSWERS):
        key_poller.answer(-timedelta(seconds=14), took=14.0)
    assert key_poller.error <= 2


def test_a_burst_of_answers_counts_as_one() -> None:
    """Those of one connection are all of one server."""
    key_poller = KeyPoller()
    for _ in range(ANSWERS):
        key_poller.answer()
    for _ in range(100):
        key_poller.answer(HOUR, after=0.001)
    assert key_poller.error <= 2


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=str)
def test_the_api_servers_clock_is_set(step: timedelta) -> None:
    """New objects carry its new time, so the ages of the old ones cannot be right; but waits begin anew."""
    key_poller = KeyPoller()
    for _ in range(ANSWERS):
        key_poller.answer()
    key_poller.clock.now()
    key_poller.server = step
    for _ in range(ANSWERS):
        key_poller.answer()
    assert key_poller.error <= 2
    assert key_poller.clock.set_at is not None
    assert abs(key_poller.clock.set_at - key_poller.clock.now()) < timedelta(minutes=1)


def test_it_goes_on_evenly_and_never_back() -> None:
    """`Date` is in whole seconds, and answers take their time."""
    key_poller, before = KeyPoller(), NOON - HOUR
    for n in range(400):
        key_poller.answer(timedelta(seconds=-0.9 * (n % 2)), after=0.7, took=(n % 7) / 5)
        now = key_poller.clock.now()
        assert now >= before
        assert key_poller.error <= 3
        before = now


@pytest.mark.parametrize(("off", "word"), [(HOUR, "ahead of"), (-HOUR, "behind")], ids=["ahead", "behind"])
def test_a_wrong_clock_is_told_once_and_its_end_too(
    off: timedelta, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key_poller = KeyPoller(off)
    for _ in range(20):
        key_poller.answer()
    assert key_poller.clock.skew == pytest.approx(off.total_seconds(), abs=2)
    key_poller.off = timedelta(0)
    key_poller.answer()
    assert key_poller.clock.skew == pytest.approx(0, abs=2)
    levels = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in levels] == [logging.WARNING, logging.INFO]
    assert f"s {word} the API server" in levels[0][1]


def test_a_small_difference_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    key_poller = KeyPoller(timedelta(seconds=50))
    for _ in range(20):
        key_poller.answer()
    assert not caplog.records


def test_a_stopwatch_heeds_no_clock_that_is_set() -> None:
    key_poller = KeyPoller()
    key_poller.answer()
    watch = Stopwatch(key_poller.clock.now, lambda: key_poller.passed)
    began = watch.begin()
    key_poller.passed += 30
    key_poller.server = HOUR
    for _ in range(ANSWERS):
        key_poller.answer(after=1.0)
    assert (key_poller.clock.now() - watch.since(began)).total_seconds() == pytest.approx(30 + ANSWERS, abs=1)
