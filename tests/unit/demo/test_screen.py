"""The picture must fit where it is shown: nothing wider than the terminal, the last line in sight."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from zilliz_local.demo.play import names_of
from zilliz_local.demo.screen import Line, View, bar, changes, columns, fitting, frame, objects, summary
from zilliz_local.demo.story import Story
from zilliz_local.demo.verdict import Finding, Proof
from zilliz_local.demo.watch import Track

BUSY = Track(
    "backupjob/shop-products",
    state="Pending",
    reason="BackupSlotBusy",
    message="the cluster is making backup backup0_5aucttn4z7mabxd; it makes one manual backup at a time",
    target="in01-demo0shop000002/default/products",
    words=("BackupSlotBusy",),
    current=(("state", "BackupSlotBusy"),),
)
RUNS = Track(
    "importjob/films-broken",
    state="InProgress",
    target="in01-demo0movies0001/default/films",
    job_id="job-q3omupp97fp36w7xepv123",
    progress=50,
    attempts=2,
    words=("Failed", "InProgress"),
    current=(("state", "InProgress"),),
)
LINES = (
    Line("act", "1/7 An account"),
    Line("text", "words " * 40),
    Line("act", "2/7 Cancel"),
    *(Line("text", f"line {number}") for number in range(40)),
    Line("command", "kubectl annotate importjob/films-broken jobs.zilliz.com/retry-requested=17953863-2 --overwrite"),
)
VIEW = View("4/7 Cancel", 71.0, (BUSY, RUNS), LINES)


def rendered(what: RenderableType, width: int, height: int = 24) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=height, color_system=None, force_terminal=False).print(what)
    return out.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 20), (40, 16)])
def test_the_frame_fits_the_terminal(width: int, height: int) -> None:
    lines = rendered(frame(VIEW, width, height), width, height)
    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width
    assert "retry-requested" in "".join(lines[-4:]), "what was done last is in sight"


def test_a_wide_frame_shows_target_job_and_why_it_waits() -> None:
    text = "\n".join(rendered(frame(VIEW, 120, 40), 120, 40))
    for part in (
        "fault/products",
        RUNS.job_id,
        " 50%",
        BUSY.reason,
        f"└ {BUSY.message}",
        "attempt 2",
        "01:11",
    ):
        assert part in text


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (60, 20), (40, 16)])
def test_many_objects_leave_room_for_the_story(width: int, height: int) -> None:
    ended = tuple(
        Track(f"importjob/film-{n}", state="Successful", finished=True, words=("Successful",)) for n in range(30)
    )
    view = replace(VIEW, tracks=(*ended, BUSY, RUNS), about=frozenset({BUSY.object}))
    lines = rendered(frame(view, width, height), width, height)
    assert len(lines) <= height
    text = "\n".join(lines)
    assert "backupjob/shop-products" in text, "what ended makes room for what goes on"
    assert " more" in text
    assert "retry-requested" in "".join(lines[-4:])


def test_where_nothing_has_ended_the_jobs_of_this_act_stay_longest() -> None:
    for about in (BUSY, RUNS):
        assert fitting((BUSY, RUNS), 4, frozenset({about.object})) == [BUSY, RUNS]
        assert fitting((BUSY, RUNS), 3, frozenset({about.object})) == [about]
        assert fitting((BUSY, RUNS), 0, frozenset({about.object})) == []
    assert fitting((BUSY, RUNS), 3, frozenset({BUSY.object, RUNS.object})) == [BUSY]


GONE_BY = Track("backupjob/movies", state="Successful", finished=True, words=("Successful",))
JUST_DONE = replace(GONE_BY, object="suspendclusterjob/night")
BROKEN = replace(
    GONE_BY, object="importjob/broken", state="Failed", message="disk full", current=(("state", "Failed"),)
)


def test_what_ended_well_in_an_earlier_act_makes_room_first() -> None:
    about = frozenset({JUST_DONE.object})
    assert fitting((JUST_DONE, GONE_BY, BUSY), 4, about) == [JUST_DONE, GONE_BY, BUSY]
    older = replace(GONE_BY, object="importjob/films")
    assert fitting((older, GONE_BY, BROKEN, JUST_DONE, BUSY), 6, about) == [BROKEN, JUST_DONE, BUSY]
    assert fitting((BROKEN, JUST_DONE, BUSY), 4, about) == [JUST_DONE, BUSY], "then whatever else ended"


def test_what_is_left_out_is_counted_by_state() -> None:
    ready = Track("zillizconnection/default", state="Ready")
    lines = objects((ready, GONE_BY, JUST_DONE, RUNS), 80, 5)
    assert [line.plain.split()[0] for line in lines[2:-1]] == [RUNS.object, "└"]
    assert lines[-1].plain == "… and 3 more: 2 Successful, 1 Ready"


def test_what_ended_well_has_its_say_in_its_act_only() -> None:
    track = replace(GONE_BY, attempts=2)
    assert "attempt 2" in objects((track,), 80, 9, frozenset({track.object}))[-1].plain
    assert track.object in objects((track,), 80, 9)[-1].plain
    assert "disk full" in objects((BROKEN,), 80, 9)[-1].plain, "a failure stays news"


def test_where_the_credentials_are_stands_in_the_frame_and_in_the_log() -> None:
    where = "user name and password are in Secret movies-copy-credentials, which outlives this object"
    track = Track(
        "restorejob/movies-copy",
        state="InProgress",
        credentials=where,
        words=("CredentialsStored", "InProgress"),
        current=(("credentials", "CredentialsStored"), ("state", "InProgress")),
    )
    assert "in Secret movies-copy-credentials" in "\n".join(
        rendered(frame(replace(VIEW, tracks=(track,)), 80, 40), 80)
    )
    first, second = changes((), (track,))
    assert first.text.endswith(f"CredentialsStored: {where}")
    assert second.text.endswith("InProgress")


def test_the_text_of_the_act_stays_in_sight_however_many_jobs_there_are() -> None:
    act = [
        Line("act", "9/9 Busy"),
        Line("text", "FIRST " + "words " * 40),
        *(Line("command", f"c{n}") for n in range(8)),
    ]
    waiting = tuple(replace(BUSY, object=f"backupjob/b{n}") for n in range(30))
    text = "\n".join(rendered(frame(View("9/9 Busy", 1.0, waiting, (*LINES, *act)), 80, 40), 80, 40))
    assert "FIRST" in text
    assert " more: " in text
    assert text.count("BackupSlotBusy") > 5


def test_the_longest_name_of_the_story_is_shown_in_whole() -> None:
    for width in (80, 120):
        assert max(map(len, names_of(Story()))) <= columns(width)["OBJECT"]
    assert columns(120)["JOB-ID"] == len(RUNS.job_id)


def test_a_narrow_frame_keeps_the_end_of_the_target() -> None:
    text = "\n".join(rendered(frame(VIEW, 100, 24), 100))
    assert "default/products" in text
    assert "JOB-ID" not in text


@pytest.mark.parametrize("width", [70, 80, 100, 119, 120, 135, 136, 160])
def test_the_reason_has_a_column_as_in_kubectl_get(width: int) -> None:
    unknown = replace(BUSY, reason="SubmissionUnknown", state="Pending", message="look into the job centre")
    lines = rendered(frame(replace(VIEW, tracks=(unknown, RUNS)), width, 40), width, 40)
    head = next(line for line in lines if line.startswith("OBJECT"))
    at = head.index("REASON")
    rows = {line.split()[0]: line[at:] for line in lines if line.startswith((unknown.object, RUNS.object))}
    assert rows[unknown.object].startswith("SubmissionUnknown")
    assert rows[RUNS.object].startswith(" "), "a running job has none"
    assert "  └ look into the job centre" in lines, "and the row below does not repeat it"


def test_a_reason_that_its_column_cannot_hold_stands_below_in_full() -> None:
    taken = replace(BUSY, reason="CredentialsSecretTaken", message="Secret login is not ours")
    for width, below in ((60, True), (80, True), (120, True), (160, False)):
        text = objects((taken,), width, 9)[-1].plain
        assert text == f"  └ {'CredentialsSecretTaken: ' if below else ''}Secret login is not ours"


def test_a_reason_of_a_failure_and_of_what_ended_is_shown_too() -> None:
    failed = replace(BROKEN, reason="DeadlineExceeded")
    done = replace(GONE_BY, reason="AlreadyInState")
    texts = [line.plain for line in objects((failed, done), 80, 9)]
    assert texts[2].split()[:3] == [failed.object, "Failed", "DeadlineExceeded"]
    assert texts[4].split()[:3] == [done.object, "Successful", "AlreadyInState"]
    assert "DeadlineExceeded: disk full" in objects((failed,), 60, 9)[-1].plain, "a narrow terminal has no column"


def test_a_folded_command_can_still_be_copied() -> None:
    lines = rendered(frame(VIEW, 80, 24), 80)
    assert lines[-2].endswith(" \\")
    assert lines[-1].endswith("--overwrite")


@pytest.mark.parametrize(("percent", "full"), [(0, 0), (50, 4), (99, 8), (100, 9), (120, 9), (-3, 0)])
def test_the_bar_has_one_width(percent: int, full: int) -> None:
    text = bar(percent, "InProgress").plain
    assert text.count("━") == full
    assert text.count("━") + text.count("─") == 9


def test_a_short_bar_is_not_full_before_the_end() -> None:
    assert [bar(percent, "InProgress", 4).plain.count("━") for percent in (24, 25, 91, 100)] == [0, 1, 3, 4]


def test_no_progress_is_no_bar() -> None:
    assert bar(None, "Pending").plain == ""


def test_each_change_is_one_line_and_progress_is_none() -> None:
    assert changes((RUNS,), (replace(RUNS, progress=60),)) == []
    (line,) = changes((), (BUSY,))
    assert line.text == f"{'backupjob/shop-products':<31} BackupSlotBusy: {BUSY.message}"
    first, second = changes((), (RUNS,))
    assert first.text.endswith("Failed")
    assert second.text.endswith("InProgress (job-q3omupp97fp36w7xepv123)")


@pytest.mark.parametrize("width", [120, 80])
def test_the_summary_tells_expected_and_seen(width: int) -> None:
    good = Finding("backupjob/movies", "InProgress > Successful", "Successful", "1")
    bad = Finding("importjob/films", "Failed", "Successful", "1", ("ended as Failed: disk full",))
    lines = rendered(summary([good, bad], Proof("the cloud's ledger: 2", right=True), width), width)
    text = "\n".join(lines)
    assert max(len(line) for line in lines) <= width
    assert "✓   backupjob/movies" in text
    assert "✗   importjob/films" in text
    assert "ended as Failed: disk full" in text
    assert "EXPECTED" in text or "expected: Successful" in text
    assert "✓ the cloud's ledger: 2" in text


def test_a_page_tells_its_figures() -> None:
    page = Track("jobcenter/demo", state="Ready", message="3 of 3 jobs are shown", words=("Ready",))
    page = replace(page, current=(("state", "Ready"),))
    (line,) = changes((), (page,))
    assert line.text.split() == ["jobcenter/demo", "Ready:", "3", "of", "3", "jobs", "are", "shown"]
    assert "3 of 3 jobs are shown" in objects((page,), 120, 10, frozenset({page.object}))[-1].plain
