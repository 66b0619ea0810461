"""Waiting for runs of schedules: until all their jobs are made, and until they have ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import API_VERSION, format_time
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.following import Following
from zilliz_jobs.cli.kubectl.jobview import ENDS, JobView
from zilliz_jobs.cli.kubectl.kindnames import kind_named
from zilliz_jobs.cli.kubectl.schedulepage import STATES
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.cli.kubectl.waiting import Waiting
from zilliz_jobs.control.objects import Key, key_of
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Run, RunJob, RunState


@dataclass(frozen=True)
class Begun:
    """A run that was asked for and is written down, by its name. `schedule`: as it was then."""

    schedule: ScheduleView
    name: str

    @property
    def run(self) -> Run | None:
        return self.schedule.record.run(self.name)

    def now(self, following: Following) -> Begun | None:
        """As it is at the moment; None where the schedule is gone."""
        body = following.objects.get(key_of(self.schedule.body))
        return None if body is None else Begun(ScheduleView(body), self.name)


def is_made(run: Run) -> bool:
    """Whether each of its objects is made, or never will be."""
    return all(job.uid or job.finished for job in run.jobs)


def job_of(job: RunJob, namespace: str, ended: datetime | None = None) -> JobView:
    """The object as its run's record has it, for the time before it was read and after it was removed."""
    kind = kind_named(job.kind)
    told: dict[str, object] = {"reason": job.reason or None, "message": job.message or None}
    status = told | {"state": job.state} if job.state is not None else {}
    if job.finished and ended is not None:
        status["completionTime"] = format_time(ended)
    meta = {"name": job.name, "namespace": namespace, "uid": job.uid}
    return JobView(kind, {"apiVersion": API_VERSION, "kind": job.kind, "metadata": meta, "status": status})


def end_of(run: Run) -> ExitCode | None:
    """The exit code of its end; None while it is active. A job that was cancelled only because another one failed
    does not count."""
    match run.state:
        case RunState.ACTIVE:
            return None
        case RunState.SUCCESSFUL:
            return ExitCode.DONE
        case RunState.FAILED:
            follows = ScheduleReason.RUN_FAILED
            own = [
                job for job in run.jobs if not (job.state is State.CANCELED and job.reason == follows and job.after)
            ]
            codes = [ENDS[job.state] for job in own if job.state in ENDS]
            return max([code for code in codes if code is not ExitCode.DONE], default=ExitCode.FAILED)


class RunWaiting(Waiting):
    """`following` watches the schedules, and the objects of the runs that are made."""

    def __init__(self, following: Following, runs: Sequence[Begun], screen: Screen) -> None:
        jobs = [
            job_of(job, one.schedule.namespace)
            for one in runs
            for job in (one.run.jobs if one.run else ())
            if job.uid
        ]
        super().__init__(following, {key_of(job.body): job for job in jobs}, screen)
        self._runs = tuple(runs)

    @property
    def over(self) -> bool:
        return self._following.complete and all(self._end(one) is not None for one in self._runs)

    @property
    def code(self) -> ExitCode:
        ends = [ExitCode.TIMED_OUT if (end := self._end(one)) is None else end for one in self._runs]
        return max(ends, default=ExitCode.DONE)

    def tell_runs(self) -> None:
        """How each has ended, after its jobs."""
        for one in self._runs:
            now = one.now(self._following)
            run = now.run if now else None
            if run is None:
                text = "is told no more by its schedule" if now else "cannot be told: its schedule was deleted"
                self._screen.say(f"{one.schedule.reference}: run {one.name} {text}")
                continue
            why = shown(": ".join(filter(None, (run.reason, run.message))))
            state = self._screen.state(run.state, STATES[run.state])
            told = f" ({why})" if why else ""
            self._screen.say(f"{one.schedule.reference}: run {one.name} {state.plain}{told}")

    def _end(self, one: Begun) -> ExitCode | None:
        now = one.now(self._following)
        if now is None or now.run is None:
            return ExitCode.CANNOT
        end = end_of(now.run)
        return end if end is not None else self._needs_a_person(now.run, one.schedule.namespace)

    def _needs_a_person(self, run: Run, namespace: str) -> ExitCode | None:
        """Where nothing of the run goes on but what waits for a person, and what follows that."""
        going = [job for job in run.jobs if not job.finished]
        views = {job.entry: self._view(job, namespace) for job in going}
        held = {entry for entry, view in views.items() if view.end is ExitCode.NEEDS_A_PERSON}
        rest = [job for job in going if job.entry not in held]
        return ExitCode.NEEDS_A_PERSON if held and all(_follows(job, held, run.jobs) for job in rest) else None

    def _view(self, job: RunJob, namespace: str) -> JobView:
        body = self._following.objects.get(Key(job.kind, namespace, job.name))
        recorded = job_of(job, namespace)
        return recorded if body is None else JobView(recorded.kind, body)

    def _now(self, key: Key, begun: JobView) -> JobView | None:
        """What is removed at the end of its run is told as the run has it."""
        seen = super()._now(key, begun)
        if seen is not None:
            return seen
        for one in self._runs:
            now = one.now(self._following)
            run = now.run if now else None
            for job in run.jobs if run else ():
                if job.uid == begun.uid and job.finished and run is not None:
                    return job_of(job, begun.namespace, run.completed or run.started)
        return None


def _follows(job: RunJob, held: Iterable[str], jobs: Sequence[RunJob]) -> bool:
    """Whether it waits for one of these, or for one that does."""
    waits = set(held)
    for one in jobs:  # in the order in which they are made: each after those that it follows
        if waits & set(one.after):
            waits.add(one.entry)
    return job.entry in waits
