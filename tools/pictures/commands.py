"""Pictures of `kubectl zilliz`, of the jobs that its golden files show, and of the demo in one of its acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rich.text import Text
from tests.unit.cli.kubectl.pictures import NOW, job, jobs, screen
from tools.pictures.terminal import svg

from zilliz_jobs.cli.kubectl.joblist import in_order, table
from zilliz_jobs.cli.kubectl.jobpage import Known, page
from zilliz_jobs.cli.kubectl.judging import judged
from zilliz_local.demo.play import command_of
from zilliz_local.demo.screen import Line, View, narration, objects
from zilliz_local.demo.steps import Annotate, Apply
from zilliz_local.demo.story import ACTS
from zilliz_local.demo.watch import Track

WIDTH = 120
DEMO = Path(__file__).with_name("demo.yaml")


def prompt(command: str) -> Text:
    return Text.assemble(("$ ", "green"), (command, "bold"))


def jobs_picture() -> str:
    view = screen("120")
    columns, rows = table(in_order(jobs()), view, NOW, everywhere=False)
    lines = [prompt("kubectl zilliz jobs -n shop"), *view.lines((columns, rows))]
    return svg("jobs", "kubectl zilliz jobs", WIDTH, lines)


def show_picture() -> str:
    view, one = screen("120"), job("films")
    events = [
        {
            "type": "Warning",
            "reason": "JobFailed",
            "message": "part-2.parquet has no column id",
            "lastTimestamp": "2026-03-01T11:47:01Z",
        }
    ]
    lines = page(Known(one, events, judged(one, None, NOW), NOW), view)
    texts = [line if isinstance(line, Text) else Text(line) for line in lines]
    return svg("show", "kubectl zilliz show", WIDTH, [prompt("kubectl zilliz show importjob/films -n shop"), *texts])


def demo_picture() -> str:
    """The live picture of an act, with objects as they were seen in a run."""
    seen = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    number = next(n for n, act in enumerate(ACTS, 1) if act.title == seen["act"])
    act = ACTS[number - 1]
    tracks = [_track(fields) for fields in seen["objects"]]
    told = [Line("act", f"{number}/{len(ACTS)} {act.title}"), Line("text", act.text)]
    told += [Line("cloud", text) for text in seen["cloud"]]
    told += [Line("command", command_of(step)) for step in act.steps if isinstance(step, Apply)]
    told += [
        Line("command", f"kubectl annotate {step.object} jobs.zilliz.com/{step.request}=1")
        for step in act.steps
        if isinstance(step, Annotate)
    ]
    view = View(
        f"{number}/{len(ACTS)} {act.title}", seen["seconds"], tuple(tracks), tuple(told), frozenset(act.until)
    )
    head = Text.assemble(
        (" zilliz-jobs demo ", "reverse bold"), f"  00:{seen['seconds']:02d}  ", (view.title, "bold")
    )
    rows = objects(view.tracks, WIDTH, len(tracks) * 2 + 2, view.about)
    return svg("demo", "make demo", WIDTH, [head, Text(""), *rows, Text(""), *narration(view.lines, WIDTH)])


def _track(fields: dict[str, Any]) -> Track:
    """What it says is its reason, where it waits."""
    word = fields.get("reason") or fields["state"]
    return Track(**fields, words=(word,), current=(("state", word),))
