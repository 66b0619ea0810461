"""What is judged of the migrations by VTS in a storm. If these fail, a row that came twice goes unseen."""

from __future__ import annotations

from typing import Any

import pytest
from tools.chaos.moves import ROWS, Course, Move, Run, is_over, rows_in, wrong_with

Body = dict[str, Any]
LEFT = Move(1, Course.LEFT, 0, 0)


def entry(kind: str, rows: int = 0, move: Move = LEFT, event: str = "effect") -> Body:
    target = {"clusterId": move.cluster, "collection": move.destination, "rows": str(rows)}
    return {"event": event, "kind": kind, "target": target}


def body(state: str, attempts: int = 1, **more: object) -> Body:
    rows = [{"number": number} for number in range(1, attempts + 1)]
    return {"metadata": {}, "status": {"state": state, "attempts": rows, **more}}


def run(move: Move = LEFT, *, whole: bool = True) -> Run:
    return Run("zmg-1", move.destination, whole)


ALL = [entry("create"), entry("write", ROWS)]


def test_a_migration_that_moved_its_rows_once_is_right() -> None:
    assert wrong_with(LEFT, body("Successful"), [run()], ALL, running=False) == []


WRONG = {
    "rows twice": (LEFT, body("Successful"), [run()], [*ALL, entry("write", 1)], False, f"had {ROWS + 1} rows"),
    "two runs of one attempt": (LEFT, body("Successful"), [run(), run()], ALL, False, "ran 2 times in 1 attempts"),
    "rows that are missing": (LEFT, body("Successful"), [run()], [entry("write", 1)], False, f"1 of {ROWS} rows"),
    "an end without a run": (LEFT, body("Successful"), [], ALL, False, "rows came"),
    "half a run": (LEFT, body("Successful"), [run(whole=False)], ALL, False, "rows came"),
    "no end": (LEFT, body("InProgress"), [run()], ALL, False, "has not ended"),
    "an end that nobody caused": (LEFT, body("Canceled"), [], [], False, "is to end as Successful"),
    "a pod at work": (LEFT, body("Successful"), [run()], ALL, True, "its pod is at work"),
    "an object that is gone": (LEFT, None, [], [], False, "nobody deleted it"),
}


@pytest.mark.parametrize("name", WRONG)
def test_is_told(name: str) -> None:
    move, there, runs, ledger, running, words = WRONG[name]
    assert any(words in line for line in wrong_with(move, there, runs, ledger, running=running))


def test_rows_that_were_removed_with_their_collection_count_no_more() -> None:
    """A retry begins anew."""
    ledger = [entry("write", 10), entry("drop"), *ALL, entry("write", 5, Move(2, Course.LEFT, 0, 0))]
    assert rows_in([*ledger, entry("write", 9, event="attempt")], LEFT) == (ROWS, ROWS)


def test_a_failure_that_its_user_retries_is_not_the_end() -> None:
    evicted = Move(1, Course.EVICTED, 0, 0)
    assert not is_over(evicted, body("Failed"), retried=False)
    assert not is_over(evicted, body("Failed"), retried=True)
    assert is_over(evicted, body("Failed", 2), retried=True)
    assert is_over(LEFT, body("Failed"), retried=False)
    assert not is_over(LEFT, None, retried=False)
