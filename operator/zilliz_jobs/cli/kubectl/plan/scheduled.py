"""A JobSchedule of the file: when it would run, the jobs of its next run, and whether its backups meet those that the
cloud makes by itself. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import API_VERSION, format_time
from zilliz_jobs.api.parse import SpecError
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.kindnames import kind_named, kind_of
from zilliz_jobs.cli.kubectl.plan.reaching import connections_of, reach
from zilliz_jobs.cli.kubectl.plan.rehearsed import Rehearsed
from zilliz_jobs.cli.kubectl.wording import listed
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.rehearsal import Withheld
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound
from zilliz_jobs.schedules.automaticbackups import places_of
from zilliz_jobs.schedules.backupwindow import BackupWindow, warning, window_of
from zilliz_jobs.schedules.duetimes import DueTimes, InvalidScheduleError, parse
from zilliz_jobs.schedules.manifest import schedule_of
from zilliz_jobs.schedules.runs import child_spec, object_name, predecessors, scheduled_name
from zilliz_jobs.schedules.schedule import Schedule

SHOWN_TIMES = 3


@dataclass(frozen=True)
class Planned:
    """`jobs`: those of the next run that begin with it. The others need what these leave behind, and cannot be
    prepared before."""

    findings: list[Finding]
    jobs: list[JobView] = field(default_factory=list)


async def plan_schedule(cluster: Cluster, body: Body) -> Planned:
    """Raises CommandError where the API server gives no answer."""
    found: list[Finding] = []
    try:
        schedule = schedule_of({**body, "metadata": {"uid": "", **body["metadata"]}}, cluster.now())
        times = parse(schedule.expressions, schedule.time_zone)
    except (SpecError, InvalidScheduleError) as error:
        return Planned([Finding.problem(shown(str(error)))])
    namespace = body["metadata"]["namespace"]
    jobs, later = _next_run(schedule, times, namespace, cluster.now())
    try:
        found += await _object(cluster, body)
        found.append(_due(schedule, times, cluster))
        found += later
        found += await _automatic(cluster, schedule, times, namespace)
    except KubeError as error:
        raise cluster.problem(error, "get", [JOB_SCHEDULE], schedule.name) from error
    return Planned(found, jobs)


def _next_run(
    schedule: Schedule, times: DueTimes, namespace: str, now: datetime
) -> tuple[list[JobView], list[Finding]]:
    """The jobs that begin with it, as objects, and of each other one after which jobs it begins."""
    run = scheduled_name(times.next_due(now))
    jobs, later = list[JobView](), list[Finding]()
    for template in schedule.templates:
        if before := predecessors(template, schedule.templates):
            later.append(Finding.ok(f"{template.name} begins after {listed(before)}, and is prepared then"))
            continue
        name = object_name(schedule.name, run, template.name)
        spec = dict(child_spec(template, schedule.name, run, schedule.templates))
        meta = {"namespace": namespace, "name": name}
        body = {"apiVersion": API_VERSION, "kind": template.kind, "metadata": meta, "spec": spec}
        jobs.append(JobView(kind_named(template.kind), body))
    return jobs, later


async def _object(cluster: Cluster, body: Body) -> list[Finding]:
    me = f"jobschedule/{body['metadata']['name']}"
    try:
        await cluster.objects.get(JOB_SCHEDULE, body["metadata"]["namespace"], body["metadata"]["name"])
    except NotFound:
        pass
    except Forbidden:
        return [Finding.unchecked(f"whether {me} is there already", f"needs get on {JOB_SCHEDULE.crd_name}")]
    else:
        return [Finding.ok(f"{me} is there, and would be changed")]
    try:
        await cluster.objects.try_create(JOB_SCHEDULE, body)
    except Forbidden as error:
        needs = f"needs create on {JOB_SCHEDULE.crd_name}" if type(error) is Forbidden else str(error)
        return [Finding.unchecked("whether the API server takes the manifest", needs)]
    except KubeError as error:
        return [Finding.problem(f"refused by the API server: {shown(str(error))}")]
    return [Finding.ok("the API server takes the manifest")]


def _due(schedule: Schedule, times: DueTimes, cluster: Cluster) -> Finding:
    if schedule.suspend:
        return Finding.ok("it is suspended: no run begins by time")
    moments, after = [], cluster.now()
    for _ in range(SHOWN_TIMES):
        after = times.next_due(after)
        moments.append(format_time(after))
    return Finding.ok(f"it is due at {listed(moments)}")


async def _automatic(cluster: Cluster, schedule: Schedule, times: DueTimes, namespace: str) -> list[Finding]:
    """Of each cluster that it backs up."""
    found: list[Finding] = []
    accounts: dict[Key, Account | None] = {}
    withheld: list[Withheld] = []
    async with connections_of(cluster, withheld) as connections:
        for (key, cluster_id), entry in places_of(schedule, namespace).items():
            if key not in accounts:
                rehearsed = Rehearsed(backup_by(key, cluster_id))
                accounts[key] = (await reach(cluster, rehearsed, connections)).account
                found += rehearsed.findings
            account = accounts[key]
            if account is None:
                found.append(Finding.unchecked(f"automatic backups of cluster {cluster_id}", f"needs {key}"))
                continue
            try:
                window = window_of(await account.session.backups.policy(cluster_id))
            except CloudError as error:
                text = shown(error.message)
                found.append(Finding.unchecked(f"automatic backups of cluster {cluster_id}", text))
                continue
            found.append(_met(cluster_id, window, entry, times, cluster))
    return found


def _met(cluster_id: str, window: BackupWindow | None, entry: str, times: DueTimes, cluster: Cluster) -> Finding:
    if window is None:
        return Finding.ok(f"the cloud makes no backups of cluster {cluster_id} by itself")
    due = window.first_due_within(times, cluster.now())
    if due is None:
        return Finding.ok(f"the cloud backs up cluster {cluster_id} by itself {window}, when {entry} is not due")
    return Finding.ok(
        f"with a warning, AutomaticBackup: {warning(cluster_id, window, f'{entry} is due then, {format_time(due)}')}"
    )


def backup_by(key: Key, cluster_id: str) -> JobView:
    """A backup by this connection, for the checks of that."""
    meta = {"namespace": key.namespace, "name": "backup"}
    spec = {"clusterId": cluster_id, "connectionRef": {"name": key.name}}
    body = {"apiVersion": API_VERSION, "kind": BACKUP_JOB.kind, "metadata": meta, "spec": spec}
    return JobView(kind_of(BACKUP_JOB), body)


async def note_window(found: Rehearsed, account: Account, cluster_id: str, cluster: Cluster) -> None:
    """A warning where the cloud may be backing up the cluster by itself just now; nothing where that is not told."""
    try:
        window = window_of(await account.session.backups.policy(cluster_id))
    except CloudError:
        return
    if window is not None and window.at(cluster.now()):
        found.ok(f"with a warning, AutomaticBackup: {warning(cluster_id, window, 'that is now')}")
