"""If these fail, an import is compared with the second in which it began, and a person is asked whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from zilliz_jobs.cloud.readings import Readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_reading_right_after_another_is_the_one_to_wait_for() -> None:
    readings = Readings()
    readings.note(10.0, NOON)
    readings.note(10.05, NOON)
    found = readings.since(10.02, 10.06)
    assert found is not None
    assert (found.date, found.over) == (NOON, 11.05)


def test_the_newest_whose_second_has_passed_is_taken() -> None:
    readings = Readings()
    for n in range(4):
        readings.note(10.0 + n, NOON + timedelta(seconds=n))
    found = readings.since(10.0, 12.5)
    assert found is not None
    assert found.date == NOON + timedelta(seconds=1)


def test_without_a_reading_since_then_there_is_none() -> None:
    readings = Readings()
    readings.note(10.0, NOON)
    assert readings.since(10.5, 20.0) is None
