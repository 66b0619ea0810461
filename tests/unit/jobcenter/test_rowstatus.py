"""The status of a row: what a list did not tell is absent, and what one read told is not lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.api.importjob import ImportFile
from zilliz_jobs.api.jobstatus import Outcome, RequestStatus, State
from zilliz_jobs.api.projectjob import OwnerStatus, ProjectJobStatus
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.rowstatus import detailed, made_by_hand, of_row, row_of, settled, shown, without

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ROW = JobRow(type="Import", id="job-1", job_id="job-1", state=State.FAILED, message="it failed")
FILES = [ImportFile(name="a.parquet", reason="bad header")]


def stored(row: JobRow, old: ProjectJobStatus | None = None, now: datetime = NOON) -> ProjectJobStatus:
    """As it comes back from Kubernetes."""
    return ProjectJobStatus.model_validate(shown(of_row(row), old or ProjectJobStatus(), 1, now).wire())


def test_what_the_list_does_not_tell_is_absent() -> None:
    wire = stored(JobRow(type="", id="in01", state=State.IN_PROGRESS)).wire()
    assert set(wire) == {"observedGeneration", "state", "reason", "seenTime", "conditions"}


TEXT = st.text(st.characters(codec="ascii", exclude_categories=("C",)), max_size=8)
ANY_ROW = st.builds(
    JobRow,
    type=TEXT,
    id=st.just("x"),
    job_id=TEXT,
    description=TEXT,
    state=st.sampled_from(list(State)),
    cloud_status=TEXT,
    progress=st.none() | st.integers(0, 100),
    cluster_id=TEXT,
    created_by=TEXT,
    start_time=st.none() | st.just(NOON),
    end_time=st.none() | st.just(LATER),
    reason=TEXT,
    message=TEXT,
    owner=st.none() | st.just(OwnerStatus(kind="BackupJob", name="b", namespace="n", uid="u")),
    raw=st.dictionaries(TEXT, TEXT | st.integers(), max_size=2),
)


@given(ANY_ROW)
def test_a_stored_row_is_the_same_row_again(row: JobRow) -> None:
    """Else each look would write what is there already."""
    once = stored(row)
    assert stored(row_of(once, "x"), once, LATER) == once
    assert stored(row, once, LATER) == once


def test_the_files_of_a_failed_import_outlive_the_next_lists() -> None:
    told = detailed(stored(ROW), FILES, "a.parquet: bad header", NOON)
    again = stored(ROW, told, LATER)
    assert (again.files, again.message, again.completion_time) == (FILES, "a.parquet: bad header", NOON)
    retried = stored(replace(ROW, state=State.IN_PROGRESS, message=""), told, LATER)
    assert (retried.files, retried.message) == (None, None)
    other_end = stored(replace(ROW, end_time=LATER), told.but(completion_time=NOON), LATER)
    assert other_end.files is None, "it failed again, with other files"


def test_a_list_that_was_not_read_leaves_what_it_told() -> None:
    old = stored(replace(ROW, created_by="ada", region_id="r1"))
    new = shown(of_row(ROW), old, 1, LATER, partial=True)
    assert (new.created_by, new.region_id) == ("ada", "r1")
    assert shown(of_row(ROW), old, 1, LATER).created_by is None


def test_a_word_that_nobody_knows_keeps_the_last_state() -> None:
    old = stored(replace(ROW, state=State.IN_PROGRESS))
    new = stored(replace(ROW, state=None, cloud_status="PONDERING"), old)
    assert (new.state, new.reason) == (State.IN_PROGRESS, "UnknownCloudStatus")
    assert "PONDERING" in (new.message or "")
    assert new.seen_time == NOON


def test_since_when_it_is_in_its_state() -> None:
    old = stored(replace(ROW, state=State.IN_PROGRESS))
    assert stored(replace(ROW, state=State.IN_PROGRESS, progress=5), old, LATER).seen_time == NOON
    assert stored(ROW, old, LATER).seen_time == LATER


@pytest.mark.parametrize("outcome", [Outcome.REQUESTED, Outcome.ACCEPTED])
@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (State.CANCELED, Outcome.COMPLETED),
        (State.SUCCESSFUL, Outcome.REFUSED),
        (State.FAILED, Outcome.REFUSED),
        (State.IN_PROGRESS, None),
        (None, None),
    ],
)
def test_a_cancel_that_waits_learns_of_the_end(
    outcome: Outcome, state: State | None, becomes: Outcome | None
) -> None:
    request = RequestStatus(token="t", outcome=outcome)
    after = settled(request, state, NOON)
    assert after is not None
    assert after.outcome is (becomes or outcome)


def test_a_request_that_was_answered_stays_answered() -> None:
    request = RequestStatus(token="t", outcome=Outcome.REFUSED, reason="NoPublicAPI")
    assert settled(request, State.SUCCESSFUL, NOON) is request
    assert settled(None, State.SUCCESSFUL, NOON) is None


def test_a_row_is_never_stalled() -> None:
    row = stored(ROW)
    for status in (row, without(row, 1, NOON)):
        assert [c.type for c in status.conditions or []] == ["Ready"]


def test_what_only_looks_like_a_row_is_stalled() -> None:
    """Else a GitOps tool waits for it until its time-out, and nobody reads why."""
    status = made_by_hand(ProjectJobStatus(), 1, NOON)
    assert [(c.type, c.status) for c in status.conditions or []] == [("Ready", "False"), ("Stalled", "True")]


def test_a_transition_time_moves_only_with_its_condition() -> None:
    row = stored(ROW)
    (before,), (after,) = row.conditions or [], without(row, 2, LATER).conditions or []
    assert before.last_transition_time == after.last_transition_time == NOON
    assert after.observed_generation == 2
