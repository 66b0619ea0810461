"""What a person reads of a schedule: whether it runs, how the last run went, and what to type next."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from tests.unit.cli.kubectl.pictures import HERE, NOW, WAYS, compare, printed, screen

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cli.kubectl.doctor.accounts import schedules_said
from zilliz_jobs.cli.kubectl.doctor.finding import Verdict
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.runrequests import job_lines
from zilliz_jobs.cli.kubectl.runwaiting import end_of
from zilliz_jobs.cli.kubectl.schedulepage import KnownSchedule, schedule_page
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Run, RunJob, RunState

EVENTS = [
    {
        "type": "Warning",
        "reason": "RunFailed",
        "message": "run 202603010200: backup: JobFailed: disk full",
        "lastTimestamp": "2026-03-01T02:05:11Z",
    }
]


def schedules() -> list[ScheduleView]:
    bodies = yaml.safe_load((HERE / "schedules.yaml").read_text(encoding="utf-8"))
    return [ScheduleView({"apiVersion": "jobs.zilliz.com/v1alpha1", **body}) for body in bodies]


def named(name: str) -> ScheduleView:
    return next(one for one in schedules() if one.name == name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["nightly", "typo", "unseen"])
def test_the_page_of_a_schedule(way: str, name: str) -> None:
    view = screen(way)
    for line in schedule_page(KnownSchedule(named(name), EVENTS if name == "nightly" else None, NOW), view):
        view.say(line)
    compare(f"show-schedule-{name}-{way}", printed(view))
    if way != "pipe":
        commands = [line for line in printed(view).splitlines() if "kubectl" in line]
        others = [line for line in printed(view).splitlines() if line not in commands]
        assert max(map(len, others)) <= int(way)


@pytest.mark.parametrize("status", [None, "text", {"runs": "x"}, {"runs": [{"name": 1}], "backups": [1, {}]}])
def test_a_schedule_that_somebody_edited_is_shown_all_the_same(status: object) -> None:
    odd = ScheduleView(named("nightly").body | {"status": status, "spec": {"jobs": [1], "schedules": 3}})
    view = screen("pipe")
    for line in schedule_page(KnownSchedule(odd, None, NOW), view):
        view.say(line)
    assert "kubectl zilliz run jobschedule/nightly -n shop" in printed(view)


def run_of(state: RunState, *jobs: RunJob) -> Run:
    return Run("r1", NOW, 1, NOW, jobs, state=state)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((State.FAILED,), ExitCode.FAILED),
        ((State.CANCELED,), ExitCode.CANCELED),
        ((State.UNKNOWN,), ExitCode.NEEDS_A_PERSON),
        ((State.SUCCESSFUL, State.FAILED), ExitCode.FAILED),
        ((), ExitCode.FAILED),
    ],
)
def test_the_exit_code_of_a_failed_run_is_that_of_the_job_that_failed_it(
    states: tuple[State, ...], code: ExitCode
) -> None:
    jobs = [RunJob(f"j{n}", "BackupJob", f"n{n}", uid="u", state=state) for n, state in enumerate(states)]
    follower = RunJob(
        "f", "ExportJob", "f", ("j0",), "u", state=State.CANCELED, reason=ScheduleReason.RUN_FAILED, message="m"
    )
    assert end_of(run_of(RunState.FAILED, *jobs, follower)) is code
    assert end_of(run_of(RunState.SUCCESSFUL, *jobs)) is ExitCode.DONE
    assert end_of(run_of(RunState.ACTIVE, *jobs)) is None


def test_an_object_that_is_not_made_is_named_with_its_reason() -> None:
    taken = RunJob("a", "BackupJob", "n-r1-a", state=State.FAILED, reason="NameTaken", message="it is there")
    waits = RunJob("b", "ExportJob", "n-r1-b", after=("a",))
    assert job_lines(run_of(RunState.ACTIVE, taken, waits)) == [
        "backupjob/n-r1-a not made (NameTaken: it is there)",
        "exportjob/n-r1-b not made yet",
    ]


def test_the_doctor_names_a_schedule_that_makes_no_runs() -> None:
    assert schedules_said([], NOW) == []
    (well,) = schedules_said([named("nightly"), named("unseen")], NOW)
    assert (well.verdict, well.text) == (Verdict.OK, "2 schedules can make runs")
    (ill,) = schedules_said([named("nightly"), named("typo")], NOW)
    assert (ill.verdict, "JobSchedule shop/typo: InvalidSchedule: 0 0 30 2 * never comes" in ill.text) == (
        Verdict.PROBLEM,
        True,
    )
    (late,) = schedules_said([named("unseen")], NOW + timedelta(minutes=2))
    assert (late.verdict, "no operator has taken note" in late.text) == (Verdict.PROBLEM, True)


def test_the_doctor_names_a_request_that_nobody_answers() -> None:
    body = named("nightly").body
    asked = ScheduleView(
        body | {"metadata": body["metadata"] | {"annotations": {"jobs.zilliz.com/run-requested": "t"}}}
    )
    (finding,) = schedules_said([asked], NOW)
    assert finding.verdict is Verdict.PROBLEM
    status = body["status"] | {"run": {"token": "t", "outcome": "Requested"}}
    (finding,) = schedules_said([ScheduleView(asked.body | {"status": status})], NOW)
    assert finding.verdict is Verdict.OK
