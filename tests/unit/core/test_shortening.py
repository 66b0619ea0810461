"""A cut that loses the end makes two things look like one, and takes away what an error says to do."""

from __future__ import annotations

import pytest

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, JobStatus
from zilliz_jobs.core.attempts import said
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of, shortened
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.rowstatus import MAX_TEXT, of_row
from zilliz_jobs.jobs.standing import MAX_TARGET, standing

LONG = "customer_profiles_embeddings_production_2026_eu_west_a" * 6


@pytest.mark.parametrize("most", [10, 11, 64, 256])
def test_both_ends_stay_and_the_gap_is_marked(most: int) -> None:
    text = shortened(LONG, most)
    head, tail = text.split("…")
    assert len(text) == most
    assert LONG.startswith(head)
    assert LONG.endswith(tail)
    assert abs(len(head) - len(tail)) <= 2


@pytest.mark.parametrize("text", ["", "short", "x" * 64])
def test_what_fits_stays(text: str) -> None:
    assert shortened(text, 64) == text


def test_there_is_always_an_answer() -> None:
    assert [shortened("abcdef", most) for most in range(4)] == ["", "a", "ab", "a…f"]


class TestTwoThatDifferAtTheirEnds:
    def test_rows_of_a_page(self) -> None:
        rows = [of_row(JobRow("Import", "j", target=LONG + end, description=LONG + end)) for end in ("", "_shadow")]
        assert len({row.target for row in rows}) == len({row.description for row in rows}) == 2
        assert all(len(row.target or "") <= MAX_TEXT for row in rows)

    def test_figures(self) -> None:
        bodies = [
            {"metadata": {"name": "a"}, "status": {"target": LONG + end, "state": "Pending"}}
            for end in ("", "_shadow")
        ]
        targets = {standing(body).target for body in bodies}
        assert len(targets) == 2
        assert all(len(target) <= MAX_TARGET for target in targets)

    def test_messages(self) -> None:
        told = said(JobStatus(), Reason.REJECTED, "x" * 2 * MAX_MESSAGE + "; free some space").message or ""
        assert told.endswith("; free some space")
        assert len(told) == MAX_MESSAGE


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, ""), (1, "1"), (5, "1, 2, 3, 4, 5"), (6, "1, 2, 3, 4, 5 and 1 more"), (8, "1, 2, 3, 4, 5 and 3 more")],
)
def test_a_list_that_is_cut_says_so(count, told):
    """Else who looks after five jobs by their ids leaves the others alone."""
    assert first_of(str(number) for number in range(1, count + 1)) == told
