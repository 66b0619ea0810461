"""One-time credentials: the object says whether the only password is there, lost, or still to come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BACKUP,
    BROKEN,
    DONE,
    LOST,
    NOON,
    NOT_SENT,
    REFUSED,
    RUNNING,
    THROTTLED,
    UNDECIDED,
    Scene,
    a_job,
    seen,
    submitted,
)

from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Submit
from zilliz_jobs.core.reasons import Reason

SECRET = "new-credentials"
TOLD = o.Accepted({"clusterId": "in01-new", "jobId": "job-1"}, {"clusterId": "in01-new"}, credentials_stored=True)
NOT_KEPT = o.Accepted({"clusterId": "in01-new", "jobId": "job-1"}, {"clusterId": "in01-new"})
FOUND = o.Found({"clusterId": "in01-new"}, Evidence.MARKER, {"clusterId": "in01-new"})
FOUND_KEPT = o.Found({"clusterId": "in01-new"}, Evidence.MARKER, {"clusterId": "in01-new"}, credentials_stored=True)
PLAIN = o.Prepared("t0", "holder", {}, NOON)

AWAITED = ("Unknown", Reason.CREDENTIALS_AWAITED, Reason.CREDENTIALS_AWAITED.help)
STORED = (
    "True",
    Reason.CREDENTIALS_STORED,
    f"user name and password are in Secret {SECRET}, which outlives this object",
)
GONE = ("False", Reason.CREDENTIALS_LOST, Reason.CREDENTIALS_LOST.help)
Row = tuple[str, str, str] | None


def prepared(mark: str = "t0") -> o.Prepared:
    return o.Prepared(mark, "holder", {}, NOON, credentials_secret=SECRET)


def sending() -> Scene:
    return a_job().see(o.Nothing(), prepared())


def disproved() -> Scene:
    return sending().see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())


def unknown() -> Scene:
    return sending().see(LOST).later(131).see(o.Nothing(), UNDECIDED)


def row(x: Scene) -> Row:
    found = x.condition("CredentialsAvailable")
    return (found.status, found.reason, found.message) if found else None


ROWS: dict[str, tuple[Callable[[], Scene], Row]] = {
    "nothing is prepared yet": (lambda: a_job().see(), None),
    "the request is on its way": (sending, AWAITED),
    "the answer was lost": (lambda: sending().see(LOST), AWAITED),
    "the cloud did not take it": (disproved, AWAITED),
    "nobody can tell": (unknown, AWAITED),
    "the request never left": (lambda: sending().see(NOT_SENT), None),
    "the cloud is busy": (lambda: sending().see(THROTTLED), None),
    "the cloud refused it": (lambda: sending().see(REFUSED), None),
    "told, and kept": (lambda: sending().see(TOLD), STORED),
    "told, and not kept": (lambda: sending().see(NOT_KEPT), GONE),
    "found, and kept before the crash": (lambda: sending().see(LOST, FOUND_KEPT), STORED),
    "found": (lambda: sending().see(LOST, FOUND), GONE),
    "adopted by a person": (
        lambda: unknown().but(resolve_token="t0=adopt:job-1").see(o.Nothing(), seen(job_id="job-1")),
        GONE,
    ),
    "kept, and the job runs": (lambda: sending().see(TOLD, RUNNING), STORED),
    "kept, and the job ended well": (lambda: sending().see(TOLD, RUNNING, DONE), STORED),
    "kept, and the job failed": (lambda: sending().see(TOLD, RUNNING, BROKEN), STORED),
    "lost, and the job ended well": (lambda: sending().see(NOT_KEPT, DONE), GONE),
    "kept, and the cloud forgot the job": (
        lambda: sending().see(TOLD, o.Missing()).later(601).see(o.Nothing(), o.Missing()),
        STORED,
    ),
    "given up": (lambda: unknown().but(resolve_token="t0=abandon").see(), AWAITED),
    "the second send was told, and kept": (lambda: disproved().see(prepared("t9"), TOLD), STORED),
    "the second send was told, and not kept": (lambda: disproved().see(prepared("t9"), NOT_KEPT), GONE),
    "the second send was lost, and the first one found": (
        lambda: disproved().see(prepared("t9"), LOST, FOUND),
        GONE,
    ),
    "the job brings none": (submitted, None),
    "the job brings none, whatever the answer says": (lambda: a_job().see(o.Nothing(), PLAIN, TOLD), None),
}


@pytest.mark.parametrize("case", ROWS)
def test_the_object_says_where_the_only_password_is(case: str) -> None:
    scene, expected = ROWS[case]
    assert row(scene()) == expected


def test_the_intent_names_the_secret_before_anything_is_sent() -> None:
    """Else a crash would leave a cluster whose Secret nobody knows of."""
    x = sending()
    assert (x.plan.action, x.submission.credentials_secret, x.submission.credentials_stored) == (
        Submit(),
        SECRET,
        None,
    )


def test_a_later_send_names_the_secret_again_and_knows_nothing_of_an_answer() -> None:
    x = disproved().see(prepared("t9"))
    record = x.submission
    assert (record.token, record.sends) == ("t0", 2)
    assert (record.credentials_secret, record.credentials_stored) == (SECRET, None)


@pytest.mark.parametrize("answer", [TOLD, NOT_KEPT], ids=["kept", "not kept"])
def test_the_result_names_the_secret_beside_what_the_job_made(answer: o.Accepted) -> None:
    x = sending().see(answer)
    assert x.status.result == {"clusterId": "in01-new", "credentialsSecretName": SECRET}
    x = x.see(seen(result={"rows": 7}))
    assert x.status.result == {"clusterId": "in01-new", "credentialsSecretName": SECRET, "rows": 7}


def test_without_a_secret_the_result_and_the_record_know_of_none() -> None:
    x = a_job().see(o.Nothing(), PLAIN, TOLD)
    assert x.status.result == {"clusterId": "in01-new"}
    assert (x.submission.credentials_secret, x.submission.credentials_stored) == (None, None)


def test_what_was_found_without_credentials_is_recorded_as_lost() -> None:
    """Not as unknown: nobody would look for a new password."""
    assert sending().see(LOST, FOUND).submission.credentials_stored is False
    assert sending().see(LOST, FOUND_KEPT).submission.credentials_stored is True


def test_another_attempt_begins_without_the_last_ones_credentials() -> None:
    x = a_job(BACKUP, limit=1, resubmit=True).see(o.Nothing(), prepared(), TOLD, RUNNING, BROKEN)
    assert (row(x), x.status.result) == (None, None)
    x = x.later(60).see(o.Nothing(), prepared("t9"))
    assert (x.attempt, row(x)) == (2, AWAITED)


def test_the_condition_says_since_when() -> None:
    x = sending().later(10).see(TOLD).later(10).see(RUNNING)
    found = x.condition("CredentialsAvailable")
    assert found is not None
    assert found.last_transition_time == NOON + timedelta(seconds=10)
    assert found.observed_generation == x.snapshot.generation


def test_no_credential_is_ever_shown() -> None:
    """An answer may be logged as it is."""
    answer = o.Accepted({"jobId": "j"}, credentials={"password": "told-only-once"})
    assert "told-only-once" not in repr(answer)
