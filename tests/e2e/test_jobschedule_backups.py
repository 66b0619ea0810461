"""Backups that end, on a real API server: what a schedule keeps, what is refused, and what no deletion takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.cloud import Cloud
from tests.support.user import Body, Job, User

pytestmark = pytest.mark.controlplane

NEVER = "0 0 29 2 *"


def in_cloud(cloud: Cloud) -> list[str]:
    """The ids of the backups that can be restored, oldest first."""

    def found(simulator: Any) -> list[str]:
        rows = [row for row in simulator.world.backups.values() if row.cluster_id == cloud.cluster]
        return [row.backup_id for row in sorted(rows, key=lambda row: row.created_at) if not row.deleted]

    return list(cloud.ask(found))


def run(schedule: Job, token: str) -> Body:
    schedule.ask("run-requested", token)
    status = schedule.until(
        f"run {token} ended",
        lambda s: (s.get("run") or {}).get("token") == token and s.get("runs") and not s.get("active"),
        90,
    )
    found: Body = status["runs"][0]
    assert found["state"] == "Successful"
    return found


def kept(status: Body) -> list[str]:
    return [row["backupId"] for row in status.get("backups") or [] if row["state"] == "Available"]


def test_five_runs_of_two_jobs_leave_two_backups_and_no_deletion_takes_one(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    ref = {"backup": {"backupJobRef": {"name": "backup"}}, "integrationId": "integ-demo0001", "directory": "d"}
    jobs = [{"name": "export", "exportJob": ref}, {"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    schedule = user.create("JobSchedule", "nightly", {"schedules": [NEVER], "jobs": jobs, "keepBackups": 2})
    for number in range(5):
        run(schedule, f"t{number}")
    schedule.until("the older ones are gone", lambda s: len(s.get("backups") or []) == 2, 60)
    left = in_cloud(cloud)
    assert sorted(left) == sorted(kept(schedule.status()))
    assert len(left) == 2
    assert len(cloud.effects("delete")) == 3
    assert "BackupDeleted" in schedule.told()

    schedule.delete()
    user.until("its objects are collected", lambda: not user.read(user.path("backupjobs"))["items"], 60)
    assert in_cloud(cloud) == left
    assert len(cloud.effects("delete")) == 3


def test_what_the_server_refuses(user: User, cloud: Cloud) -> None:
    backup = {"name": "backup", "backupJob": {"clusterId": "c"}}
    suspend = {"name": "stop", "suspendClusterJob": {"clusterId": "c"}}
    ending = {"name": "backup", "backupJob": {"clusterId": "c", "backupTTLSeconds": 7200}}

    def told(kind: str, name: str, spec: Body) -> str:
        answer = user.post({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, **_named(user, name, spec)})
        return answer.message

    lacking = {"schedules": [NEVER], "jobs": [suspend], "keepBackups": 1}
    assert "keepBackups needs a job" in told("JobSchedule", "a", lacking)
    assert "keepBackups" in told("JobSchedule", "b", {"schedules": [NEVER], "jobs": [backup], "keepBackups": 101})
    assert "leave out backupTTLSeconds" in told("JobSchedule", "c", {"schedules": [NEVER], "jobs": [ending]})
    assert "backupTTLSeconds" in told("BackupJob", "d", {"clusterId": "c", "backupTTLSeconds": 60})
    short = {"clusterId": "c", "backupTTLSeconds": 7200, "ttlSecondsAfterFinished": 60}
    assert "must not be less" in told("BackupJob", "e", short)


def test_the_time_of_a_backup_may_be_changed_after_its_end(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    job = user.backup(cloud, "one")
    job.until("ended", lambda s: s.get("completionTime"), 60)
    where = user.path("backupjobs", "one")
    user.merge(where, {"spec": {"backupTTLSeconds": 3600}}).ok()
    user.merge(where, {"spec": {"backupTTLSeconds": None}}).ok()
    assert len(in_cloud(cloud)) == 1
    assert cloud.effects("delete") == []


def _named(user: User, name: str, spec: Body) -> Body:
    return {"metadata": {"name": name, "namespace": user.namespace}, "spec": spec}
