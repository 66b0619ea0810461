"""`kubectl zilliz show`: the page of a job or of a schedule, or the object in another form."""

from __future__ import annotations

from collections.abc import Iterator

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.arguments import Form, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.jobpage import Known, page
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import judged
from zilliz_jobs.cli.kubectl.kindnames import kind_of, reference
from zilliz_jobs.cli.kubectl.schedulepage import KnownSchedule, schedule_page
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.screen import Cell, Screen
from zilliz_jobs.control.objects import Body

SHOWN = (*JOB_RESOURCES, JOB_SCHEDULE)


async def show(where: Where, name: str, form: Form, screen: Screen) -> ExitCode:
    async with Cluster.open(where) as cluster:
        resource, body = await cluster.one_of(SHOWN, reference(name), "job or schedule")
        match form:
            case Form.JSON | Form.YAML:
                screen.document(body, form)
            case Form.NAME:
                screen.raw(f"{resource.singular}.{GROUP}/{body['metadata']['name']}")
            case Form.TABLE | Form.WIDE:
                for line in await _page(cluster, resource, body, screen):
                    screen.say(line)
    return ExitCode.DONE


async def _page(cluster: Cluster, resource: Resource, body: Body, screen: Screen) -> Iterator[Cell]:
    events = await cluster.events(body)
    if resource is JOB_SCHEDULE:
        return schedule_page(KnownSchedule(ScheduleView(body), events, cluster.now()), screen)
    job = JobView(kind_of(resource), body)
    connection, now = await cluster.connection(job), cluster.now()
    return page(Known(job, events, judged(job, connection, now), now), screen)
