"""`kubectl zilliz dashboard --export FILE`: the page with its data in one file, which needs no server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.board import Board
from zilliz_jobs.cli.kubectl.dashboard.command import watching
from zilliz_jobs.cli.kubectl.dashboard.details import details
from zilliz_jobs.cli.kubectl.dashboard.eventlist import read_events
from zilliz_jobs.cli.kubectl.dashboard.feed import Feed
from zilliz_jobs.cli.kubectl.dashboard.linking import linked
from zilliz_jobs.cli.kubectl.dashboard.rows import Row
from zilliz_jobs.cli.kubectl.dashboard.server import STATIC
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.control.objects import Key

READ_SECONDS = 60.0
MOST_DETAILS = 500
"""Of so many of the newest jobs the file has the details, too."""
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Job centre</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<noscript>This page needs JavaScript.</noscript>
<div id="app"></div>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


async def export(where: Where, file: Path, screen: Screen) -> ExitCode:
    """Writes the page as it is once everything was read, and says what is not in it."""
    async with Cluster.open(where) as cluster, watching(cluster) as (board, feed):
        await _read(board, feed)
        data = await _data(cluster, board, feed)
        text = page(data)
        for missing in (*(notice["text"] for notice in feed.notices()), *_left_out(data)):
            screen.say(f"not all is in it: {missing}")
    _write(file, text)
    screen.say(f"{file} has the job centre as it is now.")
    return ExitCode.DONE


def page(data: Row) -> str:
    """The whole file. Pure, but for the parts that it reads from the package."""
    words = {name: json.loads(_text(f"{name}.json")) for name in ("words", "terms")}
    script = linked({name: part.read_text(encoding="utf-8") for name, part in _modules().items()}, "app.js")
    style = _text("styles.css")
    if "</script" in script.lower() or "</style" in style.lower():
        raise ValueError("cannot write the page: a part of it would end the element that it stands in")
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    return PAGE.format(policy=policy, style=style, script=script, data=inert(data | words))


def inert(value: Any) -> str:
    """JSON that can stand in a page: without a sign that could begin or end an element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror}") from error


async def _read(board: Board, feed: Feed) -> None:
    reader = board.reader()
    try:
        async with asyncio.timeout(READ_SECONDS):
            while not feed.live.complete:
                await reader.news(READ_SECONDS, len(feed.live.objects) + 1)
    except TimeoutError:
        why = "; ".join(problem.text for problem in feed.live.problems) or "the API server takes too long"
        raise CommandError(f"cannot read all jobs within {READ_SECONDS:.0f} seconds: {why}") from None
    finally:
        board.leave(reader)


async def _data(cluster: Cluster, board: Board, feed: Feed) -> Row:
    now = cluster.now()
    message = feed.snapshot(now)
    jobs = sorted(message["rows"].get("jobs", ()), key=lambda row: str(row.get("created", "")), reverse=True)
    jobs = jobs[:MOST_DETAILS]
    events = await read_events(cluster, feed.scope.namespaces, {row["namespace"] for row in jobs})
    known: dict[str, Row] = {}
    for row in jobs:
        key = Key(row["kind"], row["namespace"], row["name"])
        body = board.body(key)
        if body is not None:
            known[row["id"]] = details(board, key, body, events.about(body), now)
    return {"message": message, "details": known}


def _left_out(data: Row) -> Iterator[str]:
    every, known = len(data["message"]["rows"].get("jobs", ())), len(data["details"])
    if known < every:
        yield f"of {every} jobs it has the details of the newest {known}"


def _modules() -> dict[str, Traversable]:
    own = {part.name: part for part in STATIC.iterdir() if part.name.endswith(".js")}
    vendored = STATIC.joinpath("vendor").iterdir()
    return own | {f"vendor/{part.name}": part for part in vendored if part.name.endswith(".mjs")}


def _text(name: str) -> str:
    return STATIC.joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
