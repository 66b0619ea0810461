"""A unit of work that is measured wrongly hides what a change costs. Counts and words are tested, no times."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tools.bench.page import page
from tools.bench.problem import Problem
from tools.bench.record import entry
from tools.bench.units.history import is_kept, line_of, load, save, with_line
from tools.bench.units.instructions import can_count, count, total_of
from tools.bench.units.part import BEGIN, END, part, replaced
from tools.bench.units.work import TITLES

MACHINE: dict[str, object] = {"cpu": "A CPU", "cores": 2, "python": "3.12.1", "loadAverageBefore": 0.5}


def taken(**more: Any) -> dict[str, Any]:
    one = {"ms": 2.0, "leastMs": 1.5, "cloudCalls": 1.0, "kubeCalls": 0.0}
    life = {
        "reads": 3, "writes": {"submitted": 2, "begun": 1, "further": 1, "over": 1}, "writesInAll": 5,
        "writesBesidesProgress": 4, "cloudCalls": 6, "kubeCalls": 10, "calls": {"cloud import.create": 1},
    }  # fmt: skip
    return {"units": dict.fromkeys(TITLES, one | more), "life": life}


def line(commit: str, **more: Any) -> dict[str, Any]:
    return line_of(entry(taken(**more), 1, MACHINE, commit))


def test_a_commit_is_measured_again_in_its_own_place_and_the_newest_line_is_last(tmp_path: Path) -> None:
    lines = with_line(with_line([line("aaa1111")], line("bbb2222")), line("aaa1111", ms=3.0))
    save(lines, tmp_path / "history.jsonl")
    assert [(one["commit"], one["units"]["echo"]["ms"]) for one in load(tmp_path / "history.jsonl")] == [
        ("bbb2222", 2.0),
        ("aaa1111", 3.0),
    ]
    assert load(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(("commit", "kept"), [("abc1234", True), ("abc1234-dirty", False), ("", False)])
def test_figures_that_no_commit_has_are_not_kept(commit: str, kept: bool) -> None:
    assert is_kept(line(commit)) is kept


def test_the_page_shows_each_unit_beside_the_floor_and_beside_earlier_commits() -> None:
    text = part([line("aaa1111", leastMs=8.0), {**line("bbb2222"), "units": {"floorPage": taken()["units"]["echo"]}}])
    assert "| ms | aaa1111 | bbb2222 |" in text
    assert "| the event of an own write | 8.00 | - |" in text, "a unit that a commit did not measure"
    assert f"| {TITLES['floorPage']} | 2.00 | 1.50 | 1.00 | - | 1.00 | 0 |" in text
    assert "| calls to the API server in a life | 10 | 10 |" in text
    assert part([]) == ""


def test_a_pass_that_writes_stands_beside_as_many_plain_writes() -> None:
    """Most of what it takes in the kernel is that of its requests, which no line of the operator changes."""
    units = taken()["units"]
    units |= {
        "floorWrite": units["echo"] | {"ms": 0.5},
        "passState": units["echo"] | {"cloudCalls": 0, "kubeCalls": 2},
    }
    assert f"| {TITLES['passState']} | 2.00 | 1.50 | 2.00 | - | 0 | 2 |" in part(
        [{**line("aaa1111"), "units": units}]
    )
    del units["floorWrite"]
    assert f"| {TITLES['passState']} | 2.00 | 1.50 | 1.00 | - | 0 | 2 |" in part(
        [{**line("aaa1111"), "units": units}]
    )


def test_instructions_have_a_history_of_their_own() -> None:
    """Times of two machines cannot be compared; these can, where Python is the same."""
    text = part([line("aaa1111"), line("bbb2222", instructions=3.25)])
    assert f"| {TITLES['echo']} | 2.00 | 1.50 | 1.00 | 3.25 | 1.00 | 0 |" in text
    assert "| million instructions | aaa1111 | bbb2222 |" in text
    assert f"| {TITLES['echo']} | - | 3.25 |" in text


def test_the_total_of_what_callgrind_wrote_is_found() -> None:
    assert total_of("desc: Trigger: Client Request\nfn=(1) main\n12 5\n\ntotals: 3404123\n") == 3404123
    with pytest.raises(Problem, match="no totals"):
        total_of("events: Ir\n")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("""echo '{"echo": 0.1}' > "$folder/units.json\"""", {"echo": 0.1}),
        ("echo 'cannot measure: there is no list'; exit 1", "there is no list"),
    ],
)
async def test_instructions_are_counted_in_a_process_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: object
) -> None:
    for name in ("valgrind", "callgrind_control"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nfor folder in "$@"; do :; done\n{script}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert can_count()
    if isinstance(found, str):
        with pytest.raises(Problem, match=found):
            await count()
    else:
        assert await count() == found


def test_without_valgrind_no_instructions_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not can_count()


def test_units_alone_leave_the_rest_of_the_page_as_it_is() -> None:
    """The rest takes an hour of a quiet machine."""
    old = f"# Performance\n\n## (a)\n\n{part([line('aaa1111')])}\n\n## What limits it\n"
    new = replaced(old, part([line("aaa1111"), line("bbb2222")]))
    assert new.startswith("# Performance\n\n## (a)\n\n")
    assert new.endswith(f"{END}\n\n## What limits it\n")
    assert (new.count(BEGIN), new.count("bbb2222")) == (1, 3)
    assert replaced("# Performance\n", part([line("aaa1111")])).endswith(f"{END}\n")


def test_a_full_page_has_the_part_and_no_machine_twice() -> None:
    result = entry(taken(), 1, MACHINE | {"kubernetes": "a stand-in"}, "aaa1111")
    text = page({"u": result}, part([line("aaa1111")]))
    assert (text.count("## (u)"), text.count("A CPU")) == (1, 1)
