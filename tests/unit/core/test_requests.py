"""What people ask by annotation: each token is carried out once, and one that was judged is not asked for again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.core.scenes import BACKUP, DOWN, IMPORT, NOON, broken, running, submitted

from zilliz_jobs.api.jobstatus import Outcome, RequestStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import Asked, again, is_new, is_new_elsewhere, judge_retry, mirrored, newest
from zilliz_jobs.core.snapshot import Link

DONE = (Outcome.REFUSED, Reason.ALREADY_FINISHED, "too late")


def known(token: str, annotation: str | None = None, elsewhere: str | None = None) -> RequestStatus:
    return RequestStatus(token=token, annotation=annotation, elsewhere=elsewhere)


@pytest.mark.parametrize(
    ("case", "own", "other", "status", "judged"),
    [
        ("nothing was ever asked", None, None, None, None),
        ("the first request", "a", None, None, Asked("a")),
        ("the first request, of the row", None, "p", None, Asked("p", annotation="")),
        ("the row's, beside an old one of its own", "a", "p", known("a"), Asked("p", annotation="a")),
        ("its own after the row's", "b", None, known("p", "a"), Asked("b", elsewhere="p")),
        ("both are new: its own first", "b", "q", known("p", "a"), Asked("b", elsewhere="p")),
        ("then the row's", "b", "q", known("b", None, "p"), Asked("q", annotation="b")),
        ("the row's is still there", "b", "p", known("b", None, "p"), None),
        ("its own once more, beside the row's", "c", "p", known("b", None, "p"), Asked("c", elsewhere="p")),
        ("its own is still there", "a", "p", known("p", "a"), None),
        ("the same word at both", "x", "x", known("x"), None),
        ("a token that was cut", "t" * 300, None, known("t" * 256), None),
        ("an empty token asks for nothing", "", "", None, None),
    ],
)
def test_what_is_judged_next(
    case: str, own: str | None, other: str | None, status: RequestStatus | None, judged: Asked | None
) -> None:
    assert newest(own, other, status) == judged, case


def test_a_request_keeps_the_token_of_the_other_place() -> None:
    """Else the other object's old request is carried out a second time."""
    asked = Asked("b", annotation="a", elsewhere="p")
    kept = mirrored(asked, DONE, NOON)
    assert (kept.token, kept.annotation, kept.elsewhere, kept.time) == ("b", "a", "p", NOON)
    assert (kept.outcome, kept.reason, kept.message) == (Outcome.REFUSED, "AlreadyFinished", "too late")
    assert again(kept) == asked, "and it does while the request waits"


@pytest.mark.parametrize(
    ("token", "known_of", "own", "other"),
    [
        (None, None, False, False),
        ("", None, False, False),
        (None, known("a"), False, False),
        ("a", None, True, True),
        ("b", known("a"), True, True),
        ("a", known("a"), False, False),
        ("b", known("a", "b"), False, True),
        ("b", known("a", None, "b"), True, False),
        ("t" * 300, known("t" * 256), False, False),
        ("t" * 300, known("a", "t" * 256), False, True),
        ("t" * 300, known("a", None, "t" * 256), True, False),
    ],
)
def test_what_was_judged_is_not_new(
    token: str | None, known_of: RequestStatus | None, own: bool, other: bool
) -> None:
    assert (is_new(token, known_of), is_new_elsewhere(token, known_of)) == (own, other)


@pytest.mark.parametrize("place", ["cancel", "retry"])
def test_a_request_on_the_row_is_carried_out_like_one_on_the_object(place: str) -> None:
    scene = running(BACKUP) if place == "cancel" else broken(IMPORT)
    status = scene.but(**{f"{place}_asked": "p"}).see().status
    request = status.cancel if place == "cancel" else status.retry
    assert request is not None
    assert (request.token, request.annotation) == ("p", "")
    assert request.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)


def test_a_cancel_that_waits_keeps_the_token_of_the_row() -> None:
    scene = submitted(BACKUP).but(cancel_asked="p", link=Link(console=True, problem=DOWN)).see()
    scene = scene.but(cancel_token="a").see().but(link=Link(console=False)).see()
    request = scene.status.cancel
    assert request is not None
    assert (request.token, request.elsewhere, request.outcome) == ("a", "p", Outcome.REFUSED)


IN_PLACE = replace(IMPORT, only_in_place=True)


@pytest.mark.parametrize(
    ("link", "job_id", "verdict"),
    [
        (Link(console=True), "job-1", (Outcome.ACCEPTED, Reason.RETRY_STARTED)),
        (Link(console=True, problem=DOWN), "job-1", (Outcome.ACCEPTED, Reason.RETRY_STARTED)),
        (Link(console=False, problem=DOWN), "job-1", (Outcome.ACCEPTED, Reason.RETRY_STARTED)),
        (Link(console=False), "job-1", (Outcome.REFUSED, Reason.NO_PUBLIC_API)),
        (Link(console=False), None, (Outcome.REFUSED, Reason.NO_PUBLIC_API)),
        (Link(console=True), None, (Outcome.REFUSED, Reason.JOB_ID_UNKNOWN)),
    ],
)
def test_a_retry_that_only_the_console_has(link: Link, job_id: str | None, verdict: tuple[Outcome, Reason]) -> None:
    """No spec stands behind it, so what the console cannot do is refused, and never sent as something else."""
    scene = broken(IMPORT).but(traits=IN_PLACE, link=link, has_source=False)
    outcome, reason, message = judge_retry(scene.snapshot, scene.status.but(job_id=job_id))
    assert (outcome, reason) == verdict
    expected = {
        Reason.NO_PUBLIC_API: (
            "the cloud's public API has no retry; retry the import in the web console, submit it again by an "
            "ImportJob, or set consoleApi.enabled on the connection and ask again with a new token"
        )
    }
    assert message == expected.get(reason, reason.help)
