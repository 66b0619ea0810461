"""`kubectl zilliz run`: asks schedules for a run, says what was made, and waits for its end where that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.cli.kubectl.arguments import ANSWER_TIME, Where, seconds_of
from zilliz_jobs.cli.kubectl.asking import Answer, Target, ask, fresh_token
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.jobview import request_in
from zilliz_jobs.cli.kubectl.kindnames import kind_named, reference
from zilliz_jobs.cli.kubectl.requests import confirm, tell
from zilliz_jobs.cli.kubectl.runwaiting import Begun, RunWaiting, is_made
from zilliz_jobs.cli.kubectl.schedulepage import reference_of
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.control.objects import key_of, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.schedules.record import Run
from zilliz_jobs.schedules.runs import requested_name

ANSWER_SECONDS = seconds_of(ANSWER_TIME) or 0.0


@dataclass(frozen=True)
class Asked:
    """One schedule, the token that it was given, and what it said to that. `begun`: the run, once it is written
    down."""

    target: Target
    token: str
    answer: Answer
    begun: Begun | None = None

    @property
    def run(self) -> str:
        return requested_name(self.token)

    @property
    def code(self) -> ExitCode:
        """Of the request alone."""
        run = self.begun.run if self.begun else None
        if run is None:
            return self.answer.code
        return ExitCode.FAILED if any(job.finished and not job.uid for job in run.jobs) else ExitCode.DONE


async def run_schedules(
    where: Where, names: Sequence[str], seconds: float | None, *, wait: bool, yes: bool, screen: Screen
) -> ExitCode:
    """`seconds`: the longest wait, for the answers, and with `wait` for the ends; None: half a minute for answers,
    and none for the ends."""
    async with Cluster.open(where) as cluster:
        targets = [
            Target(*await cluster.one_of((JOB_SCHEDULE,), reference(name), "schedule"))
            for name in dict.fromkeys(names)
        ]
        if len(targets) > 1 and not yes:
            confirm(cluster, targets, "run", screen)
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        for_answers = ANSWER_SECONDS if seconds is None else min(seconds, ANSWER_SECONDS) if wait else seconds
        asked = await asyncio.gather(*(_asked(cluster, target, for_answers) for target in targets))
        for one in asked:
            tell(one.answer, cluster, screen, "run")
        limit = until if wait else asyncio.get_running_loop().time() + for_answers
        made = [await _made(cluster, one, limit, wait=wait) for one in asked]
        for before, one in zip(asked, made, strict=True):
            if before.answer != one.answer:
                tell(one.answer, cluster, screen, "run")
            run = one.begun.run if one.begun else None
            for line in job_lines(run) if run else ():
                screen.say(f"  {line}")
        if not wait:
            return max(one.code for one in made)
        begun = [one.begun for one in made if one.begun is not None]
        ends = [one.code for one in made if one.begun is None]
        return max([*ends, await _until_ended(cluster, begun, until, screen)])


async def _asked(cluster: Cluster, target: Target, seconds: float) -> Asked:
    token = fresh_token(cluster.now())
    answer = await ask(cluster, target, "run", token, seconds)
    return Asked(target, token, answer)


async def _made(cluster: Cluster, one: Asked, until: float | None, *, wait: bool) -> Asked:
    """With the run, when each of its objects is made or never will be, or when the time is over. `wait`: also for the
    end of the run that is in its way."""
    waits = one.answer.outcome == Outcome.REQUESTED and wait
    if one.answer.outcome != Outcome.ACCEPTED and not waits:
        return one
    me = Watched(JOB_SCHEDULE, one.target.namespace, one.target.name)
    found = one
    async with Following(cluster, [me]) as following:
        try:
            async with asyncio.timeout_at(until):
                while True:
                    body = following.objects.get(key_of(one.target.body))
                    if following.complete:
                        found = _found(one, body)
                        run = found.begun.run if found.begun else None
                        if is_made(run) if run else found.answer.outcome not in (Outcome.ACCEPTED, Outcome.REQUESTED):
                            return found
                    await following.news()
        except TimeoutError:
            return found


def _found(one: Asked, body: dict[str, object] | None) -> Asked:
    """What the schedule says of the run by now. Pure."""
    if body is None:
        text = "the schedule was deleted meanwhile"
        return replace(one, answer=replace(one.answer, outcome="not made", text=text, code=ExitCode.CANNOT))
    begun = Begun(ScheduleView(body), one.run)
    if begun.run is not None:
        text = f"run {one.run}"
        return replace(one, begun=begun, answer=Answer(one.target, Outcome.ACCEPTED, text, ExitCode.DONE))
    request = request_in(raw_status(body), "run")
    if request is not None and request.token != one.token:
        text = "another request took its place"
        return replace(one, answer=replace(one.answer, outcome="not made", text=text, code=ExitCode.FAILED))
    if request is not None and request.outcome in (Outcome.REFUSED, Outcome.FAILED):
        text = shown(request.message or "")
        return replace(one, answer=replace(one.answer, outcome=request.outcome, text=text, code=ExitCode.FAILED))
    return one


def job_lines(run: Run) -> list[str]:
    """The objects of the run, each with what it follows, or why it is not made. Pure."""
    lines = []
    for job in run.jobs:
        why = shown(": ".join(filter(None, (job.reason, job.message))))
        if job.finished and not job.uid:
            told = f" not made ({why})"
        elif not job.uid:
            told = " not made yet"
        else:
            told = f" after {', '.join(job.after)}" if job.after else ""
        lines.append(f"{reference_of(job)}{told}")
    return lines


async def _until_ended(cluster: Cluster, runs: Sequence[Begun], until: float | None, screen: Screen) -> ExitCode:
    if not runs:
        return ExitCode.DONE
    schedules = [Watched(JOB_SCHEDULE, one.schedule.namespace, one.schedule.name) for one in runs]
    objects = [
        Watched(kind_named(job.kind).resource, one.schedule.namespace, job.name)
        for one in runs
        for job in (one.run.jobs if one.run else ())
        if job.uid
    ]
    async with Following(cluster, [*schedules, *objects]) as following:
        waiting = RunWaiting(following, runs, screen)
        try:
            async with asyncio.timeout_at(until):
                await (waiting.with_bars() if screen.terminal else waiting.with_lines())
        except TimeoutError:
            waiting.tell_ends()
            waiting.tell_runs()
            screen.say("The time is over.")
            return ExitCode.TIMED_OUT
        waiting.tell_ends()
        waiting.tell_runs()
        return waiting.code
