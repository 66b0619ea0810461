"""The connections of the namespace, and whether an operator takes note of what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.objectview import objects_in
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.wording import counted
from zilliz_jobs.control.objects import CANCEL, RETRY, Body, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import Reason, help_of
from zilliz_jobs.core.requests import MAX_TOKEN, is_new
from zilliz_jobs.core.shortening import first_of, shortened
from zilliz_jobs.kube.errors import Forbidden, NotServed
from zilliz_jobs.schedules.manifest import RUN_REQUESTED

SEEN_WITHIN = timedelta(seconds=60)


async def check_connections(cluster: Cluster) -> list[Finding]:
    """Raises KubeError where the server gives no answer."""
    try:
        found = [body async for body in cluster.objects.list_all(ZILLIZ_CONNECTION, cluster.namespace)]
    except Forbidden:
        return [Finding.unchecked("the connections", f"needs list on {ZILLIZ_CONNECTION.crd_name}")]
    except NotServed:
        return []
    if not found:
        place = f"in namespace {cluster.namespace}" if cluster.namespace else "in any namespace"
        return [Finding.problem(f"there is no ZillizConnection {place}; create one, with the Secret of an API key")]
    return [connection(body) for body in found]


def connection(body: Body) -> Finding:
    """Whether jobs can go by this ZillizConnection, and whether they are submitted. Pure."""
    meta, status = body["metadata"], raw_status(body)
    me = f"ZillizConnection {meta['namespace']}/{meta['name']}"
    ready = next((row for row in objects_in(status.get("conditions")) if row.get("type") == "Ready"), None)
    spec = body["spec"] if isinstance(body.get("spec"), dict) else {}
    if ready is None or status.get("observedGeneration") != meta.get("generation"):
        return Finding.problem(f"{me}: no operator has checked it as it is now")
    reason, message = shown(str(ready.get("reason") or "")), shown(str(ready.get("message") or ""))
    if ready.get("status") != "True":
        return Finding.problem(f"{me}: {reason}: {message}. {help_of(reason)}")
    if spec.get("suspend") is True:
        return Finding.problem(f"{me} is suspended: its jobs are not submitted; set spec.suspend to false")
    held = "; new jobs are held, since firstSubmission is Hold" if spec.get("firstSubmission") == "Hold" else ""
    return Finding.ok(f"{me} is ready: {shown(str(status.get('endpoint') or ''))} accepts its key{held}")


async def check_attention(cluster: Cluster) -> list[Finding]:
    """Objects that no operator has taken note of: what a dead watch, or a missing operator, leaves behind. Raises
    CommandError where no job can be read."""
    read = await cluster.jobs()
    unread = [Finding.unchecked("some kinds", text) for text in read.unread]
    return [*unread, *attention(read.jobs, cluster.now()), *set_back(read.jobs)]


def set_back(jobs: Sequence[JobView]) -> list[Finding]:
    """Objects that tell less than they did once: etcd was restored, or somebody edited their status. Pure."""
    behind = [job for job in jobs if _is_set_back(job)]
    if not behind:
        return []
    names = first_of([f"{job.namespace}/{job.reference}" for job in behind])
    return [
        Finding.problem(
            f"the status of {counted(len(behind), 'job')} tells less than it did once, so nothing is done for it: "
            f"{names}. If etcd was restored, others may look as if they had never been submitted: stop the operator, "
            "set firstSubmission: Hold at every ZillizConnection, start the operator, and look through what is held"
        )
    ]


def attention(jobs: Sequence[JobView], now: datetime) -> list[Finding]:
    """Whether an operator has taken note of these jobs as they are now. Pure."""
    unseen = [job for job in jobs if _is_unseen(job)]
    late = [job for job in unseen if job.created is None or now - job.created > SEEN_WITHIN]
    if late:
        names = first_of([f"{job.namespace}/{job.reference}" for job in late])
        text = f"no operator has taken note of {counted(len(late), 'job')} for a minute: {names}"
        return [Finding.problem(f"{text}; see whether it runs and watches this namespace, and its log")]
    if len(unseen) == len(jobs):
        return [Finding.unchecked("whether an operator takes note of jobs", "there is none older than a minute")]
    young = f"; {counted(len(unseen), 'more job')} too young to tell" if unseen else ""
    seen = counted(len(jobs) - len(unseen), "job")
    return [Finding.ok(f"an operator has taken note of {seen}, as Kubernetes has them now{young}")]


def _is_set_back(job: JobView) -> bool:
    return any(row.get("reason") == Reason.RECORD_UNREADABLE for row in job.rows("conditions"))


async def check_schedules(cluster: Cluster) -> list[Finding]:
    """Whether an operator works by the schedules. Raises CommandError where they cannot be read."""
    return schedules_said([ScheduleView(body) for body in await cluster.schedules()], cluster.now())


def schedules_said(schedules: Sequence[ScheduleView], now: datetime) -> list[Finding]:
    """What is wrong with each, or that nothing is; none where there is no schedule. Pure."""
    found = []
    for one in schedules:
        me, ready = f"JobSchedule {one.namespace}/{one.name}", one.condition("Ready")
        if _is_late(one, now):
            found.append(Finding.problem(f"{me}: no operator has taken note of it, or of its request, for a minute"))
        elif ready.get("status") == "False":
            found.append(Finding.problem(f"{me}: {one.state}: {shown(str(ready.get('message') or ''))}"))
    if found or not schedules:
        return found
    return [Finding.ok(f"{counted(len(schedules), 'schedule')} can make runs")]


def _is_late(schedule: ScheduleView, now: datetime) -> bool:
    """Neither its spec nor its request is answered, and it is no new object."""
    meta, status = schedule.body["metadata"], schedule.status
    token = (meta.get("annotations") or {}).get(RUN_REQUESTED)
    seen = status.observed_generation == meta.get("generation")
    answered = not token or (status.run is not None and status.run.token == shortened(str(token), MAX_TOKEN))
    young = schedule.created is not None and now - schedule.created <= SEEN_WITHIN
    return not (seen and answered) and not young


def _is_unseen(job: JobView) -> bool:
    """Neither its spec nor its requests are answered."""
    annotations = job.body["metadata"].get("annotations") or {}
    asked = ((CANCEL, "cancel"), (RETRY, "retry"))
    seen = job.status.get("observedGeneration") == job.body["metadata"].get("generation")
    return not seen or any(is_new(annotations.get(mark), job.request(name)) for mark, name in asked)
