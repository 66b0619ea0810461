"""A request that is refused for one word of it. If these fail, a user gets no cluster although the cloud would make
it, or the operator sends more often than its record says."""

from __future__ import annotations

from tests.unit.core.scenes import ACCEPTED, FOUND, NOON, RESTORE, a_job

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Prepare, Submit
from zilliz_jobs.core.reasons import Reason

OTHER = {"collectionStatusWords": ["clients"]}
NAMED = o.Refused(Reason.REJECTED, "collectionStatus must be LOADED or NOT_LOADED", instead=OTHER)
PREPARED = o.Prepared("t0", "holder", {"clusterName": ["again"]}, NOON)
FRESH = o.Prepared("t9", "holder", {"clusterName": ["another"]}, NOON)


def test_it_is_sent_once_more_and_the_record_says_so_before() -> None:
    refused = a_job(RESTORE).see(o.Nothing(), PREPARED, NAMED)
    assert (refused.status.state, refused.submission.sends) == (State.PENDING, 1)
    assert refused.submission.evidence is Evidence.ABSENT
    assert (refused.status.reason, refused.status.message) == (Reason.WAITING, Reason.SENT_IN_OTHER_WORDS.phrase)
    (notice,) = refused.submission.notices or []
    assert (notice.reason, "LOADED or NOT_LOADED" in notice.message) == ("SentInOtherWords", True)
    again = refused.later(3).see()
    assert again.plan.action == Prepare(SUBMIT_STEP)
    again = again.see(FRESH)
    assert isinstance(again.plan.action, Submit)
    assert (again.submission.token, again.submission.sends) == ("t0", 2)
    assert again.submission.baseline == {"clusterName": ["again"]} | OTHER
    assert again.see(ACCEPTED).handle == {"jobId": "job-1"}


def test_a_second_refusal_of_that_kind_is_no_third_send() -> None:
    """It says nothing about the first send, so the cloud is looked at, and then it is the verdict."""
    scene = a_job(RESTORE).see(o.Nothing(), PREPARED, NAMED).later(3).see(o.Nothing(), FRESH, NAMED)
    assert scene.submission.evidence is Evidence.REFUSED
    scene = scene.see(o.Absent()).later(1000).see(o.Absent())
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.REJECTED)
    assert "LOADED or NOT_LOADED" in (scene.status.message or "")


def test_a_lost_answer_of_the_other_form_is_looked_for_as_any() -> None:
    scene = a_job(RESTORE).see(o.Nothing(), PREPARED, NAMED).later(3).see(o.Nothing(), FRESH, o.EffectUnknown("lost"))
    assert scene.see(FOUND).handle == {"jobId": "job-1"}


def test_the_last_send_has_no_other_form() -> None:
    """Three sends are the most, whatever the cloud says."""
    scene = a_job(RESTORE).see(o.Nothing(), PREPARED)
    for _ in range(2):
        scene = scene.see(o.EffectUnknown("lost"), o.Absent()).later(1000).see(o.Absent()).later(3)
        scene = scene.see(o.Nothing(), FRESH)
    assert scene.submission.sends == 3
    assert scene.see(NAMED).submission.evidence is Evidence.REFUSED


def test_a_refusal_without_another_form_is_the_verdict() -> None:
    scene = a_job(RESTORE).see(o.Nothing(), PREPARED, o.Refused(Reason.REJECTED, "no"))
    assert (scene.status.state, scene.status.submission) == (State.FAILED, None)
