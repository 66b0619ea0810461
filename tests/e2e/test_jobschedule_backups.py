"""Backups that end, on a real API server: what a schedule keeps, what is refused, and what no deletion takes."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from tests.support.cloud import Cloud, movies
from tests.support.user import Body, Job, User

from zilliz_jobs.schedules.runs import requested_name

pytestmark = pytest.mark.controlplane

NEVER = "0 0 29 2 *"


def in_cloud(cloud: Cloud, cluster: str = "") -> list[str]:
    """The ids of the backups of a cluster that can be restored, oldest first."""

    def found(simulator: Any) -> list[str]:
        rows = [row for row in simulator.world.backups.values() if row.cluster_id == (cluster or cloud.cluster)]
        return [row.backup_id for row in sorted(rows, key=lambda row: row.created_at) if not row.deleted]

    return list(cloud.ask(found))


def run(schedule: Job, token: str) -> Body:
    schedule.ask("run-requested", token)
    found = the_end_of(schedule, token)
    assert found["state"] == "Successful"
    return found


def the_end_of(schedule: Job, token: str) -> Body:
    status = schedule.until(
        f"run {token} ended",
        lambda s: (s.get("run") or {}).get("token") == token and s.get("runs") and not s.get("active"),
        90,
    )
    found: Body = status["runs"][0]
    return found


def run_that_fails(cloud: Cloud, schedule: Job, token: str, entry: str) -> None:
    """A run in which the cloud fails the job of one entry."""
    schedule.ask("run-requested", token)
    job = Job(schedule.user, "BackupJob", f"{schedule.name}-{requested_name(token)}-{entry}")
    job_id = job.until("is known to the cloud", lambda s: s.get("jobId"))["jobId"]
    cloud.ask(lambda simulator: simulator.force(job_id, "FAILED", reason="disk full"))
    assert the_end_of(schedule, token)["state"] == "Failed"


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


def test_a_week_of_failures_a_restore_under_way_and_a_person_in_the_console(user: User, cloud: Cloud) -> None:
    """One schedule of two clusters: what is needed, or is not replaced by something newer, stays."""
    user.connect(cloud)
    weak = f"in01-{secrets.token_hex(7)}"
    cloud.ask(lambda simulator: simulator.world.put_cluster(weak, movies()))
    jobs = [
        {"name": "strong", "backupJob": {"clusterId": cloud.cluster}},
        {"name": "weak", "backupJob": {"clusterId": weak}},
    ]
    spec = {"schedules": [NEVER], "jobs": jobs, "keepBackups": 2, "concurrencyPolicy": "Allow"}
    schedule = user.create("JobSchedule", "nightly", spec)
    for token in "ab":
        run(schedule, token)
    first, second = in_cloud(cloud)
    last_of_weak = in_cloud(cloud, weak)
    assert len(last_of_weak) == 2

    cloud.next_job("RESTORE", run_seconds=10_000)
    into = {"database": "default", "collection": "films", "destCollection": "films_again"}
    source = {"clusterId": cloud.cluster, "backupId": first}
    there = {"clusterId": cloud.cluster, "collections": [into]}
    restore = user.create("RestoreJob", "back", {"backup": source, "existingCluster": there})
    restored = restore.until("runs", lambda s: s.get("jobId"))["jobId"]
    for day in range(7):
        run_that_fails(cloud, schedule, f"day{day}", "weak")
    user.until("all but what is read and the two newest are gone", lambda: len(in_cloud(cloud)) == 3, 60)
    assert in_cloud(cloud)[0] == first
    assert second not in in_cloud(cloud)
    held = next(row for row in schedule.status()["backups"] if row["backupId"] == first)
    assert held["reason"] == "BackupInUse"
    assert in_cloud(cloud, weak)[:2] == last_of_weak, "a failed run deletes nothing"

    cloud.ask(lambda simulator: simulator.force(restored, "SUCCESSFUL"))
    restore.until_ended()
    run(schedule, "well")
    user.until("what was read is gone too", lambda: len(in_cloud(cloud)) == 2, 60)
    assert first not in in_cloud(cloud)

    older, newer = in_cloud(cloud)
    cloud.ask(lambda sim: sim.act_as("console", "DELETE", f"/v2/clusters/{cloud.cluster}/backups/{newer}"))
    run(schedule, "after")
    schedule.until_told("BackupLost")
    assert len(in_cloud(cloud)) == 2, "two are to be kept, and what a person deleted is none of them"
    assert older in in_cloud(cloud)
    assert {entry.target["backupId"] for entry in cloud.effects("delete")}.isdisjoint({older, newer})


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
