"""`kubectl zilliz jobs`: the jobs of all kinds in one table, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.live import Live
from rich.text import Text

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.arguments import Form, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.kindnames import kind_named
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen, Table
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NAMESPACE = Column("NAMESPACE", least=9)
COLUMNS = (
    Column("JOB", least=24),
    Column("STATE"),
    Column("REASON", least=18, dropped=8),
    Column("PROGRESS"),
    Column("TARGET", least=14, dropped=7, keeps_end=True),
    Column("STARTED", dropped=5),
    Column("AGE"),
)
MORE = (
    Column("FINISHED", dropped=3),
    Column("JOB-ID", least=10, dropped=6),
    Column("CONNECTION", least=8, dropped=2),
    Column("CLUSTER", least=10, dropped=1),
    Column("MESSAGE", least=20, dropped=4),
)


@dataclass(frozen=True)
class Filter:
    """Which jobs are wanted; "" and nothing for all. A reason, and a cluster, as the status or spec says it."""

    kinds: tuple[AnyKind, ...] = JOB_KINDS
    states: frozenset[State] = frozenset()
    reasons: frozenset[str] = frozenset()
    cluster: str = ""

    def takes(self, job: JobView) -> bool:
        return (
            (not self.states or any(state == job.state for state in self.states))
            and (not self.reasons or job.reason.lower() in self.reasons)
            and (not self.cluster or job.cluster == self.cluster)
        )


def filter_of(kinds: Sequence[str], states: Sequence[str], reasons: Sequence[str], cluster: str) -> Filter:
    """As typed; lists may also be separated by commas. Raises CommandError for a kind or a state that is none."""
    named = tuple(dict.fromkeys(kind_named(word) for word in _words(kinds)))
    return Filter(
        named or JOB_KINDS,
        frozenset(_state(word) for word in _words(states)),
        frozenset(word.lower() for word in _words(reasons)),
        cluster,
    )


def _words(given: Sequence[str]) -> list[str]:
    return [word for text in given for word in text.split(",") if word]


def _state(word: str) -> State:
    for state in State:
        if state.lower() == word.lower():
            return state
    raise CommandError(f"there is no state {word!r}; the states are {', '.join(State)}")


async def list_jobs(where: Where, wanted: Filter, form: Form, screen: Screen, errors: Screen) -> ExitCode:
    async with Cluster.open(where) as cluster:
        read = await cluster.jobs(wanted.kinds)
        jobs = in_order(job for job in read.jobs if wanted.takes(job))
        show(jobs, form, screen, cluster)
    for sentence in read.unread:
        errors.say(f"kubectl zilliz: {sentence}")
    if not jobs and form in (Form.TABLE, Form.WIDE):
        place = f"in namespace {cluster.namespace}" if cluster.namespace else "in any namespace"
        which = " of this description" if wanted != Filter() else ""
        errors.say(f"There are no jobs{which} {place}.")
    return ExitCode.CANNOT if read.unread else ExitCode.DONE


def show(jobs: Sequence[JobView], form: Form, screen: Screen, cluster: Cluster) -> None:
    match form:
        case Form.JSON | Form.YAML:
            screen.document(as_list(jobs), form)
        case Form.NAME:
            for job in jobs:
                screen.raw(job.full_name)
        case Form.TABLE | Form.WIDE if jobs:
            everywhere = cluster.namespace is None
            columns, rows = table(jobs, screen, cluster.now(), wide=form is Form.WIDE, everywhere=everywhere)
            screen.table(columns, rows)


def as_list(jobs: Iterable[JobView]) -> Body:
    """As kubectl writes several objects."""
    return {
        "apiVersion": "v1",
        "items": [job.body for job in jobs],
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def in_order(jobs: Iterable[JobView]) -> list[JobView]:
    """The newest first."""
    alike = sorted(jobs, key=lambda job: (job.namespace, job.resource.kind, job.name))
    return sorted(alike, key=lambda job: job.created or LONG_AGO, reverse=True)


def table(jobs: Iterable[JobView], screen: Screen, now: datetime, *, wide: bool = False, everywhere: bool) -> Table:
    columns = ((NAMESPACE,) if everywhere else ()) + COLUMNS + (MORE if wide else ())
    return columns, [row(job, screen, now, wide=wide, everywhere=everywhere) for job in jobs]


def row(job: JobView, screen: Screen, now: datetime, *, wide: bool, everywhere: bool) -> list[Cell]:
    cells: list[Cell] = [job.namespace] if everywhere else []
    cells += [
        job.reference,
        screen.state(job.state),
        screen.state(job.reason, job.state) if job.reason else "",
        screen.progress(job.progress, job.state),
        job.text("target"),
        age(job.time("startTime"), now),
        age(job.created, now),
    ]
    if wide:
        cells += [age(job.time("completionTime"), now), job.text("jobId"), job.connection, job.cluster]
        cells.append(job.text("message"))
    return cells


# -- watching


async def watch_jobs(where: Where, wanted: Filter, form: Form, screen: Screen) -> ExitCode:
    """A table that keeps itself up to date; in a pipe, a line for each change. It never ends by itself."""
    if form not in (Form.TABLE, Form.WIDE):
        raise CommandError(f"--watch shows a table; it does not go with -o {form}")
    async with Cluster.open(where) as cluster:
        watched = [Watched(kind.resource, cluster.namespace) for kind in wanted.kinds]
        async with Following(cluster, watched) as following:
            picture = Picture(following, wanted, screen, cluster, wide=form is Form.WIDE)
            await (picture.live() if screen.terminal else picture.changes())
    return ExitCode.DONE


class Picture:
    """The table of what is followed."""

    def __init__(
        self, following: Following, wanted: Filter, screen: Screen, cluster: Cluster, *, wide: bool = False
    ) -> None:
        self._following, self._wanted, self._screen, self._cluster = following, wanted, screen, cluster
        self._wide, self._everywhere = wide, cluster.namespace is None

    def jobs(self) -> list[JobView]:
        kinds = {kind.resource.kind: kind for kind in self._wanted.kinds}
        every = (JobView(kinds[key.kind], body) for key, body in self._following.objects.items())
        return in_order(job for job in every if self._wanted.takes(job))

    def table(self, jobs: Iterable[JobView]) -> Table:
        return table(jobs, self._screen, self._cluster.now(), wide=self._wide, everywhere=self._everywhere)

    def frame(self) -> Text:
        """What fits on the screen, and how many jobs that leaves out."""
        lines = self._screen.lines(self.table(self.jobs()))
        room = max(2, self._screen.height - 2)
        if len(lines) > room:
            lines = [*lines[: room - 1], Text(f"… and {len(lines) - room + 1} more", style="dim")]
        if self._following.interrupted:
            lines.append(Text(f"(not up to date: {self._following.interrupted})", style="yellow"))
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    async def live(self) -> None:
        with Live(console=self._screen.console, auto_refresh=False, transient=False) as live:
            while True:
                await self._following.news(1.0)  # ages go on in any case
                if self._following.complete:
                    live.update(self.frame(), refresh=True)

    async def changes(self) -> None:
        """The whole table first, then the rows that changed; the widths stay as they were."""
        known: dict[Key, list[str]] = {}
        first = True
        while True:
            await self._following.news()
            if not self._following.complete:
                continue
            jobs = {Key(job.resource.kind, job.namespace, job.name): job for job in self.jobs()}
            columns, _ = self.table([])
            texts = {key: self._texts(job) for key, job in jobs.items()}
            news = [job for key, job in jobs.items() if known.get(key) != texts[key]]
            for line in self._screen.lines((columns, self.table(news)[1]), title=first):
                self._screen.say(line)
            self._screen.console.file.flush()
            known, first = texts, False

    def _texts(self, job: JobView) -> list[str]:
        """What of a row is news; that time goes by is none."""
        return [job.state, job.reason, str(job.progress), job.text("target"), job.text("jobId"), job.text("message")]
