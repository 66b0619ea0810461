"""The table of backups: who decides by it what may be deleted must see what each is for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.cli.kubectl.pictures import NOW, WAYS, compare, printed, screen

from zilliz_jobs.cli.kubectl.backuplist import Listed, backup_table, is_manual, newest_first, owners_of, row_of, size
from zilliz_jobs.cloud.backups import Backup

CLUSTER = "in01-demo0movies0001"


def backup(backup_id: str, days: float | None, **more: object) -> Listed:
    created = None if days is None else NOW - timedelta(days=days)
    facts = {"backup_name": f"name of {backup_id}", "cluster_id": CLUSTER, "status": "AVAILABLE", **more}
    return Listed(Backup.model_validate({"backup_id": backup_id, "create_time": created, **facts}), "default")


LISTED = [
    backup("backup0_old", 40, size=1_234_567_890),
    backup("backup0_new", 0.5, size=123_456),
    backup("backup0_mid", 3, size=12),
    backup("backup0_untold", None, status="CREATING"),
]
JOBS = [
    {"metadata": {"name": "movies"}, "status": {"result": {"backupId": "backup0_new"}}},
    {"metadata": {"name": "edited"}, "status": {"result": "text"}},
    {"metadata": {"name": "edited-too"}, "status": {"result": {"backupId": 1}}},
]
SCHEDULES = [
    {
        "metadata": {"name": "nightly"},
        "status": {"backups": [{"backupId": "backup0_new"}, {"backupId": "backup0_mid", "state": "Deleting"}, 1]},
    },
    {"metadata": {"name": "edited"}, "status": {"backups": {"backupId": "backup0_old"}}},
]


@pytest.mark.parametrize("way", WAYS)
def test_the_table_of_backups(way: str) -> None:
    view = screen(way)
    view.table(*backup_table(newest_first(LISTED), owners_of(JOBS, SCHEDULES), NOW))
    compare(f"backups-{way}", printed(view))


def test_programs_get_bytes_and_times_and_nothing_that_is_not_known() -> None:
    owners = owners_of(JOBS, SCHEDULES)
    rows = [row_of(one, owners) for one in newest_first(LISTED)]
    assert [row["backupId"] for row in rows] == ["backup0_new", "backup0_mid", "backup0_old", "backup0_untold"]
    assert (rows[0]["sizeBytes"], rows[0]["madeBy"], rows[0]["keptBy"]) == (
        123_456,
        "backupjob/movies",
        "jobschedule/nightly",
    )
    assert rows[0]["createTime"].endswith("Z")
    assert {"sizeBytes", "createTime", "madeBy", "keptBy"}.isdisjoint(rows[3])
    assert row_of(backup("backup0_empty", 1, size=0), owners)["sizeBytes"] == 0


def test_orphaned_is_what_neither_a_job_nor_a_schedule_knows() -> None:
    owners = owners_of(JOBS, SCHEDULES)
    assert [one.backup.backup_id for one in LISTED if not owners.knows(one.backup.backup_id)] == [
        "backup0_old",
        "backup0_untold",
    ]


def test_a_backup_whose_kind_is_not_told_is_shown() -> None:
    told = {word: is_manual(backup("b", 1, creation_method=word).backup) for word in ("MANUAL", "AUTO", "auto", "")}
    assert told == {"MANUAL": True, "AUTO": False, "auto": False, "": True}
    assert not is_manual(backup("backup0_gone", 1, status="DELETED").backup)


def test_sizes() -> None:
    sizes = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 123_456_789: "123.5 MB", 5_000_000_000_000: "5.0 TB"}
    assert {count: size(count) for count in sizes} == sizes
    assert size(None) == ""
