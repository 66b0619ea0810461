"""Which account a job is in: taken for another's it is lost, or sent twice; taken for ours by mistake, as well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.core.scenes import BACKUP, DOWN, NOON, spec

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, StepStatus, Submission
from zilliz_jobs.core.accounts import MAX_PROJECTS, is_elsewhere, with_account
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.observation import Absent, Missing, Observation
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Snapshot

OPEN = Submission(token="t", sends=1, evidence=Evidence.SENDING, intent_time=NOON, projects=["ours"])
RUNNING = OPEN.but(evidence=Evidence.ANSWERED, handle={"jobId": "j"})


def scene(record: Submission | None, *here: str, **more: object) -> Snapshot:
    status = JobStatus(state=State.PENDING, submission=record).but(**more)
    link = Link(projects=frozenset(here), settle_seconds=0)
    return Snapshot(spec=spec(), status=status, traits=BACKUP, created=NOON, link=link)


@pytest.mark.parametrize(
    ("case", "s", "elsewhere"),
    [
        ("the same", scene(RUNNING, "ours"), False),
        ("one in common", scene(RUNNING, "ours", "new"), False),
        ("none in common", scene(RUNNING, "theirs"), True),
        ("open", scene(OPEN, "theirs"), True),
        ("the key sees nothing", scene(RUNNING), False),
        ("of an older operator", scene(RUNNING.but(projects=None), "theirs"), False),
        ("nothing was sent", scene(None, "theirs"), False),
        ("proven not sent", scene(OPEN.but(evidence=Evidence.NOT_SENT), "theirs"), False),
        ("finished", scene(RUNNING, "theirs", completion_time=NOON), False),
    ],
)
def test_an_account_is_told_by_its_projects(case: str, s: Snapshot, elsewhere: bool) -> None:
    assert is_elsewhere(s) is elsewhere, case


@pytest.mark.parametrize("seen", [Missing(), Absent()])
@pytest.mark.parametrize("record", [OPEN, RUNNING])
def test_nothing_is_concluded_there(record: Submission, seen: Observation) -> None:
    plan = decide(scene(record, "theirs"), seen, now=NOON)
    assert plan.status.reason == Reason.ANOTHER_ACCOUNT
    assert plan.status.submission == record
    assert plan.action is None
    assert plan.look is None
    assert plan.wake is not None, "the right key may be back"


def test_the_record_names_some_projects_once() -> None:
    many = {f"p{n:03}" for n in range(50)}
    s = scene(RUNNING.but(projects=None), *many)
    once = with_account(s, s.status).submission
    assert once is not None
    assert once.projects == sorted(many)[:MAX_PROJECTS]
    again = with_account(scene(once, "p000", "other"), s.status.but(submission=once)).submission
    assert again == once


def test_a_person_is_told_which_account_it_was() -> None:
    many = OPEN.but(projects=[f"p{n}" for n in range(6)])
    message = decide(scene(many, "theirs"), Absent(), now=NOON).status.message or ""
    assert "(p0, p1, p2 and 3 more)" in message


def test_between_two_steps_the_account_is_that_of_the_last() -> None:
    """Else the second step is sent to another account, where the backup of the first is not."""
    steps = [StepStatus(name="Backup", submission=OPEN), StepStatus(name="Restore", submission=RUNNING)]
    assert is_elsewhere(scene(None, "theirs", steps=steps))
    assert not is_elsewhere(scene(None, "ours", steps=steps))
    assert not is_elsewhere(scene(None, "theirs", steps=[*steps, StepStatus(name="X", submission=Submission())]))


def test_an_account_is_not_noted_while_it_is_in_doubt() -> None:
    s = scene(RUNNING.but(projects=None), "theirs")
    s = replace(s, link=replace(s.link, problem=DOWN))
    assert with_account(s, s.status) == s.status
