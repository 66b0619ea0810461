"""What a person reads at three widths. A picture that is too wide is folded by the terminal and cannot be read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.cli.kubectl.pictures import NOW, WAYS, compare, job, jobs, printed, screen

from zilliz_jobs.cli.kubectl.ages import duration
from zilliz_jobs.cli.kubectl.joblist import in_order, table
from zilliz_jobs.cli.kubectl.jobpage import Known, page
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import judged
from zilliz_jobs.cli.kubectl.screen import Column, fitted

EVENTS = [
    {
        "type": "Warning",
        "reason": "JobFailed",
        "message": "part-2.parquet has no column id",
        "lastTimestamp": "2026-03-01T11:47:01Z",
    }
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wide", [False, True])
def test_the_table_of_all_jobs(way: str, wide: bool) -> None:
    view = screen(way)
    view.table(*table(in_order(jobs()), view, NOW, wide=wide, everywhere=wide))
    compare(f"jobs{'-wide' if wide else ''}-{way}", printed(view))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["films", "movies-files", "double", "new-one"])
def test_the_page_of_a_job(way: str, name: str) -> None:
    view, one = screen(way), job(name)
    events = EVENTS if name == "films" else []
    for line in page(Known(one, events, judged(one, None, NOW), NOW), view):
        view.say(line)
    compare(f"show-{name}-{way}", printed(view))


@pytest.mark.parametrize("way", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(way: str) -> None:
    view = screen(way)
    view.table(*table(jobs(), view, NOW, wide=True, everywhere=True))
    assert max(map(len, printed(view).splitlines())) <= int(way)


def test_nothing_is_cut_in_a_pipe() -> None:
    """A script that takes names or targets from it would get halves."""
    view = screen("pipe")
    view.table(*table(jobs(), view, NOW, wide=True, everywhere=True))
    text = printed(view)
    assert "…" not in text
    assert all(one.text("message") in text and one.text("target") in text for one in jobs())


def test_columns_in_a_pipe_are_where_their_titles_are() -> None:
    view = screen("pipe")
    view.table(*table(jobs(), view, NOW, everywhere=False))
    title, *rows = printed(view).splitlines()
    at = title.index("STATE")
    assert {re.split(r"\s", row[at:], maxsplit=1)[0] for row in rows} == {one.state or "-" for one in jobs()}


def test_colours_are_for_terminals_alone() -> None:
    for way, coloured in (("pipe", False), ("80", True)):
        view = screen(way)
        view.table(*table(jobs(), view, NOW, everywhere=False))
        assert ("\x1b[" in view.console.file.getvalue()) is coloured  # type: ignore[attr-defined]


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    view = screen("80")
    view.table(*table(jobs(), view, NOW, everywhere=False))
    codes = set(re.findall(r"\x1b\[([\d;]*)m", view.console.file.getvalue()))  # type: ignore[attr-defined]
    assert not any(part in code.split(";") for code in codes for part in map(str, range(30, 38)))


def test_a_text_of_the_cloud_drives_no_terminal() -> None:
    one = job("films")
    status = one.body["status"] | {"message": "good\x1b[2J\x1b]0;title\x07 bad\nline", "target": "a\tb"}
    evil = replace(one, body=one.body | {"status": status})
    view = screen("pipe")
    view.table(*table([evil], view, NOW, wide=True, everywhere=False))
    for line in page(Known(evil, [], judged(evil, None, NOW), NOW), view):
        view.say(line)
    text = view.console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in text
    assert "\x07" not in text
    assert r"good\x1b[2J" in text


@pytest.mark.parametrize(
    "status", [None, {"conditions": "x", "attempts": [1], "result": []}, {"cancel": {"token": 1}}]
)
def test_an_object_that_somebody_edited_is_shown_all_the_same(status: object) -> None:
    one = job("films")
    odd = JobView(one.kind, one.body | {"status": status, "spec": "none"})
    view = screen("pipe")
    view.table(*table([odd], view, NOW, wide=True, everywhere=True))
    for line in page(Known(odd, None, judged(odd, None, NOW), NOW), view):
        view.say(line)
    assert "importjob/films" in printed(view)


def test_the_narrowest_terminal_keeps_what_matters_most() -> None:
    columns = [Column("JOB", least=5), Column("STATE"), Column("AGE", dropped=1)]
    assert fitted(columns, [10, 10, 10], 80) == [10, 10, 10]
    assert fitted(columns, [10, 10, 10], 31) == [7, 10, 10]
    assert fitted(columns, [10, 10, 10], 20) == [8, 10, 0]
    assert fitted(columns, [10, 10, 10], 3) == [5, 10, 0]


def test_ages_are_those_of_kubectl() -> None:
    spans = {0: "0s", 119: "119s", 120: "2m", 605: "10m", 185: "3m5s", 3 * 3600: "3h", 3 * 3600 + 300: "3h5m"}
    spans |= {47 * 3600: "47h", 2 * 86400 + 3600: "2d1h", 9 * 86400: "9d", 800 * 86400: "2y70d"}
    assert {seconds: duration(seconds) for seconds in spans} == spans
    assert duration(-timedelta(hours=1).total_seconds()) == "<invalid>"
