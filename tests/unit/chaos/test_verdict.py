"""A verdict that cannot fail proves nothing: each broken promise, planted, must be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.unclear import BACKED_UP, LOOKED_AT, UNCLEAR
from tools.chaos.jobs import EVERY, Course, Origin, Planned
from tools.chaos.keeping import Made
from tools.chaos.plan import plan
from tools.chaos.steps import Intent
from tools.chaos.verdict import (
    CANCEL,
    RETRY,
    Asked,
    Effect,
    Evidence,
    Verdict,
    effects_in,
    is_of_another_time,
    is_over,
    judge,
    unanswered,
    waits_in_vain,
    wrong_rows,
)

from zilliz_local.cloud.oddities import CATALOGUE
from zilliz_local.cloud.server import PUBLIC

Body = dict[str, Any]


def planned(row: str = "import", course: Course = Course.LEFT) -> Planned:
    (found,) = [one for one in EVERY if one.name == row]
    return Planned(1, found, course, 0.0, 0.0)


def obj(job: Planned, state: str | None = "Successful", **status: Any) -> Body:
    base = {"state": state, "reason": state, "jobId": "job-1", "attempts": [{"number": 1}]}
    return {"metadata": {"name": job.name}, "status": base | status}


def scene(job: Planned, body: Body | None, *, word: str = "SUCCESSFUL", more: tuple[Effect, ...] = ()) -> Evidence:
    """One job with one effect, under the token t1 that its object was seen to intend."""
    intents = {"t1": Intent("t1", job.plural, job.name, 1, "Submit")}
    effects = (Effect("t1", "job-1", "submit"), *more)
    objects = {} if body is None else {(job.plural, job.name): body}
    return Evidence((job,), intents, effects, {"job-1": word, "job-2": "SUCCESSFUL"}, objects)


def sent(job: Planned, route: str, collection: str) -> Verdict:
    """The verdict on a job that ended well, and whose one effect was this."""
    effect = Effect("t1", "job-1", "submit", route, {"collection": collection})
    return judge(replace(scene(job, obj(job)), effects=(effect,)))


SENT: dict[str, tuple[str, str, str, bool]] = {
    "an import by the older API": ("import, v1", "import_v1.create", "films", True),
    "by the newer one, where the connection says the older": ("import, v1", "import.create", "films", False),
    "by the older one, where the connection says the newer": ("import", "import_v1.create", "films", False),
    "two collections": ("restore, several", "restore.collection", "own_0001_1,own_0001", True),
    "one of two": ("restore, several", "restore.collection", "own_0001", False),
    "two, one under its old name": ("restore, several", "restore.collection", "own_0001,actors", False),
    "one": ("restore, collection", "restore.collection", "own_0001", True),
    "two for one": ("restore, collection", "restore.collection", "own_0001,actors", False),
    "all": ("restore, all", "restore.collection", "films,actors,reviews,sampled_since", True),
    "two of all": ("restore, all", "restore.collection", "films,actors", False),
    "the restore of a clone": ("clone, by steps", "restore.collection", "copy", True),
}


@pytest.mark.parametrize("case", SENT)
def test_a_request_for_something_else_than_the_manifest_says_is_seen(case: str) -> None:
    """The cloud's job would end well, and what its user wanted would not be there."""
    row, route, collection, right = SENT[case]
    assert list(sent(planned(row), route, collection).violations) == ([] if right else ["not what was asked for"])


def test_a_run_in_which_all_is_well_passes() -> None:
    job = planned()
    verdict = judge(scene(job, obj(job)))
    assert verdict.violations == {}
    assert (verdict.effects, verdict.attempts, verdict.most_effects) == (1, 1, 1)
    assert verdict.states == {"Successful": 1}


def test_the_jobs_of_schedules_are_judged_as_all_others_and_counted_by_themselves() -> None:
    """A run of so many jobs tells of so many."""
    (row,) = [one for one in EVERY if one.name == "backup"]
    job = Made(0, row, Course.LEFT, 0.0, 0.0, known_as="steady-r00000001-backup")
    verdict = judge(scene(job, obj(job)))
    assert (verdict.violations, verdict.states, verdict.made) == ({}, {}, {"Successful": 1})
    assert list(judge(scene(job, obj(job), word="FAILED")).violations) == ["end differs from the cloud's"]
    assert list(judge(scene(job, obj(job, "InProgress"))).violations) == ["not ended"]


def test_a_double_submission_under_one_token_is_seen() -> None:
    job = planned()
    verdict = judge(scene(job, obj(job), more=(Effect("t1", "job-2", "submit"),)))
    assert (verdict.most_effects, list(verdict.violations)) == (2, ["submitted more than once"])


def test_a_double_submission_under_two_tokens_of_one_attempt_is_seen() -> None:
    job = planned()
    seen = scene(job, obj(job), more=(Effect("t2", "job-2", "submit"),))
    seen.intents["t2"] = Intent("t2", job.plural, job.name, 1, "Submit")
    assert list(judge(seen).violations) == ["submitted more than once"]


def test_a_double_submission_of_a_deleted_object_is_seen() -> None:
    job = planned(course=Course.DELETED)
    assert list(judge(scene(job, None, more=(Effect("t1", "job-2", "submit"),))).violations) == [
        "submitted more than once"
    ]


def test_a_retry_is_another_attempt() -> None:
    job = planned()
    body = obj(job, jobId="job-2", attempts=[{"number": 1}, {"number": 2}])
    seen = scene(job, body, word="FAILED", more=(Effect("t2", "job-2", "submit"),))
    seen.intents["t2"] = Intent("t2", job.plural, job.name, 2, "Submit")
    verdict = judge(seen)
    assert (verdict.violations, verdict.attempts, verdict.most_effects) == ({}, 2, 1)


@pytest.mark.parametrize("token", ["", "t9"])
def test_a_submission_that_no_object_intended_is_seen(token: str) -> None:
    job = planned()
    verdict = judge(scene(job, obj(job), more=(Effect(token, "job-2", "submit"),)))
    assert list(verdict.violations) == ["submitted without an intent"]


LIES = {
    "Successful, and it failed": ({"state": "Successful"}, "FAILED"),
    "Failed, and it succeeded": ({"state": "Failed"}, "SUCCESSFUL"),
    "Canceled, and it succeeded": ({"state": "Canceled"}, "SUCCESSFUL"),
    "Successful, and it still runs": ({"state": "Successful"}, "IN_PROGRESS"),
    "its outcome unknown, and the cloud knows it": ({"state": "Unknown"}, "SUCCESSFUL"),
    "never taken, and it was": ({"state": "Failed", "reason": "SubmissionFailed"}, "SUCCESSFUL"),
    "already so, and it failed": ({"state": "Successful", "reason": "AlreadyInState"}, "FAILED"),
    "another's job": ({"state": "Successful", "jobId": "job-2"}, "SUCCESSFUL"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_status_that_lies_is_seen(lie: str) -> None:
    status, word = LIES[lie]
    job = planned()
    assert list(judge(scene(job, obj(job, **status), word=word)).violations) == ["end differs from the cloud's"]


def test_an_end_without_anything_in_the_cloud_is_seen() -> None:
    job = planned()
    for state in ("Successful", "Failed"):
        seen = replace(scene(job, obj(job, state, jobId="")), effects=())
        assert list(judge(seen).violations) == ["end differs from the cloud's"]


def test_two_objects_with_one_job_are_seen() -> None:
    one, other = planned(), replace(planned(), number=2)
    seen = scene(one, obj(one))
    seen = replace(seen, planned=(one, other), objects=seen.objects | {(other.plural, other.name): obj(other)})
    found = judge(seen).violations["end differs from the cloud's"]
    assert any("all hold job-1" in line for line in found)


def test_a_job_that_a_person_was_not_asked_about_or_that_stays_unknown_has_not_ended() -> None:
    job = planned("export, public")
    body = obj(job, "Pending", reason="SubmissionUnknown", jobId="")
    assert not is_over(job, body)
    assert list(judge(scene(job, body)).violations) == ["not ended"]


@pytest.mark.parametrize("state", ["Pending", "InProgress", None])
def test_a_job_that_does_not_end_is_seen(state: str | None) -> None:
    job = planned()
    assert list(judge(scene(job, obj(job, state))).violations) == ["not ended"]


def test_an_object_that_nobody_deleted_and_that_is_gone_is_seen() -> None:
    assert list(judge(scene(planned(), None)).violations) == ["not ended"]


def test_a_deletion_that_hangs_is_seen() -> None:
    job = planned(course=Course.DELETED)
    body = obj(job)
    body["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert list(judge(scene(job, body)).violations) == ["not ended"]
    assert judge(scene(job, None)).violations == {}


ASKS: dict[str, tuple[str, bool, bool]] = {
    "an import": ("import", True, False),
    "an import that never began": ("import", False, False),
    "an import by the older API": ("import, v1", True, False),
    "one by the older API that never began": ("import, v1", False, False),
    "a restore of several that the console shows": ("restore, several", True, False),
    "a restore of all without the console": ("restore, all", True, False),
    "an export whose list is hidden": ("export, public", True, True),
    "an export that never began": ("export", False, True),
    "an export that the console shows": ("export", True, False),
    "a migration into a new cluster": ("migration without downtime", False, False),
}


@pytest.mark.parametrize("case", ASKS)
def test_a_person_is_asked_only_what_no_look_up_can_tell(case: str) -> None:
    row, began, allowed = ASKS[case]
    job = planned(row)
    seen = replace(scene(job, obj(job)), asked={"t1": Asked(job.name)})
    if not began:  # a person said so, and it was sent again
        seen.intents["t2"] = Intent("t2", job.plural, job.name, 2, "Submit")
        again = obj(job, attempts=[{"number": 1}, {"number": 2}])
        seen = replace(seen, effects=(Effect("t2", "job-1", "submit"),), objects={(job.plural, job.name): again})
    verdict = judge(seen)
    assert (len(verdict.human), len(verdict.needless)) == ((1, 0) if allowed else (0, 1))
    assert bool(verdict.violations) is not allowed


THERE = "collection shop/default/films, shop/default/actors is there, and was not before; whether ..."
PARTLY = "of 3 collections not all came: collection shop/default/films is there"


@pytest.mark.parametrize("message", [THERE, PARTLY])
@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        ("restore, all", True),
        ("restore, collection, public", True),
        ("restore, several", False),
        ("restore, collection", False),
    ],
)
def test_collections_that_are_there_excuse_a_question_only_without_the_console(
    row: str, message: str, allowed: bool
) -> None:
    job = planned(row)
    verdict = judge(replace(scene(job, obj(job)), asked={"t1": Asked(job.name, message)}))
    assert (len(verdict.human), len(verdict.needless)) == ((1, 0) if allowed else (0, 1))
    assert verdict.asked == {row: 1}


ODD: dict[str, tuple[str, tuple[str, str], bool]] = {
    "a list of imports whose times are none": ("import", ("import.list", "times_zero"), True),
    "a clock that is none, wherever it stood": ("import", ("backup.list", "date_garbled"), True),
    "rows of imports in another order": ("import", ("import.list", "rows_reversed"), False),
    "names of backups, and it is an import": ("import", ("backup.list", "names_upper"), False),
    "a list of backups whose types are missing": ("backup, public", ("backup.list", "values_missing"), True),
    "imports whose types are missing, and it is a backup": ("backup", ("import.list", "values_missing"), False),
    "a cluster of no state": ("suspend", ("cluster.*", "states_null"), True),
    "a cluster in another order": ("scale, fixed", ("cluster.*", "rows_reversed"), False),
    "a backup whose name acts, of a clone": ("clone, by steps", ("backup.get", "acting_text"), True),
    "a collection whose description is missing": ("sample, by steps", ("data.*", "values_missing"), True),
    "a list of the older imports whose times are none": ("import, v1", ("import_v1.*", "times_zero"), True),
    "a list of exports, and it is an import of the older API": ("import, v1", ("export.*", "times_zero"), False),
    "a cluster whose collections have other names": ("restore, all", ("data.*", "names_upper"), True),
    "rows of collections in another order": ("restore, all", ("data.*", "rows_reversed"), False),
    "the console's words for the types, of a restore of several": (
        "restore, several",
        ("console.*", "types_null"),
        True,
    ),
    "a body that breaks off": ("export", ("console.*", "truncated_gzip"), False),
}


@pytest.mark.parametrize("case", ODD)
def test_of_an_odd_cloud_a_person_is_asked_only_what_its_oddities_hide(case: str) -> None:
    """Else every needless question passes as soon as one answer of a run was odd."""
    row, oddity, allowed = ODD[case]
    job = planned(row)
    seen = replace(scene(job, obj(job)), asked={"t1": Asked(job.name)}, oddities=frozenset({oddity}))
    verdict = judge(seen)
    assert (len(verdict.human), len(verdict.needless)) == ((1, 0) if allowed else (0, 1))
    assert bool(verdict.violations) is not allowed


def test_the_oddities_of_a_run_are_those_of_its_plan() -> None:
    drawn = plan(7, 200, odd=True)
    assert drawn.oddities
    assert {name for _, name in drawn.oddities} <= {*CATALOGUE}
    assert not plan(7, 200).oddities


def test_every_kind_says_under_which_oddities_it_may_be_unknown_and_where_it_looks() -> None:
    assert {row.job for row in EVERY} == {*UNCLEAR} == {*LOOKED_AT}
    calls = {route.name for route in PUBLIC.all}
    assert {call for found in LOOKED_AT.values() for call in found} <= calls
    assert {row.name for row in EVERY} >= {*BACKED_UP}
    starts = {start for words in UNCLEAR.values() for start in words}
    assert [start for start in starts if not any(name.startswith(start) for name in CATALOGUE)] == []


def test_questions_are_counted_by_kind_the_needless_ones_too() -> None:
    """Without it nobody sees which kind asks more often than it did."""
    one, other = planned("export, public"), replace(planned(), number=2)
    seen = replace(
        scene(one, obj(one)),
        planned=(one, other),
        asked={"t1": Asked(one.name), "t2": Asked(other.name), "t3": Asked(other.name)},
    )
    assert judge(seen).asked == {"export, public": 1, "import": 2}


FAIR: dict[str, tuple[Body, bool]] = {
    "cancelled before it was submitted": ({"state": "Canceled", "jobId": ""}, False),
    "sent, and never taken": ({"state": "Failed", "reason": "SubmissionFailed", "jobId": ""}, False),
    "as wanted already": ({"state": "Successful", "reason": "AlreadyInState", "jobId": ""}, False),
}


@pytest.mark.parametrize("case", FAIR)
def test_an_honest_end_without_a_job_passes(case: str) -> None:
    status, began = FAIR[case]
    job = planned()
    seen = scene(job, obj(job, **status))
    assert judge(seen if began else replace(seen, effects=())).violations == {}


def test_an_import_may_ask_where_one_that_belongs_to_nobody_began_a_moment_before() -> None:
    job, gone = planned(), replace(planned(course=Course.DELETED), number=2)
    seen = scene(job, obj(job, attempts=[{"number": 1}, {"number": 2}]), more=(Effect("t0", "job-2", "submit"),))
    seen.intents["t0"] = Intent("t0", gone.plural, gone.name, 1, "Submit")
    seen.intents["t9"] = Intent("t9", job.plural, job.name, 1, "Submit")
    seen.intents["t1"] = Intent("t1", job.plural, job.name, 2, "Submit")
    told = "an import began shortly before, so only the cloud's clocks speak against it: "
    for named, allowed in (("job-2", True), ("job-1", False)):
        verdict = judge(replace(seen, asked={"t9": Asked(job.name, told + named)}))
        assert (len(verdict.human), len(verdict.needless)) == ((1, 0) if allowed else (0, 1))


@pytest.mark.parametrize(("annotation", "name"), [(CANCEL, "cancel"), (RETRY, "retry")])
def test_a_request_that_nobody_answers_is_seen(annotation: str, name: str) -> None:
    job = planned()
    body = obj(job)
    body["metadata"]["annotations"] = {annotation: "stop"}
    assert list(judge(scene(job, body)).violations) == ["not ended"]
    body["status"][name] = {"token": "stop", "outcome": "Refused"}
    assert judge(scene(job, body)).violations == {}


def adopting(word: str, state: str, *, submits: bool = False) -> Evidence:
    job = replace(planned(), origin=Origin.ADOPTED)
    seen = scene(job, obj(job, state, jobId="job-1"), word=word)
    return replace(seen, adopted={job.name: "job-1"}, effects=seen.effects if submits else ())


def test_an_adopted_job_is_compared_with_the_one_that_the_stranger_started() -> None:
    assert judge(adopting("SUCCESSFUL", "Successful")).violations == {}
    for word, state in (("FAILED", "Successful"), ("IN_PROGRESS", "Canceled"), ("SUCCESSFUL", "Failed")):
        assert list(judge(adopting(word, state)).violations) == ["end differs from the cloud's"]


def test_an_adoption_that_submits_is_seen() -> None:
    assert list(judge(adopting("SUCCESSFUL", "Successful", submits=True)).violations) == ["submitted more than once"]


@pytest.mark.parametrize(
    ("state", "vain"), [("Failed", True), ("Canceled", True), ("Successful", False), (None, False)]
)
def test_who_waits_for_a_backup_that_ended_badly_may_wait(state: str | None, vain: bool) -> None:
    backup = planned("backup")
    job = replace(planned("export"), waits_for=backup.name)
    objects = {
        (backup.plural, backup.name): obj(backup, state),
        (job.plural, job.name): obj(job, "Pending", reason="BackupNotReady", jobId=""),
    }
    assert waits_in_vain(job, objects) is vain


PAGE = {"job-1": "SUCCESSFUL", "job-2": "FAILED"}


def row(job_id: str, state: str, **annotations: str) -> Body:
    meta: Body = {"name": f"row-{job_id}", "annotations": annotations}
    return {"metadata": meta, "status": {"jobId": job_id, "state": state}}


PAGES: dict[str, tuple[list[Body], int]] = {
    "a state that is not the cloud's": ([row("job-1", "Failed"), row("job-2", "Failed")], 10),
    "a row of a job that is gone": ([row("job-1", "Successful"), row("job-2", "Failed"), row("job-3", "Failed")], 10),
    "two rows of one job": ([row("job-1", "Successful"), row("job-2", "Failed"), row("job-2", "Failed")], 10),
    "a job without a row": ([row("job-1", "Successful")], 10),
    "more rows than wanted": ([row("job-1", "Successful"), row("job-2", "Failed")], 1),
}


@pytest.mark.parametrize("case", PAGES)
def test_a_page_that_differs_from_the_cloud_is_seen(case: str) -> None:
    rows, most = PAGES[case]
    assert wrong_rows(rows, PAGE, most)
    job = planned()
    assert list(judge(replace(scene(job, obj(job)), rows=rows, shown=most)).violations) == ["the job centre's page"]


def test_a_page_that_is_right_passes_and_one_that_retention_cuts() -> None:
    assert wrong_rows([row("job-1", "Successful"), row("job-2", "Failed"), row("", "Pending")], PAGE, 10) == []
    assert wrong_rows([row("job-2", "Failed")], PAGE, 1) == []


def test_a_request_at_a_row_that_nobody_answers_is_seen() -> None:
    job = planned()
    rows = [row("job-1", "Successful", **{CANCEL: "stop"}), row("job-2", "Successful")]
    assert list(judge(replace(scene(job, obj(job)), rows=rows, shown=10)).violations) == ["the job centre's page"]


def test_only_what_our_operator_started_counts() -> None:
    def entry(**more: Any) -> Body:
        known = {"event": "effect", "client": "api", "kind": "submit", "token": "t", "jobId": "j"}
        return known | {"route": "import.create", "target": {"collection": "films"}} | more

    ledger = [entry(), entry(event="request"), entry(client="rival"), entry(kind="delete"), entry(kind="copy")]
    assert effects_in(ledger) == (Effect("t", "j", "submit", "import.create", {"collection": "films"}),)


def test_a_verdict_starts_without_a_violation() -> None:
    assert Verdict().violations == {}


@pytest.mark.parametrize(
    ("reason", "behind", "other", "excused"),
    [
        ("RecordUnreadable", "other", "InProgress", True),
        ("SubmissionInProgress", "other", "RecordUnreadable", True),
        ("SubmissionInProgress", "other", "InProgress", False),
        ("SubmissionInProgress", "a third", "RecordUnreadable", False),
        ("ClusterBusy", "other", "RecordUnreadable", False),
    ],
)
def test_who_waits_behind_one_that_was_set_back_waits_for_a_person(reason, behind, other, excused):
    """The one before it may be of another kind: whatever makes a backup shares the place of a cluster's backups."""
    job = planned()
    message = f"CloneCollectionJob {behind} has a submission open on the same target; this one follows"
    objects = {
        (job.plural, job.name): {"kind": job.kind, "metadata": {}, "status": {"reason": reason, "message": message}},
        ("clonecollectionjobs", "other"): {"kind": "CloneCollectionJob", "metadata": {}, "status": {"reason": other}},
    }
    assert is_of_another_time(job, objects) is excused


@pytest.mark.parametrize(
    ("reason", "owner", "open_request"),
    [
        ("RecordUnreadable", {"kind": "ImportJob"}, ""),
        ("RecordUnreadable", None, "cancel"),
        ("Canceling", {"kind": "ImportJob"}, "cancel"),
    ],
)
def test_what_is_asked_of_a_row_waits_with_its_owner_for_a_person(reason, owner, open_request):
    row = {
        "metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "stop"}},
        "status": {"reason": reason, "owner": owner},
    }
    assert unanswered(row) == open_request
