"""The table of cancel and retry rules says what the operator does, and the operator does what the contract says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.everykind import RESUBMIT, ROWS
from tests.unit.core.scenes import CONSOLE, a_job, broken, forgotten, looking, running, submitted, succeeded

from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.cli.requestrules import POINTS, cancel, page, retry, rows
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kinds import JOB_KINDS

CANCELLABLE = {row.manifest["kind"] for row in ROWS if row.cancel == "Canceled"}
"""The kinds that the cloud cancels."""
RETRIED = {row.manifest["kind"] for row in ROWS if row.retry == "again" and row.spec != RESUBMIT}
RESUBMITTED = {row.manifest["kind"] for row in ROWS if row.retry == "again" and row.spec == RESUBMIT}

BY_KIND = {kind.resource.kind: kind.traits for kind in JOB_KINDS}


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("point", ["Pending", "InProgress"])
def test_only_what_the_cloud_can_cancel_is_cancelled_and_only_by_the_console(kind: str, point: str) -> None:
    traits, status = BY_KIND[kind], POINTS[point]
    public, console = cancel(traits, status, console=False), cancel(traits, status, console=True)
    if kind in CANCELLABLE:
        assert public[:2] == (Outcome.REFUSED, Reason.NO_PUBLIC_API)
        assert console[0] is Outcome.REQUESTED
    else:
        assert {verdict[:2] for verdict in (public, console)} == {(Outcome.REFUSED, Reason.KIND_HAS_NO_CANCEL)}


@pytest.mark.parametrize("kind", BY_KIND)
def test_what_was_not_submitted_can_be_cancelled_for_every_kind(kind: str) -> None:
    assert cancel(BY_KIND[kind], POINTS["not submitted"], console=False)[0] is Outcome.COMPLETED


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_failed_job_is_retried_where_a_second_submission_is_wanted(kind: str) -> None:
    traits, status = BY_KIND[kind], POINTS["Failed"]
    wanted = {resubmit: retry(traits, status, console=False, resubmit=resubmit)[:2] for resubmit in (False, True)}
    started = (Outcome.ACCEPTED, Reason.RETRY_STARTED)
    if kind in RETRIED:
        assert wanted == {False: started, True: started}
    elif kind in RESUBMITTED:
        assert wanted == {False: (Outcome.REFUSED, Reason.RESUBMIT_NOT_ALLOWED), True: started}
    else:
        assert set(wanted.values()) == {(Outcome.REFUSED, Reason.KIND_HAS_NO_RETRY)}


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("point", [name for name in POINTS if name not in ("Failed", "Unknown")])
def test_nothing_else_is_ever_retried(kind: str, point: str) -> None:
    verdict = retry(BY_KIND[kind], POINTS[point], console=True, resubmit=True)
    assert verdict[:2] == (Outcome.REFUSED, Reason.NOT_FAILED)


SCENES = {
    "not submitted": a_job,
    "submission being looked up": looking,
    "Pending": submitted,
    "InProgress": running,
    "Successful": succeeded,
    "Failed": broken,
    "Unknown": forgotten,
}


@pytest.mark.parametrize("name", [name for name, _ in rows()])
@pytest.mark.parametrize("point", SCENES)
@pytest.mark.parametrize("link", [Link(), CONSOLE], ids=["public", "console"])
def test_the_table_is_what_an_object_in_that_state_gets(name: str, point: str, link: Link) -> None:
    """Asked of the whole decision, with a status that real decisions led to."""
    traits = replace(dict(rows())[name], steps=(), cleanup="")  # half-way points have tests of their own
    x = SCENES[point](traits, link=link).but(cancel_token="stop").see()
    assert x.status.cancel is not None
    wanted = cancel(traits, POINTS[point], console=link.console)
    assert (x.status.cancel.outcome, x.status.cancel.reason) == (wanted[0], str(wanted[1]))


def test_every_kind_stands_in_each_of_the_three_tables() -> None:
    text = page()
    assert all(text.count(f"| {name} |") == 3 for name, _ in rows())
