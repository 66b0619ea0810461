"""`kubectl zilliz show`: all that there is to know of one job, and what can be done now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

import yaml
from rich.text import Text

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.advice import advice, refusals
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.arguments import Form, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import Judged, judged
from zilliz_jobs.cli.kubectl.kindnames import reference
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen, Table
from zilliz_jobs.cli.kubectl.timeline import timeline
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import help_of

INDENT = "  "
MARGIN = 12
NO_EVENTS = "Events are not shown: you lack the right to list events in this namespace."


@dataclass(frozen=True)
class Known:
    """All that the page is made of. `events`: None where they may not be read; `rules`: None where the record of the
    job cannot be read."""

    job: JobView
    events: Sequence[Body] | None
    rules: Judged | None
    now: datetime


async def show_job(where: Where, name: str, form: Form, screen: Screen) -> ExitCode:
    async with Cluster.open(where) as cluster:
        job = await cluster.job(reference(name))
        match form:
            case Form.JSON:
                screen.raw(json.dumps(job.body, indent=4, ensure_ascii=False))
            case Form.YAML:
                screen.raw(yaml.safe_dump(job.body, sort_keys=False, allow_unicode=True))
            case Form.NAME:
                screen.raw(job.full_name)
            case Form.TABLE | Form.WIDE:
                connection, events = await cluster.connection(job), await cluster.events(job)
                now = cluster.now()
                for line in page(Known(job, events, judged(job, connection, now), now), screen):
                    screen.say(line)
    return ExitCode.DONE


def page(known: Known, screen: Screen) -> Iterator[Cell]:
    """The lines of the page."""
    job, now = known.job, known.now
    yield _bold(f"{job.resource.kind} {job.namespace}/{job.name}", screen)
    yield from _head(job, now, screen)
    if files := job.result_files:
        yield from ("", _bold("Files", screen))
        yield from _files(files, screen)
    yield from ("", _bold("Timeline", screen))
    for moment in timeline(job, known.events or ()):
        ago = f"{age(moment.time, now)} ago" if moment.time <= now else "to come"
        line = Text.assemble(
            f"{INDENT}{format_time(moment.time)}  {ago:<{MARGIN}}", screen.state(moment.what, moment.state)
        )
        yield from _with_text(line, moment.text, screen)
    if known.events is None:
        yield f"{INDENT}{NO_EVENTS}"
    if conditions := job.rows("conditions"):
        yield from ("", _bold("Conditions", screen))
        yield from _conditions(conditions, screen)
    yield from ("", _bold("What you can do now", screen))
    yield from _advice(known, screen)


def _head(job: JobView, now: datetime, screen: Screen) -> Iterator[Cell]:
    unseen = "; no operator has seen it yet" if job.is_unseen else ""
    state = screen.state(f"{job.state or 'new'}{unseen}", job.state)
    bar = screen.progress(job.progress, job.state)
    yield Text.assemble(_label("State"), state, INDENT if bar.plain else "", bar)
    if job.reason:
        yield Text.assemble(_label("Reason"), screen.state(job.reason, job.state))
        yield from _folded(_label(""), help_of(job.reason), screen)
    if (message := job.text("message")) and message != job.text("cloudStatus"):
        yield from _folded(_label("Message"), message, screen)
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
            yield from _folded(_label(title), text, screen)
    for name, value in job.results:
        yield from _folded(_label(name), value, screen)


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
    yield from _indented((columns, rows), screen)


def _conditions(conditions: Sequence[Body], screen: Screen) -> Iterator[Cell]:
    columns = [Column("TYPE"), Column("STATUS"), Column("REASON", least=12), Column("MESSAGE", least=16)]
    rows = [
        [
            shown(str(row.get("type"))),
            *(shown(str(row.get(name) or "")) for name in ("status", "reason", "message")),
        ]
        for row in conditions
    ]
    yield from _indented((columns, rows), screen)


def _indented(table: Table, screen: Screen) -> Iterator[Cell]:
    yield from (Text.assemble(INDENT, line) for line in screen.lines(table, margin=len(INDENT)))


def _advice(known: Known, screen: Screen) -> Iterator[Cell]:
    every = advice(known.job, known.rules)
    if not every:
        yield f"{INDENT}nothing: the job has ended."
    for one in every:
        yield f"{INDENT}{one.purpose}:"
        yield Text(f"{INDENT}{INDENT}{one.command}", style="cyan" if screen.terminal else "")
    for line in refusals(known.rules, known.job):
        yield from _folded(INDENT, line, screen)


def _with_text(line: Text, text: str, screen: Screen) -> Iterator[Cell]:
    """The text behind the line, or on a terminal folded below it."""
    if not text:
        yield line
    elif not screen.terminal or line.cell_len + 2 + len(text) <= screen.width:
        yield Text.assemble(line, f": {text}")
    else:
        yield line
        yield from _folded(" " * 24, text, screen)


def _folded(label: str, text: str, screen: Screen) -> Iterator[Cell]:
    """Label and text; on a terminal the text is folded to its width, each line under the first."""
    if not screen.terminal:
        yield f"{label}{text}"
        return
    lines = wrap(text, max(20, screen.width - len(label)), break_long_words=False) or [""]
    yield f"{label}{lines[0]}"
    yield from (" " * len(label) + line for line in lines[1:])


def _label(title: str) -> str:
    return f"{INDENT}{title + ':' if title else '':<16} "


def _since(moment: datetime | None, now: datetime) -> str:
    return f"{format_time(moment)} ({age(moment, now)} ago)" if moment else ""


def _bold(text: str, screen: Screen) -> Text:
    return Text(text, style="bold" if screen.terminal else "")
