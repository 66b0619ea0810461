"""`kubectl zilliz cancel, retry, suspend, resume, resolve`: one line for each job that is asked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Sequence
from typing import Protocol

import typer

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.asking import Answer, Target, ask, fresh_token, set_suspend
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.joblist import filter_of, in_order
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import judged, token_of_open
from zilliz_jobs.cli.kubectl.kindnames import is_named, reference
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.control.objects import status_of
from zilliz_jobs.core.read_status import RecordError

AT_ONCE = 10
SUSPENDED = (*JOB_RESOURCES, JOB_SCHEDULE)
"""What has `spec.suspend`."""


class Deed(Protocol):
    """What is done to each object."""

    def __call__(self, cluster: Cluster, target: Target, /) -> Awaitable[Answer]: ...


async def request(
    where: Where, names: Sequence[str], field: str, seconds: float, *, yes: bool, screen: Screen
) -> ExitCode:
    """`field`: cancel or retry."""
    if not names:
        raise CommandError(f"name the jobs to {field}: KIND/NAME, importjob/films for example")
    async with Cluster.open(where) as cluster:
        targets = [await _target(cluster, name) for name in dict.fromkeys(names)]
        return await _each(cluster, targets, _Request(field, seconds), field, yes=yes, screen=screen)


async def retry_failed(where: Where, kinds: Sequence[str], seconds: float, *, yes: bool, screen: Screen) -> ExitCode:
    """All failed jobs whose rules allow a retry; the others are named."""
    wanted = filter_of(kinds, [State.FAILED], [], "")
    async with Cluster.open(where) as cluster:
        read = await cluster.jobs(wanted.kinds)
        if read.unread:
            raise CommandError("; ".join(read.unread))
        failed = in_order(job for job in read.jobs if wanted.takes(job))
        targets = []
        for job in failed:
            rules = judged(job, await cluster.connection(job), cluster.now())
            if rules is not None and rules.may_retry:
                targets.append(Target(job.resource, job.body))
            else:
                why = f"{rules.retry[1]}: {rules.retry[2]}" if rules else "its record cannot be read"
                screen.say(f"{_named(Target(job.resource, job.body), cluster)}: left out ({why})")
        if not targets:
            screen.say("There is no failed job that can be retried.")
            return ExitCode.DONE
        return await _each(cluster, targets, _Request("retry", seconds), "retry", yes=yes, screen=screen)


async def suspend(
    where: Where, names: Sequence[str], wanted: bool, seconds: float, *, yes: bool, screen: Screen
) -> ExitCode:
    """`wanted`: the value of `spec.suspend`."""
    word = "suspend" if wanted else "resume"
    async with Cluster.open(where) as cluster:
        every = dict.fromkeys(names)
        targets = [Target(*await cluster.one_of(SUSPENDED, reference(name), "job or schedule")) for name in every]
        return await _each(cluster, targets, _Suspension(wanted, seconds), word, yes=yes, screen=screen)


async def resolve(where: Where, name: str, decision: str, seconds: float, screen: Screen) -> ExitCode:
    """`decision`: as the annotation has it behind the token: adopt:ID, resubmit or abandon."""
    async with Cluster.open(where) as cluster:
        job = await cluster.job(reference(name))
        token = _open_submission(job)
        answer = await ask(cluster, Target(job.resource, job.body), "resolution", f"{token}={decision}", seconds)
        tell(answer, cluster, screen, "resolve")
        return answer.code


def _open_submission(job: JobView) -> str:
    try:
        token = token_of_open(job)
    except RecordError as error:
        raise CommandError(f"the record of {job.reference} cannot be read: {error}") from error
    if not token:
        state = status_of(job.body).state
        raise CommandError(
            f"{job.reference} has no submission to decide: it is {state or 'not submitted'}", ExitCode.FAILED
        )
    return token


class _Request:
    def __init__(self, field: str, seconds: float) -> None:
        self._field, self._seconds = field, seconds

    async def __call__(self, cluster: Cluster, target: Target) -> Answer:
        return await ask(cluster, target, self._field, fresh_token(cluster.now()), self._seconds)


class _Suspension:
    def __init__(self, wanted: bool, seconds: float) -> None:
        self._wanted, self._seconds = wanted, seconds

    async def __call__(self, cluster: Cluster, target: Target) -> Answer:
        return await set_suspend(cluster, target, self._wanted, self._seconds)


async def _target(cluster: Cluster, name: str) -> Target:
    named = reference(name)
    if named.word and is_named(PROJECT_JOB, named.word):
        return Target(PROJECT_JOB, await cluster.get(PROJECT_JOB, named.name))
    job = await cluster.job(named)
    return Target(job.resource, job.body)


async def _each(
    cluster: Cluster, targets: Sequence[Target], deed: Deed, word: str, *, yes: bool, screen: Screen
) -> ExitCode:
    """All at once, ten at a time; a line for each as it is answered."""
    if len(targets) > 1 and not yes:
        confirm(cluster, targets, word, screen)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(target: Target) -> ExitCode:
        async with room:
            answer = await deed(cluster, target)
        tell(answer, cluster, screen, word)
        return answer.code

    return max(await asyncio.gather(*(one(target) for target in targets)))


def confirm(cluster: Cluster, targets: Sequence[Target], word: str, screen: Screen) -> None:
    """Ask before several objects are changed. Raises CommandError where the answer is no, or nobody can be asked."""
    for target in targets:
        screen.say(f"{_named(target, cluster)}  {(target.body.get('status') or {}).get('state') or '-'}")
    schedules = {target.resource.kind == JOB_SCHEDULE.kind for target in targets}
    noun = {frozenset({True}): "schedules", frozenset({False}): "jobs"}.get(frozenset(schedules), "objects")
    if not sys.stdin.isatty():
        raise CommandError(f"this would {word} {len(targets)} {noun}; say --yes if it should")
    if not typer.confirm(f"{word.capitalize()} these {len(targets)} {noun}?"):
        raise CommandError("nothing was done")


def tell(answer: Answer, cluster: Cluster, screen: Screen, word: str) -> None:
    told = f" ({answer.text})" if answer.text else ""
    screen.say(f"{_named(answer.target, cluster)}: {word} {answer.outcome}{told}")


def _named(target: Target, cluster: Cluster) -> str:
    return target.reference if cluster.namespace else f"{target.namespace} {target.reference}"
