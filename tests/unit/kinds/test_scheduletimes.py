"""When a schedule really runs, where the cloud does not show the time zone that was sent. A wrong sentence here makes
a person trust a time that is an hour off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from zilliz_jobs.cloud.scaling import Schedule
from zilliz_jobs.kinds.clusters.scheduletimes import unconfirmed

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, tzinfo=UTC)
EIGHT = "0 8 * * 1-5"


def wanted(cron: str = EIGHT, zone: str | None = "Europe/Berlin", target: int = 2) -> Schedule:
    return Schedule(cron=cron, target=target, timezone=zone)


def told(now: datetime, *schedules: Schedule, shown: Any = None) -> str:
    rows = shown if shown is not None else [{"cron": s.cron, "target": s.target} for s in schedules]
    return unconfirmed(schedules, {"schedules": rows}, now)


@pytest.mark.parametrize(
    ("now", "cron", "zone", "parts"),
    [
        (
            WINTER,
            EIGHT,
            "Europe/Berlin",
            ["at 08:00 UTC", "not at 07:00 UTC", "(06:00 UTC from 2026-03-29 on, daylight saving)"],
        ),
        (
            SUMMER,
            EIGHT,
            "Europe/Berlin",
            ["at 08:00 UTC", "not at 06:00 UTC", "(07:00 UTC from 2026-10-25 on, daylight saving)"],
        ),
        (WINTER, "30 20 * * *", "Asia/Kolkata", ["at 20:30 UTC", "not at 15:00 UTC"]),
        (WINTER, "0 1 * * *", "Asia/Tokyo", ["at 01:00 UTC", "not at 16:00 UTC"]),
        (WINTER, "0,30 8,9 * * *", "Asia/Tokyo", ["at 08:00, 08:30, 09:00, 09:30 UTC", "not at 23:00, 23:30"]),
        (WINTER, "*/40 * * * *", "Asia/Kolkata", ["its hours then count in UTC", "Asia/Kolkata is UTC+0530"]),
        (WINTER, "0 */6 * * *", "Europe/Berlin", ["UTC+0100 (UTC+0200 from 2026-03-29 on, daylight saving)"]),
        (WINTER, EIGHT, "Mars/Olympus", ["at 08:00 UTC", "Mars/Olympus is not known here"]),
    ],
)
def test_the_sentence_names_the_time_in_utc_and_the_wanted_one(
    now: datetime, cron: str, zone: str, parts: list[str]
) -> None:
    text = told(now, wanted(cron, zone))
    assert [part for part in parts if part not in text] == [], text


def test_a_zone_without_daylight_saving_says_nothing_of_it() -> None:
    assert "daylight" not in told(WINTER, wanted(zone="Asia/Tokyo"))


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("Europe/Berlin", "europe/berlin"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("UTC", "Etc/UTC"),
    ],
)
def test_a_zone_that_is_shown_is_confirmed(zone: str, shown: str) -> None:
    assert told(WINTER, wanted(zone=zone), shown=[{"cron": "00 08 * * 1-5", "target": 2, "timezone": shown}]) == ""


def test_another_zone_runs_at_its_own_time() -> None:
    text = told(WINTER, wanted(), shown=[{"cron": EIGHT, "target": 2, "timezone": "America/New_York"}])
    assert "it then runs at 13:00 UTC, read in America/New_York" in text


def test_a_zone_that_only_the_cloud_knows_is_named_and_its_times_are_not_guessed() -> None:
    text = told(WINTER, wanted(), shown=[{"cron": EIGHT, "target": 2, "timezone": "Mars/Olympus"}])
    assert "the cloud shows time zone Mars/Olympus for" in text
    assert "Europe/Berlin was sent" in text
    assert "it then runs" not in text


def test_a_time_that_the_cloud_moved_is_shown_as_it_is() -> None:
    """A cloud that turns the text into UTC is right until the clocks change."""
    text = told(WINTER, wanted(), shown=[{"cron": "0 7 * * 1-5", "target": 2, "timezone": "UTC"}])
    assert "it then runs at 07:00 UTC" in text
    assert "(06:00 UTC from 2026-03-29 on" in text


def test_only_what_names_a_zone_is_asked_about_and_each_is_named() -> None:
    assert told(WINTER, wanted(zone=None)) == ""
    text = told(WINTER, wanted(), wanted("0 20 * * 1-5", target=1), wanted("0 12 * * *", None, 3))
    assert (text.count("it then runs"), "12:00" in text) == (2, False)


@pytest.mark.parametrize("shown", [None, {}, {"schedules": "?"}, {"schedules": ["?"]}, {"min": 1, "max": 2}])
def test_a_rule_that_is_not_shown_confirms_nothing(shown: Any) -> None:
    assert "08:00 UTC" in unconfirmed([wanted()], shown, WINTER)
