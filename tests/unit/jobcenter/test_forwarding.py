"""What is read of an object that owns a row's job, whatever somebody wrote into its status. If these fail, one edited
status stops the pages of a whole project."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.jobcenter.forwarding import files_in, request_in, requests_taken_over
from zilliz_jobs.jobcenter.rowwriter import row_status

DECIDED = {"token": "please", "outcome": "Accepted", "reason": "CancelAccepted"}
ROW = {"metadata": {"annotations": {}}}


@pytest.mark.parametrize("edited", [None, "please", [], {}, {"token": ["please"]}, {"outcome": 7}])
def test_a_request_that_cannot_be_read_is_none(edited: Any) -> None:
    """It takes nothing from what the row says already."""
    assert request_in({"cancel": edited}, "cancel") is None
    told = requests_taken_over(row_status({"status": {"cancel": DECIDED}}), {"status": {"cancel": edited}}, ROW)
    assert told.cancel is not None
    assert told.cancel.token == "please"


@pytest.mark.parametrize(
    ("result", "names"),
    [
        ({"files": [{"name": "a.json", "state": "ImportFailed"}]}, ["a.json"]),
        ({"files": []}, []),
        ({"files": [{"name": "a.json"}, "b.json"]}, []),
        ({"files": "a.json"}, []),
        ({}, []),
        ("lost", []),
        (None, []),
    ],
)
def test_files_that_cannot_be_read_are_not_shown(result: Any, names: list[str]) -> None:
    assert [one.name for one in files_in({"status": {"result": result}})] == names


@pytest.mark.parametrize("raw", [None, "gone", [], {"state": "Failed", "sources": 7, "listsWithout": "many"}])
def test_a_row_that_somebody_edited_is_read_as_far_as_it_can_be(raw: Any) -> None:
    """It is made again from the lists: what is readable keeps its times."""
    status = row_status({"status": raw})
    assert (status.sources, status.lists_without) == (None, None)
    assert (status.state is not None) is isinstance(raw, dict)
