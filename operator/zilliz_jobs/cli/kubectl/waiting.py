"""`kubectl zilliz wait`: until jobs have ended, or only a person can bring them further."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rich.live import Live
from rich.text import Text

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.kindnames import reference
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen
from zilliz_jobs.control.objects import Key, key_of
from zilliz_jobs.core.reasons import help_of

COLUMNS = (
    Column("JOB", least=24),
    Column("STATE"),
    Column("PROGRESS"),
    Column("REASON", least=18, dropped=2),
    Column("TARGET", least=14, dropped=1, keeps_end=True),
)
STEP_PERCENT = 10
"""In a pipe, progress is a line where it has come so much further."""


@dataclass(frozen=True)
class Waited:
    """A job as it was when the waiting began, and as it is now; None: it is gone, or another one of its name."""

    begun: JobView
    now: JobView | None

    @property
    def end(self) -> ExitCode | None:
        return ExitCode.CANNOT if self.now is None else self.now.end


async def wait_for(where: Where, names: Sequence[str], seconds: float | None, screen: Screen) -> ExitCode:
    """`seconds`: the longest wait; None for none."""
    async with Cluster.open(where) as cluster:
        jobs = [await cluster.job(reference(name)) for name in dict.fromkeys(names)]
        return await wait_until_ended(cluster, jobs, seconds, screen)


async def wait_until_ended(
    cluster: Cluster, jobs: Sequence[JobView], seconds: float | None, screen: Screen
) -> ExitCode:
    begun = {key_of(job.body): job for job in jobs}
    watched = [Watched(job.resource, job.namespace, job.name) for job in begun.values()]
    async with Following(cluster, watched) as following:
        waiting = Waiting(following, begun, screen)
        try:
            async with asyncio.timeout(seconds):
                await (waiting.with_bars() if screen.terminal else waiting.with_lines())
        except TimeoutError:
            open_jobs = [one.begun.reference for one in waiting.jobs() if one.end is None]
            waiting.tell_ends()
            screen.say(f"The time is over; not ended yet: {', '.join(open_jobs)}")
            return ExitCode.TIMED_OUT
        waiting.tell_ends()
        return max((one.end for one in waiting.jobs() if one.end is not None), default=ExitCode.DONE)


class Waiting:
    """`begun`: the jobs that are waited for."""

    def __init__(self, following: Following, begun: dict[Key, JobView], screen: Screen) -> None:
        self._following, self._begun, self._screen = following, begun, screen
        self._told: dict[Key, tuple[str, ...]] = {}

    def jobs(self) -> list[Waited]:
        return [Waited(job, self._now(key, job)) for key, job in self._begun.items()]

    @property
    def over(self) -> bool:
        return self._following.complete and all(one.end is not None for one in self.jobs())

    async def with_bars(self) -> None:
        with Live(console=self._screen.console, auto_refresh=False) as live:
            while True:
                await self._following.news(1.0)
                live.update(self._picture(), refresh=True)
                if self.over:
                    return

    async def with_lines(self) -> None:
        while not self.over:
            await self._following.news()
            if self._following.complete:
                self._tell_changes()

    def tell_ends(self) -> None:
        """Why a job did not end well, and what to do."""
        for one in self.jobs():
            if one.now is None:
                self._screen.say(f"{one.begun.reference} is gone: the object was deleted; its end cannot be told")
            elif one.end in (ExitCode.FAILED, ExitCode.NEEDS_A_PERSON):
                job = one.now
                words = [job.reason or job.state, job.text("message"), help_of(job.reason) if job.reason else ""]
                self._screen.say(f"{job.reference}: {' - '.join(filter(None, words))}")
                self._screen.say(f"  kubectl zilliz show {job.reference} -n {job.namespace}")

    def _now(self, key: Key, begun: JobView) -> JobView | None:
        if not self._following.complete:
            return begun
        body = self._following.objects.get(key)
        now = JobView(begun.kind, body) if body is not None else None
        return now if now is not None and now.uid == begun.uid else None

    def _picture(self) -> Text:
        lines = self._screen.lines((COLUMNS, [self._row(one) for one in self.jobs()]))
        if self._following.interrupted:
            lines.append(Text(f"(not up to date: {self._following.interrupted})", style="yellow"))
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _row(self, one: Waited) -> list[Cell]:
        job = one.now
        if job is None:
            return [one.begun.reference, self._screen.state("gone", "Failed"), "", "", ""]
        state, bar = self._screen.state(job.state), self._screen.progress(job.progress, job.state)
        return [
            job.reference,
            state,
            bar,
            self._screen.state(job.reason, job.state) if job.reason else "",
            job.text("target"),
        ]

    def _tell_changes(self) -> None:
        for key, job in self._begun.items():
            now = self._now(key, job)
            if now is None:
                continue
            progress = now.progress
            step = "" if progress is None else str(progress // STEP_PERCENT)
            news = (now.state, now.reason, step)
            if self._told.get(key) != news:
                self._told[key] = news
                figure = "" if progress is None else f"{progress}%"
                self._screen.say(" ".join(filter(None, (now.reference, now.state or "-", now.reason, figure))))
        self._screen.console.file.flush()
