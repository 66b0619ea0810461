"""A deletion cannot be taken back: each that nobody wanted is seen in a ledger, and so is each that is owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tools.chaos.deletions import BackupEvidence, is_explained, open_runs, unexplained, was_deleted, wrong_deletions
from tools.chaos.keeping import PLURAL, Keeper, waits_for_held
from tools.chaos.steps import Intent
from tools.chaos.verdict import Evidence, judge

Body = dict[str, Any]
KEEPER = Keeper("steady", 0.0, 4)
NOW = datetime(2026, 11, 29, 13, tzinfo=UTC)
JOB = "backup-0001"


def at(minute: int) -> str:
    return f"2026-11-29T12:{minute:02d}:00Z"


def line(minute: int, route: str, **more: Any) -> Body:
    """Of the ledger; its number is its minute."""
    known = {"seq": minute, "time": at(minute), "event": "effect", "client": "api", "kind": "submit", "token": ""}
    return known | {"route": route, "jobId": "", "target": {}} | more


def made(minute: int, name: str) -> Body:
    about = {"token": f"t-{name}", "jobId": f"job-{name}", "target": {"backupId": name}}
    return line(minute, "backup.create", **about)


def gone(minute: int, name: str, **more: Any) -> Body:
    return line(minute, "backup.delete", kind="delete", target={"backupId": name}, **more)


def ended(minute: int, status: str = "SUCCESSFUL") -> Body:
    return {"status": status, "endTime": at(minute) if status != "IN_PROGRESS" else ""}


def intent(name: str, maker: str, plural: str = "backupjobs") -> tuple[str, Intent]:
    return f"t-{name}", Intent(f"t-{name}", plural, maker, 1, "Submit")


def scheduled(*more: Body, **changes: Any) -> BackupEvidence:
    """Three runs of a schedule that keeps two: b1, b2 and b3, one after the other."""
    names = {"b1": 1, "b2": 5, "b3": 10}
    ledger = [made(minute, name) for name, minute in names.items()]
    jobs = {f"job-{name}": ended(minute + 1) for name, minute in names.items()}
    intents = dict(intent(name, f"steady-r0000000{name[1]}-backup") for name in names)
    known = {"keepers": (KEEPER,), "jobs": jobs, "intents": intents, "evidence": dict.fromkeys(names, "Answered")}
    return BackupEvidence(**known | {"ledger": (*ledger, *more), "now": NOW} | changes)  # type: ignore[arg-type]


def single(*more: Body, **changes: Any) -> BackupEvidence:
    """One BackupJob whose time was over in the tenth minute."""
    known = {"ledger": (made(1, "b1"), *more), "jobs": {"job-b1": ended(2)}, "intents": dict([intent("b1", JOB)])}
    known |= {"evidence": {"b1": "Answered"}, "over_since": {JOB: 10}, "now": NOW}
    return BackupEvidence(**known | changes)  # type: ignore[arg-type]


def test_the_oldest_of_three_may_go_and_one_whose_time_is_over() -> None:
    assert wrong_deletions(scheduled(gone(12, "b1"))) == []
    assert wrong_deletions(single(gone(11, "b1"))) == []


READS = line(8, "export.create", jobId="job-e", target={"backupId": "b1"})
RESTORES = line(8, "restore.collection", jobId="job-e", target={"backupId": "b1"})
WRONG: dict[str, tuple[BackupEvidence, str]] = {
    "one of two": (scheduled(gone(7, "b1")), "only 1 newer"),
    "the newest": (scheduled(gone(12, "b3")), "only 0 newer"),
    "before the newer one had ended": (
        scheduled(gone(12, "b1"), jobs={"job-b2": ended(6), "job-b3": ended(20)}),
        "only 1 newer",
    ),
    "although the newer one failed": (
        scheduled(gone(12, "b1"), jobs={"job-b2": ended(6), "job-b3": ended(11, "FAILED")}),
        "only 1 newer",
    ),
    "although the newer one is not proven": (
        scheduled(gone(12, "b1"), evidence={"b1": "Answered", "b2": "Answered", "b3": "Inferred"}),
        "only 1 newer",
    ),
    "for newer ones that are deleted": (scheduled(gone(12, "b2"), gone(13, "b1")), "only 1 newer"),
    "one that is found by inference": (scheduled(gone(12, "b1"), evidence={"b1": "Inferred"}), "not proven"),
    "one of nobody's": (scheduled(gone(12, "stranger")), "no object of ours"),
    "twice": (scheduled(gone(12, "b1"), gone(13, "b1")), "deleted 2 times"),
    "while an export reads it": (
        scheduled(READS, gone(12, "b1"), jobs=scheduled().jobs | {"job-e": ended(0, "IN_PROGRESS")}),
        "was reading",
    ),
    "while a restore reads it that ended since": (
        scheduled(RESTORES, gone(12, "b1"), jobs=scheduled().jobs | {"job-e": ended(13)}),
        "was reading",
    ),
    "while an export reads it, by its own time": (
        single(READS, gone(12, "b1"), jobs={"job-b1": ended(2), "job-e": ended(13)}),
        "was reading",
    ),
    "long after its schedule was deleted": (scheduled(gone(20, "b1"), gone={"steady": at(12)}), "after its schedule"),
    "before its time": (single(gone(9, "b1")), "was not over"),
    "one that has no time": (single(gone(12, "b1"), over_since={}), "was not over"),
    "one whose object was deleted before its time": (single(gone(12, "b1"), over_since={}, objects={}), "not over"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_deletion_that_nobody_wanted_is_seen(case: str) -> None:
    seen, why = WRONG[case]
    (found, *_) = wrong_deletions(seen)
    assert why in found
    assert "backups deleted that should not be" in judge(Evidence((), {}, (), {}, {}, ended=seen)).violations


def test_what_is_no_deletion_of_ours_is_left_alone() -> None:
    """People delete in the console, and a clone removes its own backup."""
    assert wrong_deletions(scheduled(gone(7, "b1", client="console"))) == []
    clone = dict([intent("b1", "copy", "clonecollectionjobs")])
    assert wrong_deletions(single(gone(3, "b1"), intents=clone, over_since={})) == []
    read_before = scheduled().jobs | {"job-e": ended(11)}
    assert wrong_deletions(scheduled(READS, gone(12, "b1"), jobs=read_before)) == []
    assert wrong_deletions(scheduled(gone(12, "b1"), gone={"steady": at(12)})) == [], "it was on its way"


def backup_job(**result: Any) -> Body:
    """A BackupJob whose backup was to go at noon and ten."""
    conditions = [{"type": "Finished", "status": "True", "lastTransitionTime": at(10)}]
    record = {"evidence": "Answered", "handle": {"backupId": "b1"}}
    status: Body = {"state": "Successful", "completionTime": at(2), "conditions": conditions, "submission": record}
    return {"spec": {"backupTTLSeconds": 0}, "status": status | {"result": {"backupId": "b1"} | result}}


SAYS: dict[str, tuple[Body, bool]] = {
    "nothing": ({}, False),
    "that it is being deleted, and no more": ({"backupState": "Deleting"}, False),
    "why it is being deleted still": ({"backupState": "Deleting", "backupMessage": "the answer was lost"}, True),
    "who reads it": ({"backupMessage": "ExportJob one reads it"}, True),
}


@pytest.mark.parametrize("says", SAYS)
def test_a_backup_whose_time_is_over_and_that_is_there_needs_a_word(says: str) -> None:
    result, right = SAYS[says]
    seen = single(objects={("backupjobs", JOB): backup_job(**result)})
    assert (unexplained(seen) == []) is right
    violated = "backups that are to go, and nobody says why they are there"
    assert (violated in judge(Evidence((), {}, (), {}, {}, ended=seen)).violations) is not right


def test_a_backup_job_owes_nothing_before_the_time_nor_for_what_is_not_proven() -> None:
    body = backup_job()
    assert is_explained(body, datetime(2026, 11, 29, 12, 9, tzinfo=UTC))
    assert is_explained(body | {"spec": {}}, NOW)
    record = {"evidence": "Inferred", "handle": {"backupId": "b1"}}
    assert is_explained(body | {"status": body["status"] | {"submission": record}}, NOW)
    assert is_explained(None, NOW)
    assert not is_explained(body, NOW)


def test_an_object_that_says_falsely_that_its_backup_is_deleted_is_seen() -> None:
    objects = {("backupjobs", JOB): backup_job(backupState="Deleted")}
    assert unexplained(single(gone(12, "b1"), objects=objects)) == []
    assert ["that is there" in one for one in unexplained(single(objects=objects))] == [True]


def row(name: str, state: str = "Available", reason: str = "") -> Body:
    return {"backupId": name, "completionTime": at(int(name[1])), "state": state, "reason": reason}


ROWS: dict[str, tuple[list[Body], bool]] = {
    "two that stay": ([row("b3"), row("b2")], True),
    "one too many": ([row("b3"), row("b2"), row("b1")], False),
    "one too many, and why": ([row("b3"), row("b2"), row("b1", reason="BackupInUse")], True),
    "one whose deletion hangs": ([row("b3"), row("b2"), row("b1", "Deleting")], False),
    "one whose deletion hangs, and why": ([row("b3"), row("b2"), row("b1", "Deleting", "BackupNotDeleted")], True),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_schedule_says_of_each_backup_that_is_to_go_why_it_is_there(case: str) -> None:
    rows, right = ROWS[case]
    objects = {(PLURAL, "steady"): {"status": {"backups": rows}}}
    seen = scheduled(*([] if "b1" in str(rows) else [gone(12, "b1")]), objects=objects)
    assert (unexplained(seen) == []) is right


def test_a_backup_that_the_schedule_lost_sight_of_is_seen() -> None:
    """It would cost for ever, and nobody would look for it."""
    objects = {(PLURAL, "steady"): {"status": {"backups": [row("b3"), row("b2")]}}}
    seen = scheduled(objects=objects)
    assert ["does not know of it" in one for one in unexplained(seen)] == [True]
    assert (
        unexplained(replace(seen, told={"steady": ["BackupNotProven: BackupJob steady-r00000001-backup: ..."]})) == []
    )
    assert unexplained(replace(seen, set_back=True)) == []
    assert unexplained(replace(seen, keepers=(replace(KEEPER, parts="schedule"),))) == []
    assert unexplained(replace(seen, evidence=seen.evidence | {"b1": "Inferred"})) == []


RUNS: dict[str, tuple[Keeper, Body, bool]] = {
    "over": (KEEPER, {"run": {"token": "run-4"}}, True),
    "not answered": (KEEPER, {"run": {"token": "run-3"}}, False),
    "not over": (KEEPER, {"run": {"token": "run-4"}, "active": [{"name": "r1"}]}, False),
    "of a schedule that was deleted": (replace(KEEPER, parts="schedule"), {"run": {"token": "run-4"}}, False),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_run_that_was_asked_for_and_does_not_end_is_seen(case: str) -> None:
    keeper, status, right = RUNS[case]
    meta = {"annotations": {"jobs.zilliz.com/run-requested": "run-4"}}
    seen = BackupEvidence(keepers=(keeper,), objects={(PLURAL, "steady"): {"metadata": meta, "status": status}})
    assert list(judge(Evidence((), {}, (), {}, {}, ended=seen)).violations) == ([] if right else ["not ended"])


@pytest.mark.parametrize("reason", ["RecordUnreadable", "InProgress"])
def test_a_run_waits_for_a_person_where_a_job_of_it_was_set_back_with_etcd(reason: str) -> None:
    labels = {"jobs.zilliz.com/schedule": "steady", "jobs.zilliz.com/run": "r1"}
    backup = {"metadata": {"labels": labels}, "status": {"reason": reason}}
    other = {"metadata": {"labels": labels}, "status": {"reason": "WaitingFor"}}
    schedule = {
        "metadata": {"annotations": {"jobs.zilliz.com/run-requested": "run-1"}},
        "status": {"run": {"token": "run-1"}, "active": ["r1"]},
    }
    objects = {(PLURAL, "steady"): schedule, ("backupjobs", "b"): backup, ("exportjobs", "e"): other}
    held = reason == "RecordUnreadable"
    seen = BackupEvidence(keepers=(KEEPER,), objects=objects, set_back=True)
    assert (open_runs(seen) == []) is held
    assert open_runs(replace(seen, set_back=False)), "nothing was set back"
    assert waits_for_held(other, objects) is held
    assert not waits_for_held(other | {"metadata": {"labels": labels | {"jobs.zilliz.com/run": "r2"}}}, objects)


def test_a_reader_may_fail_only_for_a_backup_that_really_went() -> None:
    seen = single(gone(12, "b1"))
    for source, right in (
        ({"backupId": "b1"}, True),
        ({"backupJobRef": {"name": JOB}}, True),
        ({"backupId": "b2"}, False),
    ):
        assert was_deleted(seen, source) is right
    assert not was_deleted(single(), {"backupId": "b1"})
