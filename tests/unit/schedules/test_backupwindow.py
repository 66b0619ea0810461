"""When the cloud backs up a cluster by itself: a wrong answer warns of nothing, or of what does not happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zilliz_jobs.cloud.backuppolicy import BackupPolicy
from zilliz_jobs.schedules.backupwindow import BackupWindow, warning, window_of
from zilliz_jobs.schedules.duetimes import parse

SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY_DAY = "1,2,3,4,5,6,7"


def policy(hours: str = "02:00-04:00", days: str = EVERY_DAY, status: str = "ENABLED") -> BackupPolicy:
    return BackupPolicy(status=status, start_time=hours, frequency=days)


def window(hours: str = "02:00-04:00", days: str = EVERY_DAY) -> BackupWindow:
    found = window_of(policy(hours, days))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "told",
    [
        policy(status="DISABLED"),
        policy(status=""),
        policy(hours=""),
        policy(hours="2 o'clock"),
        policy(hours="02:00-02:00"),
        policy(days=""),
        policy(days="0,8"),
        policy(days="daily"),
    ],
)
def test_what_is_off_or_cannot_be_read_is_no_window(told: BackupPolicy) -> None:
    assert window_of(told) is None


def test_days_are_counted_from_monday() -> None:
    assert str(window(days="1, 7")) == "Mon, Sun 02:00-04:00 UTC"
    assert str(window()) == "every day 02:00-04:00 UTC"
    assert window(days="7").at(datetime(2026, 3, 1, 3, tzinfo=UTC)), "a Sunday"
    assert not window(days="1").at(datetime(2026, 3, 1, 3, tzinfo=UTC))


def test_its_end_is_no_part_of_it() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    for hours, is_open in ((1.99, False), (2, True), (3.99, True), (4, False)):
        assert window().at(day + timedelta(hours=hours)) is is_open, hours


def test_one_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    over = window("23:00-01:00", days="6")  # Saturday
    assert over.at(datetime(2026, 3, 1, 0, 30, tzinfo=UTC))
    assert not over.at(datetime(2026, 2, 28, 0, 30, tzinfo=UTC))
    assert over.first_due_within(parse(("30 0 * * *",), "UTC"), SUNDAY) == datetime(2026, 3, 8, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "due"),
    [
        ("0 3 * * *", "UTC", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("0 3 * * *", "Europe/Paris", datetime(2026, 3, 2, 2, tzinfo=UTC)),  # its first minute
        ("0 5 * * *", "UTC", None),
        ("0 4 * * *", "UTC", None),  # the minute of its end
        ("0 3 * * 6", "UTC", datetime(2026, 3, 7, 3, tzinfo=UTC)),
        ("* * * * *", "UTC", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("0 3 29 2 *", "UTC", None),  # not in the coming week
    ],
)
def test_the_first_due_time_of_the_coming_week_in_it(cron: str, zone: str, due: datetime | None) -> None:
    assert window().first_due_within(parse((cron,), zone), SUNDAY) == due


def test_a_window_that_is_open_already_counts_for_what_is_still_to_come() -> None:
    now = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert window().first_due_within(parse(("45 3 * * *",), "UTC"), now) == now + timedelta(minutes=15)
    assert window().first_due_within(parse(("15 3 * * *",), "UTC"), now) == datetime(2026, 3, 3, 3, 15, tzinfo=UTC)


def test_the_sentence_names_cluster_hours_and_what_to_do() -> None:
    text = warning("in01-a", window(days="1"), "backup is due then")
    assert text.startswith(
        "the cloud backs up cluster in01-a by itself Mon 02:00-04:00 UTC, and backup is due then: "
    )
    assert text.endswith("choose another hour")
