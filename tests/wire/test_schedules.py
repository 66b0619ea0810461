"""JobSchedules: what a run makes, in which order, and what must never be made or submitted twice."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.engine_rig import NAMESPACE, Body, Rig, condition

from zilliz_jobs.control.clock import ServerClock, machine_time
from zilliz_jobs.schedules.runs import requested_name
from zilliz_local.cloud import MOVIES

PLURAL = "jobschedules"
BACKED: Body = {"name": "backup", "backupJob": {"clusterId": MOVIES}}
EXPORTED: Body = {
    "name": "export",
    "exportJob": {
        "backup": {"backupJobRef": {"name": "backup"}},
        "integrationId": "integ-demo-s3",
        "directory": "nightly",
    },
}


def schedule(world: Rig, *jobs: Body, name: str = "nightly", token: str = "", **spec: Any) -> None:
    annotations = {"jobs.zilliz.com/run-requested": token} if token else {}
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "JobSchedule",
            "metadata": {"name": name, "namespace": NAMESPACE, "annotations": annotations},
            "spec": {"schedules": ["0 0 29 2 *"], "jobs": [copy.deepcopy(job) for job in jobs], **spec},
        }
    )


async def ask(world: Rig, token: str) -> None:
    """For one more run."""
    await world.patch(PLURAL, "nightly", {"metadata": {"annotations": {"jobs.zilliz.com/run-requested": token}}})


def run_in(world: Rig, name: str) -> Body:
    runs = world.status(PLURAL, "nightly").get("runs") or []
    return next((run for run in runs if run["name"] == name), {})


def ended(world: Rig, name: str) -> bool:
    return run_in(world, name).get("state") in ("Successful", "Failed")


def submitted(world: Rig) -> int:
    return len(world.cloud.ledger.effects(kind="submit", client="api"))


def backups(world: Rig) -> list[Body]:
    return [body for body in world.everything() if body["kind"] == "BackupJob"]


async def test_a_run_makes_its_jobs_in_order(world: Rig) -> None:
    """The export of a backup that is not there yet would fail, or export the one of yesterday."""
    await world.start()
    schedule(world, EXPORTED, BACKED, token="now")
    run = requested_name("now")
    backup, export = f"nightly-{run}-backup", f"nightly-{run}-export"
    await world.until(lambda: world.status("exportjobs", export).get("reason") == "WaitingFor", "the export waits")
    assert world.get("exportjobs", export)["spec"]["backup"] == {"backupJobRef": {"name": backup}}
    (owner,) = world.get("backupjobs", backup)["metadata"]["ownerReferences"]
    assert (owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("nightly", True, False)
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup is submitted")
    world.cloud.advance(10_000)
    await world.until_state("backupjobs", backup, "Successful")
    await world.until(lambda: world.status("exportjobs", export).get("jobId"), "the export is submitted")
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    body = world.get(PLURAL, "nightly")
    assert run_in(world, run)["state"] == "Successful"
    assert condition(body, "LastRunSucceeded")["status"] == "True"
    assert condition(body, "Ready")["status"] == "True"
    assert not condition(body, "Reconciling")
    assert body["status"]["active"] == []
    assert body["status"]["run"]["token"] == "now"
    assert submitted(world) == 2


async def test_one_token_makes_one_run_whoever_leads(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, token="now")
    run = requested_name("now")
    await world.until(lambda: world.status("backupjobs", f"nightly-{run}-backup").get("jobId"), "the backup")
    await world.stop()
    await world.start()
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    await asyncio.sleep(0.5)
    assert [run["name"] for run in world.status(PLURAL, "nightly")["runs"]] == [run]
    assert submitted(world) == 1


async def test_the_newest_time_that_was_missed_is_made_up_for_once(world: Rig) -> None:
    """The operator was away for twenty minutes: not twenty backups, and not none."""
    schedule(world, BACKED, schedules=["* * * * *"])
    await world.start()
    await world.until(lambda: world.status(PLURAL, "nightly").get("countedBy"), "the schedule is counted")
    await world.stop()
    before = len(backups(world))
    away = (datetime.now(UTC) - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:00Z")
    await world.patch(PLURAL, "nightly", {"status": {"countedUntil": away}}, "/status")
    for _ in range(2):
        await world.start()
        await world.until(lambda: len(backups(world)) > before, "a run")
        await asyncio.sleep(0.5)
        await world.stop()
    assert len(backups(world)) - before <= 2, "one, and another where the minute turned meanwhile"


async def test_a_job_that_follows_a_failed_one_is_not_submitted(world: Rig) -> None:
    """The schedule stays Ready: no deployment fails for last night's backup."""
    await world.start()
    schedule(world, {"name": "backup", "backupJob": {"clusterId": "in01-not-there"}}, EXPORTED, token="x")
    run = requested_name("x")
    export = f"nightly-{run}-export"
    await world.until(lambda: world.status("exportjobs", export).get("reason") == "WaitingFor", "the export waits")
    await world.patch(
        "backupjobs",
        f"nightly-{run}-backup",
        {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "c"}}},
    )
    await world.until_state("exportjobs", export, "Canceled")
    assert world.status("exportjobs", export)["reason"] == "RunFailed"
    await world.until(lambda: ended(world, run), "the end of the run")
    body = world.get(PLURAL, "nightly")
    assert run_in(world, run)["state"] == "Failed"
    assert (condition(body, "Ready")["status"], condition(body, "LastRunSucceeded")["status"]) == ("True", "False")
    await world.until(lambda: world.events("RunFailed"), "the event")
    assert submitted(world) == 0


async def test_an_object_of_a_run_that_is_over_is_not_submitted(world: Rig) -> None:
    """Its name alone proves nothing: an old leader, a clock that was set back or a restored object may bring it."""
    await world.start()
    schedule(world, BACKED)
    await world.until(lambda: world.status(PLURAL, "nightly").get("conditions"), "the schedule is seen")
    uid = world.get(PLURAL, "nightly")["metadata"]["uid"]
    owner = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "JobSchedule", "name": "nightly", "uid": uid}
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "BackupJob",
            "metadata": {
                "name": "nightly-202001010300-backup",
                "namespace": NAMESPACE,
                "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": False}],
            },
            "spec": {"clusterId": MOVIES},
        }
    )
    status = await world.until_state("backupjobs", "nightly-202001010300-backup", "Canceled")
    assert status["reason"] == "RunOver"
    assert submitted(world) == 0


async def test_a_name_that_is_taken_fails_the_run_and_submits_nothing(world: Rig) -> None:
    run = requested_name("now")
    world.backup(f"nightly-{run}-backup", suspend=True)
    await world.start()
    schedule(world, BACKED, EXPORTED, token="now")
    await world.until(lambda: ended(world, run), "the end of the run")
    assert run_in(world, run)["reason"] == "NameTaken"
    assert not world.get("exportjobs", f"nightly-{run}-export")
    assert submitted(world) == 0


async def test_a_ttl_does_not_remove_an_object_before_the_end_of_its_run_is_written(world: Rig) -> None:
    """Else the run would wait for an object that is gone, or count as failed."""
    await world.start()
    schedule(world, {**BACKED, "backupJob": {"clusterId": MOVIES, "ttlSecondsAfterFinished": 0}}, EXPORTED, token="n")
    run = requested_name("n")
    backup, export = f"nightly-{run}-backup", f"nightly-{run}-export"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup")
    world.cloud.advance(10_000)
    await world.until(lambda: world.status("exportjobs", export).get("jobId"), "the export")
    assert world.get("backupjobs", backup), "the export still runs"
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    assert run_in(world, run)["state"] == "Successful"
    await world.until(lambda: not world.get("backupjobs", backup), "the end of its TTL")


async def test_what_a_crash_left_out_is_made_by_the_next_process(world: Rig) -> None:
    """The run is written before its objects: a process that dies between has promised them."""
    schedule(world, BACKED, EXPORTED, token="now")
    run, now = requested_name("now"), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    jobs: list[Body] = [
        {"entry": "backup", "kind": "BackupJob", "name": f"nightly-{run}-backup"},
        {"entry": "export", "kind": "ExportJob", "name": f"nightly-{run}-export", "after": ["backup"]},
    ]
    written = {"name": run, "time": now, "startTime": now, "generation": 1, "state": "Active", "requested": True}
    answer = {"token": "now", "time": now, "outcome": "Accepted", "message": f"run {run}"}
    status = {"countedUntil": now, "runs": [written | {"jobs": jobs}], "run": answer}
    await world.patch(PLURAL, "nightly", {"status": status}, "/status")
    await world.start()
    await world.until(lambda: world.status("backupjobs", f"nightly-{run}-backup").get("jobId"), "the backup")
    await world.until(lambda: world.get("exportjobs", f"nightly-{run}-export"), "the export is made")
    assert [one["name"] for one in world.status(PLURAL, "nightly")["runs"]] == [run]
    assert submitted(world) == 1


async def test_an_object_that_was_taken_from_its_schedule_does_not_stop_the_schedule(world: Rig) -> None:
    """Its run would be active for ever, and no later one made."""
    await world.start()
    schedule(world, BACKED, token="one")
    first, second = requested_name("one"), requested_name("two")
    backup = f"nightly-{first}-backup"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup")
    await world.patch("backupjobs", backup, {"metadata": {"ownerReferences": None}})
    await world.until(lambda: ended(world, first), "the end of the run")
    assert run_in(world, first)["reason"] == "ObjectDeleted"
    await ask(world, "two")
    await world.until(lambda: world.get("backupjobs", f"nightly-{second}-backup"), "the next run")
    world.cloud.advance(10_000)
    await world.until_state("backupjobs", backup, "Successful")


async def stopped_while_the_export_waits(world: Rig) -> tuple[str, str]:
    """The backup runs, and no operator does; the names of the run and of its export."""
    await world.start()
    schedule(world, BACKED, EXPORTED, token="one")
    run = requested_name("one")
    export = f"nightly-{run}-export"
    await world.until(lambda: world.status("exportjobs", export).get("reason") == "WaitingFor", "the export waits")
    await world.until(lambda: world.status("backupjobs", f"nightly-{run}-backup").get("jobId"), "the backup")
    await world.stop()
    return run, export


async def test_an_object_that_was_deleted_while_no_operator_ran_fails_its_run(world: Rig) -> None:
    run, export = await stopped_while_the_export_waits(world)
    await world.delete("exportjobs", export)
    assert not world.get("exportjobs", export)
    await world.start()
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    assert run_in(world, run)["reason"] == "ObjectDeleted"
    assert not world.get("exportjobs", export), "what a person deleted is not made again"


async def test_an_object_without_a_recorded_uid_is_made_again_by_the_next_process(world: Rig) -> None:
    """It was made and deleted before its uid was recorded: nothing was submitted for it, and the run promised it."""
    run, export = await stopped_while_the_export_waits(world)
    before = world.get("exportjobs", export)["metadata"]["uid"]
    stored = copy.deepcopy(run_in(world, run))
    for job in stored["jobs"]:
        if job["entry"] == "export":
            del job["uid"]
    await world.delete("exportjobs", export)
    assert not world.get("exportjobs", export)
    await world.patch(PLURAL, "nightly", {"status": {"runs": [stored]}}, "/status")
    await world.start()
    await world.until(lambda: world.get("exportjobs", export), "the export is made")
    assert world.get("exportjobs", export)["metadata"]["uid"] != before
    world.cloud.advance(10_000)
    await world.until(lambda: world.status("exportjobs", export).get("jobId"), "the export is submitted")
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    assert run_in(world, run)["state"] == "Successful"
    assert submitted(world) == 2


async def test_replace_starts_the_new_run_when_the_old_jobs_are_canceled(world: Rig) -> None:
    """Not before: two exports into one place, or two backups in one slot."""
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": True}}})
    await world.start()
    schedule(world, BACKED, token="one", concurrencyPolicy="Replace")
    first, second = requested_name("one"), requested_name("two")
    backup = f"nightly-{first}-backup"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup")
    await ask(world, "two")
    await world.until(lambda: world.status("backupjobs", backup).get("cancel", {}).get("outcome") == "Accepted", "it")
    assert not world.get("backupjobs", f"nightly-{second}-backup"), "the old job still runs"
    world.cloud.advance(10_000)
    await world.until_state("backupjobs", backup, "Canceled")
    await world.until(lambda: world.status("backupjobs", f"nightly-{second}-backup").get("jobId"), "the new one")
    assert run_in(world, first)["reason"] == "Replaced"
    assert submitted(world) == 2


async def test_a_machine_whose_clock_is_wrong_makes_no_run(world: Rig) -> None:
    clock = ServerClock(machine=lambda: machine_time() + timedelta(minutes=5))
    schedule(world, BACKED, schedules=["* * * * *"], token="one")
    await world.start(clock=clock)
    await world.until(lambda: condition(world.get(PLURAL, "nightly"), "Ready").get("reason") == "ClockSkew", "Ready")
    assert backups(world) == []
    await world.stop()
    await world.start()
    await world.until(lambda: backups(world), "the run, by a clock that is right")


async def test_a_suspended_schedule_makes_runs_on_request_only(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, schedules=["* * * * *"], suspend=True)
    await world.until(
        lambda: condition(world.get(PLURAL, "nightly"), "Suspended").get("status") == "True", "Suspended"
    )
    assert not world.status(PLURAL, "nightly").get("nextScheduleTime")
    await ask(world, "one")
    await world.until(lambda: backups(world), "the run on request")
    assert [body["metadata"]["name"] for body in backups(world)] == [f"nightly-{requested_name('one')}-backup"]
    assert [run["name"] for run in world.status(PLURAL, "nightly")["runs"]] == [requested_name("one")]


async def test_what_a_crash_left_out_is_not_made_of_edited_templates(world: Rig) -> None:
    """Half a run of yesterday's spec and half of today's is what nobody asked for."""
    schedule(world, BACKED, EXPORTED, token="one")
    await world.start()
    run = requested_name("one")
    backup, export = f"nightly-{run}-backup", f"nightly-{run}-export"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup")
    await world.until(lambda: world.status("exportjobs", export).get("reason") == "WaitingFor", "the export waits")
    await world.stop()
    stored = copy.deepcopy(run_in(world, run))
    for job in stored["jobs"]:
        if job["entry"] == "export":
            del job["uid"]
    await world.delete("exportjobs", export)
    await world.patch(PLURAL, "nightly", {"status": {"runs": [stored]}}, "/status")
    await world.patch(PLURAL, "nightly", {"spec": {"startingDeadlineSeconds": 600}})
    await world.start()
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, run), "the end of the run")
    assert run_in(world, run)["reason"] == "TemplateChanged"
    assert not world.get("exportjobs", export)
    assert submitted(world) == 1


async def test_history_removes_the_objects_of_the_oldest_run_and_no_other(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, successfulRunsHistoryLimit=1)
    names = []
    for token in ("one", "two"):
        names.append(f"nightly-{requested_name(token)}-backup")
        await ask(world, token)
        await world.until(lambda: world.status("backupjobs", names[-1]).get("jobId"), "the backup")
        world.cloud.advance(10_000)
        await world.until(lambda token=token: ended(world, requested_name(token)), "the end of the run")
    await world.until(lambda: not world.get("backupjobs", names[0]), "the oldest is removed")
    await world.until(lambda: not run_in(world, requested_name("one")), "its run is forgotten")
    assert world.get("backupjobs", names[1])
    assert submitted(world) == 2


async def test_a_schedule_that_is_deleted_takes_its_objects_along_and_its_job_runs_on(world: Rig) -> None:
    """As after the deletion of any job object: the backup that was paid for is not lost."""
    await world.start()
    schedule(world, BACKED, token="one")
    backup = f"nightly-{requested_name('one')}-backup"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the backup")
    await world.delete(PLURAL, "nightly")
    await world.until(lambda: not backups(world), "the object is gone")
    assert not world.get(PLURAL, "nightly")
    assert not world.cloud.ledger.effects(kind="cancel")
    assert submitted(world) == 1
