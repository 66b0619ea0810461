"""`kubectl zilliz show`: all that there is to know of one job, and what can be done now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.advice import Advice, advice, refusals
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import Judged
from zilliz_jobs.cli.kubectl.pageparts import (
    INDENT,
    NO_EVENTS,
    bold,
    conditions,
    folded,
    indented,
    label,
    moments,
    offered,
)
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen
from zilliz_jobs.cli.kubectl.timeline import timeline
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import help_of


@dataclass(frozen=True)
class Known:
    """All that the page is made of. `events`: None where they may not be read; `rules`: None where the record of the
    job cannot be read."""

    job: JobView
    events: Sequence[Body] | None
    rules: Judged | None
    now: datetime


def page(known: Known, screen: Screen) -> Iterator[Cell]:
    """The lines of the page."""
    job, now = known.job, known.now
    yield bold(f"{job.resource.kind} {job.namespace}/{job.name}", screen)
    yield from _head(job, now, screen)
    if files := job.result_files:
        yield from ("", bold("Files", screen))
        yield from _files(files, screen)
    yield from ("", bold("Timeline", screen))
    yield from moments(timeline(job, known.events or ()), now, screen)
    if known.events is None:
        yield f"{INDENT}{NO_EVENTS}"
    if rows := job.rows("conditions"):
        yield from ("", bold("Conditions", screen))
        yield from conditions(rows, screen)
    yield from ("", bold("What you can do now", screen))
    yield from _advice(known, screen)


def _head(job: JobView, now: datetime, screen: Screen) -> Iterator[Cell]:
    unseen = "; no operator has seen it yet" if job.is_unseen else ""
    state = screen.state(f"{job.state or 'new'}{unseen}", job.state)
    bar = screen.progress(job.progress, job.state)
    yield Text.assemble(label("State"), state, INDENT if bar.plain else "", bar)
    if job.reason:
        yield Text.assemble(label("Reason"), screen.state(job.reason, job.state))
        yield from folded(label(""), help_of(job.reason), screen)
    if (message := job.text("message")) and message != job.text("cloudStatus"):
        yield from folded(label("Message"), message, screen)
    facts = {
        "Target": job.text("target"),
        "Job id": job.text("jobId"),
        "Cloud says": job.text("cloudStatus"),
        "Connection": job.connection,
        "Created by": job.text("createdBy"),
        "Started": _since(job.time("startTime"), now),
        "Ended": _since(job.time("completionTime"), now),
        "Expected end": format_time(expected) if (expected := job.time("estimatedCompletionTime")) else "",
    }
    for title, text in facts.items():
        if text:
            yield from folded(label(title), text, screen)
    for name, value in job.results:
        yield from folded(label(name), value, screen)


def _files(files: Sequence[Body], screen: Screen) -> Iterator[Cell]:
    columns = [
        Column("FILE", least=16, keeps_end=True),
        Column("STATE"),
        Column("PROGRESS"),
        Column("ROWS"),
        Column("REASON", least=16),
    ]
    rows: list[list[Cell]] = []
    for file in files:
        state, percent = str(file.get("state") or ""), file.get("progressPercent")
        rows.append(
            [
                shown(str(file.get("name") or "")),
                screen.state(shown(state)),
                screen.progress(percent if isinstance(percent, int) else None, state),
                str(file.get("rows") if file.get("rows") is not None else ""),
                shown(str(file.get("reason") or "")),
            ]
        )
    yield from indented((columns, rows), screen)


def _advice(known: Known, screen: Screen) -> Iterator[Cell]:
    every = advice(known.job, known.rules)
    if not every:
        yield f"{INDENT}nothing: the job has ended."
    yield from offered([*every, _in_the_browser(known.job)], screen)
    for line in refusals(known.rules, known.job):
        yield from folded(INDENT, line, screen)


def _in_the_browser(job: JobView) -> Advice:
    return Advice(
        f"see it in the browser, at {job.address}", f"kubectl zilliz dashboard {job.reference} -n {job.namespace}"
    )


def _since(moment: datetime | None, now: datetime) -> str:
    return f"{format_time(moment)} ({age(moment, now)} ago)" if moment else ""
