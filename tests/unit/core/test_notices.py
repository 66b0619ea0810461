"""What a person should know of a submission although it goes on. If it is told too late, the harm is done; if it is
lost with the next status, nobody ever hears of it."""

from __future__ import annotations

from tests.unit.core.scenes import ACCEPTED, CLUSTER, DONE, NOON, NOT_SENT, RUNNING, a_job, seen

from zilliz_jobs.api.jobstatus import JobStatus, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.notices import noted
from zilliz_jobs.core.plan import Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.events import news

WARNED = o.Notice(Reason.OTHER_RULE_NOT_TOLD, "the cloud does not tell whether the replicas have a rule")
LATER = o.Notice(Reason.TIME_ZONE_NOT_CONFIRMED, "it then runs at 08:00 UTC")
PREPARED = o.Prepared("t0", "holder", {"status": ["RUNNING"]}, NOON, notices=(WARNED,))


def events(old: JobStatus, new: JobStatus) -> list[tuple[str, str]]:
    return [(item.type, item.reason) for item in news(old, new)]


def test_it_stands_in_the_intent_so_that_it_is_told_before_anything_is_sent() -> None:
    before = a_job(CLUSTER).see()
    scene = before.see(PREPARED)
    assert isinstance(scene.plan.action, Submit)
    assert ("Warning", "OtherRuleNotTold") in events(before.status, scene.status)
    row = scene.condition("Submitted")
    assert (row.status, row.message) == (
        "Unknown",
        f"the submission is on its way OtherRuleNotTold: {WARNED.message}.",
    )


def test_it_outlives_the_end_and_is_told_once() -> None:
    sent = a_job(CLUSTER).see(o.Nothing(), PREPARED)
    ended = sent.see(ACCEPTED, RUNNING, DONE)
    assert ended.status.state is State.SUCCESSFUL
    assert "OtherRuleNotTold" in ended.condition("Submitted").message
    assert "OtherRuleNotTold" not in [reason for _, reason in events(sent.status, ended.status)]


def test_one_more_at_the_end_joins_the_first() -> None:
    running = a_job(CLUSTER).see(o.Nothing(), PREPARED, ACCEPTED, RUNNING)
    ended = running.see(seen(State.SUCCESSFUL, "RUNNING", notices=(LATER,)))
    assert [row.reason for row in ended.submission.notices or []] == ["OtherRuleNotTold", "TimeZoneNotConfirmed"]
    assert ("Warning", "TimeZoneNotConfirmed") in events(running.status, ended.status)


def test_a_second_send_says_it_again_only_where_it_is_new() -> None:
    """The first intent was told of; the same words once more would look like news."""
    scene = a_job(CLUSTER).see(o.Nothing(), PREPARED, o.EffectUnknown("lost"), o.Absent()).later(200)
    again = scene.see(o.Absent(), PREPARED)
    assert again.submission.sends == 2
    assert [row.reason for row in again.submission.notices or []] == ["OtherRuleNotTold"]


def test_what_was_never_sent_leaves_nothing_behind() -> None:
    scene = a_job(CLUSTER).see(o.Nothing(), PREPARED, NOT_SENT)
    assert scene.status.submission is None
    assert "OtherRuleNotTold" not in scene.condition("Submitted").message


def test_a_record_stays_small() -> None:
    record = a_job(CLUSTER).see(o.Nothing(), PREPARED).submission
    many = noted(record, (o.Notice(Reason.OTHER_RULE_CHANGED, f"{number} {'x' * 5000}") for number in range(50)))
    assert len(many.notices or []) == 10
    assert all(len(row.message) <= 1024 for row in many.notices or [])
