"""What a run is made of. If these fail, a job meets the name of another run's, or is submitted before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from tests.unit.schedules.cluster import BACKUP, EXPORT, START, cluster

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run, RunState
from zilliz_jobs.schedules.runs import (
    NotRecorded,
    Open,
    PredecessorFailed,
    RunOver,
    WaitingFor,
    child_spec,
    due_time,
    in_order,
    object_name,
    requested_name,
    run_gate,
    run_jobs,
    run_of,
    scheduled_name,
)
from zilliz_jobs.schedules.schedule import Template


def test_a_run_is_named_by_its_minute_in_utc() -> None:
    paris = datetime(2026, 11, 28, 4, 0, tzinfo=timezone(timedelta(hours=1)))
    assert scheduled_name(paris) == "202611280300"
    assert due_time("202611280300") == paris
    assert due_time(requested_name("202611280300")) is None


def test_a_requested_run_is_named_by_its_token() -> None:
    assert requested_name("a") == requested_name("a") != requested_name("b")
    assert len(requested_name("\ud800")) == 9  # half a character, as JSON can hold it


def test_a_name_tells_its_run_and_its_entry() -> None:
    for run in ("202611280300", requested_name("now")):
        assert run_of("nightly", object_name("nightly", run, "backup")) == (run, "backup")
    for foreign in ("nightly", "nightly-backup", "other-202611280300-backup", "nightly-x-202611280300-backup"):
        assert run_of("nightly", foreign) is None


def test_run_becomes_the_runs_name_only_where_names_stand() -> None:
    """What looks like it elsewhere, a URL say, is the user's own."""
    restore = Template(
        "restore",
        "RestoreJob",
        {
            "backup": {"backupJobRef": {"name": "backup"}},
            "existingCluster": {"clusterId": "$(RUN)", "collections": [{"destCollection": "items_$(RUN)"}]},
            "newCluster": {"name": "c-$(RUN)", "credentialsSecretName": "s-$(RUN)", "projectId": "$(RUN)"},
            "connectionRef": {"name": "$(RUN)"},
        },
    )
    spec = child_spec(restore, "weekly", "202611280300", (BACKUP, restore))
    assert spec == {
        "backup": {"backupJobRef": {"name": "weekly-202611280300-backup"}},
        "existingCluster": {"clusterId": "$(RUN)", "collections": [{"destCollection": "items_202611280300"}]},
        "newCluster": {"name": "c-202611280300", "credentialsSecretName": "s-202611280300", "projectId": "$(RUN)"},
        "connectionRef": {"name": "$(RUN)"},
    }
    assert restore.spec["backup"] == {"backupJobRef": {"name": "backup"}}
    copied = Template("copy", "BackupJob", {"clusterId": "in01-a", "collections": ["items_$(RUN)", "users"]})
    assert child_spec(copied, "weekly", "r0", (copied,))["collections"] == ["items_r0", "users"]


def test_objects_come_after_those_that_they_wait_for() -> None:
    first, last = (
        Template("resume", "ResumeClusterJob", {}),
        Template("suspend", "SuspendClusterJob", {}, ("export",)),
    )
    backup = Template("backup", "BackupJob", {}, ("resume",))
    ordered = in_order((last, EXPORT, backup, first))
    assert [one.name for one in ordered] == ["resume", "backup", "export", "suspend"]
    jobs = run_jobs("nightly", "r0", (last, EXPORT, backup, first))
    assert {job.entry: job.after for job in jobs}["export"] == ("backup",)
    circle = (Template("a", "BackupJob", {}, ("b",)), Template("b", "BackupJob", {}, ("a",)))
    assert in_order(circle) == circle


def gate(record: Record, entry: str, uid: str = "u") -> object:
    return run_gate(record, "r0", object_name("nightly", "r0", entry), uid)


def test_nothing_is_submitted_but_in_its_turn_in_an_open_run() -> None:
    """An object that an old leader, a clock set back or a person made has no open run, or another uid."""
    jobs = run_jobs("nightly", "r0", (BACKUP, EXPORT))
    run = Run("r0", START, 1, START, jobs)
    assert gate(Record(runs=(run,)), "backup") == NotRecorded()
    made = run.but(jobs=tuple(type(job)(**vars(job) | {"uid": "u"}) for job in jobs))
    open_ = Record(runs=(made,))
    assert gate(open_, "backup") == Open()
    assert gate(open_, "export") == WaitingFor(("backup",))
    assert gate(open_, "backup", "another") == RunOver(ScheduleReason.RUN_OVER)
    assert gate(open_, "unknown") == RunOver(ScheduleReason.RUN_OVER)
    assert gate(Record(), "backup") == RunOver(ScheduleReason.RUN_OVER)
    assert gate(Record(runs=(made.but(state=RunState.FAILED),)), "backup") == RunOver(ScheduleReason.RUN_OVER)
    assert gate(Record(runs=(made.but(replaced=True),)), "backup") == RunOver(ScheduleReason.REPLACED)
    for state in (State.FAILED, State.CANCELED, State.UNKNOWN):
        ended = (made.jobs[0].ended(state, "x", ""), made.jobs[1])
        assert gate(Record(runs=(made.but(jobs=ended),)), "export") == PredecessorFailed(("backup",))
    well = (made.jobs[0].ended(State.SUCCESSFUL, "", ""), made.jobs[1])
    assert gate(Record(runs=(made.but(jobs=well),)), "export") == Open()


def test_a_job_whose_predecessor_failed_is_not_submitted_and_the_others_go_on() -> None:
    """An export of a backup that is not there would fail; a scaling that waits for neither must not be lost."""
    scale = Template("scale", "ScaleClusterJob", {"clusterId": "in01-a", "cuSize": 1})
    night = cluster(BACKUP, EXPORT, scale)
    night.at("2026-11-28T03:00").reconcile()
    assert set(night.submitted) == {"nightly-202611280300-backup", "nightly-202611280300-scale"}
    night.end("nightly-202611280300-backup", State.FAILED, "JobFailed")
    night.reconcile()
    night.end_all()
    run = night.run("202611280300")
    assert {job.entry: str(job.state) for job in run.jobs} == {
        "backup": "Failed",
        "export": "Canceled",
        "scale": "Successful",
    }
    assert (run.state, run.reason) == (RunState.FAILED, "RunFailed")
    assert "backup: Failed: JobFailed" in run.message
    assert "nightly-202611280300-export" not in night.submitted
    assert run.completed == datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
