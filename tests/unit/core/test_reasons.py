"""A reason that stands in the wrong part of the table makes somebody wait for what never comes."""

from __future__ import annotations

from zilliz_jobs.core.reasongroups import GOES_ON_BY_ITSELF, NEEDS_SOMEBODY
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.events import _TROUBLE

PASSING = {
    Reason.CLOUD_UNREACHABLE,
    Reason.JOB_NOT_SEEN,
    Reason.RETRY_SCHEDULED,
    Reason.CONNECTIONS_NOT_KNOWN,
    Reason.KUBERNETES_UNAVAILABLE,
}
ENDS = {Reason.SUCCESSFUL, Reason.CANCELED, Reason.ALREADY_IN_STATE, Reason.CANCELED_BEFORE_SUBMISSION}


def test_nothing_both_waits_for_a_person_and_goes_on_by_itself() -> None:
    assert not NEEDS_SOMEBODY & GOES_ON_BY_ITSELF


def test_whatever_is_told_as_trouble_needs_somebody_or_passes() -> None:
    assert _TROUBLE - NEEDS_SOMEBODY == PASSING
    assert PASSING <= GOES_ON_BY_ITSELF


def test_a_good_end_asks_nothing_of_anybody() -> None:
    assert not ENDS & (NEEDS_SOMEBODY | GOES_ON_BY_ITSELF)
