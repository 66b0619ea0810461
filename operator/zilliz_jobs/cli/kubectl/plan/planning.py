"""The jobs of a file, one after the other: what stands in the way of each, and the request that would go."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding, Verdict
from zilliz_jobs.cli.kubectl.doctor.round import finding_lines
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.plan.rehearsed import Rehearsed
from zilliz_jobs.cli.kubectl.plan.rehearsing import rehearse
from zilliz_jobs.cli.kubectl.plan.scheduled import plan_schedule
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.cli.kubectl.wording import counted
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kinds import JOB_KINDS


async def plan(where: Where, file: str, screen: Screen) -> ExitCode:
    """`file`: its name, or - for the standard input."""
    bodies = [body for body in manifests(file) if body.get("apiVersion") == API_VERSION]
    kinds = {kind.resource.kind: kind for kind in JOB_KINDS}
    wanted = [body for body in bodies if body.get("kind") in (*kinds, JOB_SCHEDULE.kind)]
    if not wanted:
        raise CommandError(f"there is no job and no schedule in {file}")
    found: list[Finding] = []
    async with Cluster.open(where) as cluster:
        for body in wanted:
            meta = {"namespace": cluster.home, **body["metadata"]}
            if body["kind"] == JOB_SCHEDULE.kind:
                screen.say(f"{JOB_SCHEDULE.kind} {meta['namespace']}/{meta['name']}")
                planned = await plan_schedule(cluster, {**body, "metadata": meta})
                found += planned.findings
                _tell(planned.findings, screen)
                screen.say()
                for job in planned.jobs:
                    found += await _plan_job(cluster, Rehearsed(job, begins_later=True), screen)
                continue
            job = JobView(kinds[body["kind"]], {**body, "metadata": meta})
            found += await _plan_job(cluster, Rehearsed(job), screen)
    left_out = len(bodies) - len(wanted)
    if left_out:
        screen.say(f"{counted(left_out, 'object')} of the file are no jobs and no schedules, and were not looked at.")
    verdicts = {finding.verdict for finding in found}
    if Verdict.PROBLEM in verdicts:
        return ExitCode.FAILED
    return ExitCode.NOT_CHECKED if Verdict.NOT_CHECKED in verdicts else ExitCode.DONE


def manifests(file: str) -> list[Body]:
    """Raises CommandError for what is no file, or no manifest."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        read = list(_objects(yaml.safe_load_all(text)))
    except (OSError, UnicodeError) as error:
        raise CommandError(f"cannot read {file}: {error}") from error
    except yaml.YAMLError as error:
        raise CommandError(f"{file} is no YAML: {error}") from error
    for body in read:
        meta = body.get("metadata")
        if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
            raise CommandError(f"{file} has an object without metadata.name")
    return read


def _objects(documents: Iterator[Any]) -> Iterator[Body]:
    for document in documents:
        if isinstance(document, dict) and isinstance(document.get("items"), list):
            yield from _objects(iter(document["items"]))
        elif isinstance(document, dict):
            yield document


async def _plan_job(cluster: Cluster, rehearsed: Rehearsed, screen: Screen) -> list[Finding]:
    job = rehearsed.job
    screen.say(f"{job.resource.kind} {job.namespace}/{job.name}")
    try:
        parse_spec(job.resource, job.body)
    except SpecError as error:
        rehearsed.findings.append(Finding.problem(str(error)))
    else:
        await rehearse(cluster, rehearsed)
    _tell(rehearsed.findings, screen)
    _tell_request(rehearsed, screen)
    return rehearsed.findings


def _tell(findings: Sequence[Finding], screen: Screen) -> None:
    for finding in findings:
        for line in finding_lines(finding, screen):
            screen.say(line)


def _tell_request(rehearsed: Rehearsed, screen: Screen) -> None:
    for request in rehearsed.requests:
        screen.say("The request, of which nothing was sent:")
        screen.say(f"  {request.method} {request.url}")
        for text in _body(request.body):
            screen.say(f"  {text}")
    screen.say()


def _body(body: object) -> Sequence[str]:
    return [] if body is None else json.dumps(body, indent=2, ensure_ascii=True).splitlines()
