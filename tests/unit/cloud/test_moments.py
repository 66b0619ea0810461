"""Times of the cloud. One that only stands for "not set" must not read as an early one: its job would look older than
the request that started it, count as absent, and be submitted again; and its object would show 1970."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.envelope import open_envelope
from zilliz_jobs.cloud.imports import ImportProgress
from zilliz_jobs.cloud.imports_v1 import ImportProgressV1
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.cloud.readings import Readings

NONE = [
    "",
    "soon",
    None,
    0,
    1767600000,
    "0001-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1970-01-01T08:00:00+08:00",
    "1900-01-01",
    "2026-03-01T12:00:00",  # of which zone?
    "2026-03-01 12:00:00",
    "9999-12-31T23:59:59Z",
    "+58000-01-01T00:00:00Z",
]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", NONE)
@pytest.mark.parametrize(
    ("model", "ids", "field"),
    [
        (Job, {"jobId": "j"}, "startTime"),
        (Job, {"jobId": "j"}, "endTime"),
        (ConsoleJob, {"jobId": "j"}, "createTime"),
        (Backup, {"backupId": "b"}, "createTime"),
        (Cluster, {"clusterId": "c"}, "createTime"),
        (ImportProgress, {}, "completeTime"),
        (ImportProgressV1, {}, "completeTime"),
    ],
)
def test_a_time_that_is_not_set_is_none(model, ids, field, text):
    told = model.model_validate(ids | {field: text})
    assert told.model_dump(by_alias=True)[field] is None


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T20:00:00+08:00"])
def test_a_time_that_is_set_is_kept(text):
    assert Job.model_validate({"jobId": "j", "startTime": text}).start_time == AT


@pytest.mark.parametrize("text", ["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 6780 00:00:00 GMT", "soon"])
def test_a_date_that_no_clock_shows_is_none(text):
    """Every job would be older than it, or younger."""
    assert open_envelope(200, {"date": text}, b'{"code": 0, "data": {}}').cloud_time is None


class TestReadings:
    def readings(self, *received: float) -> Readings:
        readings = Readings()
        for moment in received:
            readings.note(moment, AT)
        return readings

    @pytest.mark.parametrize(
        ("received", "since", "now", "wanted"),
        [
            ([10.0], 9.0, 10.0, 10.0),  # its second has not passed: to be waited for
            ([10.0, 10.5], 9.0, 10.5, 10.0),
            ([10.0, 10.5, 11.2], 9.0, 11.2, 10.0),  # the newest whose second has passed
            ([10.0, 10.5, 11.2], 9.0, 11.6, 10.5),
            ([10.0, 10.5, 11.2], 10.4, 11.2, 10.5),  # never one from before
            ([10.0], 10.4, 11.2, None),
            ([], 0.0, 11.2, None),
        ],
    )
    def test_it_is_one_since_then_whose_second_has_passed_if_there_is_one(self, received, since, now, wanted):
        """Else a job of the same second would pass for ours, or ours for an older one."""
        found = self.readings(*received).since(since, now)
        assert (found.received if found else None) == wanted

    def test_a_busy_connection_keeps_few(self):
        readings = self.readings(*(n / 1000 for n in range(100_000)))
        assert readings.since(0.0, 99.0) is not None
        assert readings.since(99.9995, 200.0) is None
