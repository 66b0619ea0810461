"""When a job is likely to end. If these fail, one odd clock of the cloud ends the passes of a job, or promises an end
in another century."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from zilliz_jobs.cloud.envelope import open_envelope
from zilliz_jobs.kinds.answers import LONGEST_ESTIMATE, estimate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANY_TIME = some.datetimes(timezones=some.just(UTC)) | some.none()


@given(ANY_TIME, ANY_TIME, some.integers(-1000, 1000) | some.none())
def test_any_times_are_reckoned_with(start, now, progress):
    end = estimate(start, now, progress)
    assert end is None or (start < now and now - timedelta(minutes=1) <= end <= now + LONGEST_ESTIMATE * 2)


def test_a_job_that_goes_on_as_it_began_ends_then():
    assert estimate(NOON, NOON + timedelta(minutes=30), 25) == NOON + timedelta(hours=2)


@pytest.mark.parametrize("start", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC)])
def test_a_job_that_began_in_another_age_has_none(start):
    assert estimate(start, NOON, 50) is None


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 01 Jan 6780 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Tue, 01 Jan 6780",
        "yesterday",
        "",
    ],
)
def test_a_date_that_no_clock_can_show_is_none(date):
    assert open_envelope(200, {"date": date}, b'{"code": 0}').cloud_time is None


def test_a_clock_that_is_wrong_by_days_is_still_the_clouds():
    found = open_envelope(200, {"date": "Sun, 01 Mar 2026 12:00:00 GMT"}, b'{"code": 0}').cloud_time
    assert found == NOON
