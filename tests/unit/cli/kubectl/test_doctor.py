"""A job that nobody looks after must not be called well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.cli.kubectl.pictures import NOW, job, jobs

from zilliz_jobs.cli.kubectl.doctor.accounts import attention
from zilliz_jobs.cli.kubectl.doctor.finding import Verdict

SEEN = [one for one in jobs() if one.status["observedGeneration"] == 1]


def test_a_job_that_no_operator_has_seen_is_a_problem_after_a_minute() -> None:
    new = job("new-one")
    (finding,) = attention([*SEEN, new], NOW)
    assert (finding.verdict, "1 more job too young to tell" in finding.text) == (Verdict.OK, True)
    (finding,) = attention([*SEEN, new], NOW + timedelta(seconds=61))
    assert finding.verdict is Verdict.PROBLEM
    assert "shop/restorejob/new-one" in finding.text


def test_a_request_that_nobody_answers_is_a_problem_too() -> None:
    asked = {"annotations": {"jobs.zilliz.com/cancel-requested": "now"}}
    one = SEEN[0]
    waits = replace(one, body=one.body | {"metadata": one.body["metadata"] | asked})
    (finding,) = attention([waits], NOW)
    assert finding.verdict is Verdict.PROBLEM


def test_a_namespace_without_jobs_proves_nothing() -> None:
    assert [finding.verdict for finding in attention([], NOW)] == [Verdict.NOT_CHECKED]
