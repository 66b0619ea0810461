"""`kubectl zilliz center`: the job-centre page of the project in the terminal, newest first, with counts by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.live import Live
from rich.text import Text

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.objectview import objects_in
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen
from zilliz_jobs.control.objects import Body, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.kube.errors import KubeError

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    Column("ROW", least=20),
    Column("TYPE", least=8),
    Column("DESCRIPTION", least=12, dropped=4),
    Column("STATE"),
    Column("PROGRESS"),
    Column("STARTED"),
    Column("FINISHED", dropped=3),
    Column("CREATOR", least=8, dropped=1),
    Column("OWNER", least=12, dropped=2),
)


async def show_page(where: Where, name: str, screen: Screen) -> ExitCode:
    """`name`: of the JobCenter; "" for all of the namespace."""
    async with Cluster.open(where) as cluster:
        centers, rows = await _read(cluster, name)
        for line in page(centers, rows, screen, cluster.now()):
            screen.console.print(line, no_wrap=True, crop=True) if screen.terminal else screen.say(line)
    return ExitCode.DONE


async def watch_page(where: Where, name: str, screen: Screen) -> ExitCode:
    """It never ends by itself."""
    if not screen.terminal:
        raise CommandError("--watch draws a page on a terminal; in a pipe: kubectl get projectjobs -w")
    async with Cluster.open(where) as cluster:
        await _read(cluster, name)  # says at once what is not there
        watched = [Watched(resource, cluster.namespace) for resource in (JOB_CENTER, PROJECT_JOB)]
        async with Following(cluster, watched) as following:
            with Live(console=screen.console, auto_refresh=False) as live:
                while True:
                    await following.news(1.0)
                    if not following.complete:
                        continue
                    every = following.objects.values()
                    centers = [body for body in every if body["kind"] == JOB_CENTER.kind and _is(body, name)]
                    rows = [body for body in every if body["kind"] == PROJECT_JOB.kind and _is_of(body, name)]
                    lines = page(centers, rows, screen, cluster.now(), room=screen.height - 2)
                    live.update(Text("\n", no_wrap=True, overflow="ellipsis").join(lines), refresh=True)


async def _read(cluster: Cluster, name: str) -> tuple[list[Body], list[Body]]:
    resource = JOB_CENTER
    try:
        centers = [body async for body in cluster.objects.list_all(JOB_CENTER, cluster.namespace) if _is(body, name)]
        resource = PROJECT_JOB
        rows = [body async for body in cluster.objects.list_all(PROJECT_JOB, cluster.namespace) if _is_of(body, name)]
    except KubeError as error:
        raise cluster.problem(error, "list", [resource]) from error
    if not centers:
        place = f"in namespace {cluster.namespace}" if cluster.namespace else "in any namespace"
        which = f"JobCenter {shown(name)}" if name else "JobCenter"
        raise CommandError(f"there is no {which} {place}; make one, and each job of its project becomes a row")
    return centers, rows


def _is(body: Body, name: str) -> bool:
    return name in ("", body["metadata"]["name"])


def _is_of(body: Body, name: str) -> bool:
    spec = body.get("spec")
    ref = spec.get("jobCenterRef") if isinstance(spec, dict) else None
    return not name or (isinstance(ref, dict) and ref.get("name") == name)


def page(
    centers: Iterable[Body], rows: Iterable[Body], screen: Screen, now: datetime, *, room: int | None = None
) -> list[Text]:
    """A line for each JobCenter, and the rows. `room`: lines that there are. Pure."""
    ordered = sorted(rows, key=lambda row: str(row["metadata"]["name"]))
    ordered.sort(key=_time, reverse=True)
    head = [_center(center, now, screen) for center in centers]
    counts = Counter(_text(raw_status(row), "state") or "-" for row in ordered)
    words = [f"{counts[word]} {word}" for word in (*State, "-") if counts[word]]
    head.append(Text(", ".join(words) if words else "no jobs"))
    lines = screen.lines((COLUMNS, [_row(row, screen, now) for row in ordered])) if ordered else []
    if room is not None and len(head) + len(lines) > max(3, room):
        shown_lines = max(2, room - len(head) - 1)
        lines = [*lines[:shown_lines], Text(f"… and {len(lines) - shown_lines} more", style="dim")]
    return [*head, *lines]


def _center(body: Body, now: datetime, screen: Screen) -> Text:
    status, meta = raw_status(body), body["metadata"]
    ready = next((row for row in objects_in(status.get("conditions")) if row.get("type") == "Ready"), {})
    listed = parse_time(status.get("lastListTime"))
    line = Text(f"{meta.get('namespace', '')}/{meta['name']}", style="bold" if screen.terminal else "")
    line.append(f"  project {_text(status, 'projectId') or '-'}", style="")
    line.append(f"  listed {age(listed, now)} ago" if listed else "  not listed yet")
    if ready.get("status") != "True":
        why = ": ".join(filter(None, (_text(ready, "reason"), _text(ready, "message")))) or "no operator has seen it"
        line.append(f"  not ready: {why}", style="yellow" if screen.terminal else "")
    return line


def _row(body: Body, screen: Screen, now: datetime) -> Sequence[Cell]:
    status = raw_status(body)
    state, percent = _text(status, "state"), status.get("progressPercent")
    owner = status.get("owner")
    return [
        str(body["metadata"]["name"]),
        _text(status, "type"),
        _text(status, "description"),
        screen.state(state),
        screen.progress(percent if isinstance(percent, int) else None, state),
        age(parse_time(status.get("startTime")), now),
        age(parse_time(status.get("completionTime")), now),
        _text(status, "createdBy"),
        _text(owner, "reference") if isinstance(owner, dict) else "",
    ]


def _time(body: Body) -> datetime:
    status = raw_status(body)
    told = (parse_time(status.get(name)) for name in ("createTime", "startTime", "seenTime"))
    return next((time for time in told if time is not None), LONG_AGO)


def _text(part: Body, name: str) -> str:
    value = part.get(name)
    return shown(value) if isinstance(value, str) else ""
