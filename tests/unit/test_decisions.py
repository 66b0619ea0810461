"""Who asks why it is built this way finds every decision in one list, and none that no longer holds as if it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.decisions import FOLDER, DecisionError, index, read, read_all

PAGE = "# 7. A cluster job holds its cluster\n\nStatus: {status}\n\nOther submissions leave.\n"


def test_the_index_is_what_the_pages_say() -> None:
    found = read_all()
    assert len(found) >= 21
    assert (FOLDER / "README.md").read_text() == index(found), "run make generate"


def test_what_amends_a_decision_names_it() -> None:
    """Who comes from the younger page must be able to read what was changed."""
    for one in read_all():
        if one.by:
            assert f"]({one.name})" in (FOLDER / one.by).read_text()
            assert int(one.by[:3]) > one.number


def test_a_page_tells_number_title_status_and_date() -> None:
    page = read("007-cluster-jobs.md", PAGE.format(status="amended by [9](009-steps.md), 2030-12-31"))
    assert (page.number, page.title, page.state) == (7, "A cluster job holds its cluster", "amended")
    assert (page.by, page.date) == ("009-steps.md", "2030-12-31")
    assert index([page]).endswith(
        "| 7 | [A cluster job holds its cluster](007-cluster-jobs.md) | amended by [9](009-steps.md) | 2030-12-31 |\n"
    )


@pytest.mark.parametrize(
    "status",
    [
        "accepted",
        "accepted, soon",
        "accepted by [9](009-steps.md), 2030-12-31",
        "superseded, 2030-12-31",
        "maybe, 2030-12-31",
    ],
)
def test_a_status_that_does_not_tell_what_holds_is_refused(status: str) -> None:
    with pytest.raises(DecisionError, match=r"cannot read 007-cluster-jobs\.md"):
        read("007-cluster-jobs.md", PAGE.format(status=status))


def test_a_heading_with_another_number_than_the_file_is_refused() -> None:
    with pytest.raises(DecisionError, match=r"its heading has the number 7"):
        read("008-cluster-jobs.md", PAGE.format(status="accepted, 2030-12-31"))


def test_two_pages_of_one_number_are_told(tmp_path: Path) -> None:
    """Two branches may have taken the same next number; links to it would lead to either."""
    for name in ("007-cluster-jobs.md", "007-other.md"):
        (tmp_path / name).write_text(PAGE.format(status="accepted, 2030-12-31"))
    with pytest.raises(DecisionError, match=r"give the younger one the next number"):
        read_all(tmp_path)


def test_a_status_that_names_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "007-cluster-jobs.md").write_text(PAGE.format(status="superseded by [9](009-steps.md), 2030-12-31"))
    with pytest.raises(DecisionError, match=r"cannot find the page"):
        read_all(tmp_path)
