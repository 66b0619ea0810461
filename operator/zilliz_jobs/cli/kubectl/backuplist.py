"""`kubectl zilliz backups`: the manual backups in the cloud, who made each and which schedule keeps it. Only reads.

The cloud is asked with the keys of the connections, which the person must be allowed to read, as for `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.arguments import Form, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding, Verdict
from zilliz_jobs.cli.kubectl.doctor.round import finding_lines
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.kindnames import kind_of
from zilliz_jobs.cli.kubectl.objectview import objects_in
from zilliz_jobs.cli.kubectl.plan.reaching import connections_of, reach
from zilliz_jobs.cli.kubectl.plan.rehearsed import Rehearsed
from zilliz_jobs.cli.kubectl.plan.scheduled import backup_by
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen, Table
from zilliz_jobs.cli.kubectl.wording import counted
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.rehearsal import Withheld
from zilliz_jobs.control.objects import Body, key_of, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.kube.errors import KubeError

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    Column("BACKUP-ID"),
    Column("NAME", least=10, dropped=2),
    Column("CLUSTER", least=12, keeps_end=True),
    Column("STATUS", dropped=3),
    Column("SIZE"),
    Column("AGE"),
    Column("MADE-BY", least=16, dropped=4),
    Column("KEPT-BY", least=20),
    Column("CONNECTION", dropped=1),
)


@dataclass(frozen=True)
class Owners:
    """What the objects say of backups, by the backup's id: the BackupJob that made it, the schedule that keeps it."""

    makers: Mapping[str, str]
    keepers: Mapping[str, str]

    def knows(self, backup_id: str) -> bool:
        return backup_id in self.makers or backup_id in self.keepers


@dataclass(frozen=True)
class Listed:
    """A backup, and the connection through which it was seen."""

    backup: Backup
    connection: str


async def list_backups(
    where: Where, of_cluster: str, form: Form, screen: Screen, errors: Screen, *, orphaned: bool
) -> ExitCode:
    """`of_cluster`: its id; "" for all. `orphaned`: those alone of which no object knows. `errors`: where to say what
    could not be asked, if programs read the list."""
    async with Cluster.open(where) as cluster:
        owners = await _owners(cluster)
        backups, problems = await _listed(cluster)
        shown_ones = [
            one
            for one in backups
            if of_cluster in ("", one.backup.cluster_id) and not (orphaned and owners.knows(one.backup.backup_id))
        ]
        newest = newest_first(shown_ones)
        told = screen
        match form:
            case Form.TABLE | Form.WIDE:
                screen.table(*backup_table(newest, owners, cluster.now()))
                screen.say(_summary(newest, cluster, orphaned=orphaned))
            case Form.NAME:
                for one in newest:
                    screen.raw(shown(one.backup.backup_id))
                told = errors
            case Form.JSON | Form.YAML:
                screen.document({"backups": [row_of(one, owners) for one in newest]}, form)
                told = errors
        for finding in problems:
            for line in finding_lines(finding, told):
                told.say(line)
    if any(finding.verdict is Verdict.PROBLEM for finding in problems):
        return ExitCode.FAILED
    return ExitCode.NOT_CHECKED if problems else ExitCode.DONE


def owners_of(jobs: Iterable[Body], schedules: Iterable[Body]) -> Owners:
    """Pure, and lenient: people can edit every part of an object."""
    makers, keepers = {}, {}
    for body in jobs:
        result = raw_status(body).get("result")
        backup_id = result.get("backupId") if isinstance(result, dict) else None
        if isinstance(backup_id, str):
            makers[backup_id] = f"{BACKUP_JOB.singular}/{body['metadata']['name']}"
    for body in schedules:
        for row in objects_in(raw_status(body).get("backups")):
            if isinstance(backup_id := row.get("backupId"), str):
                deleting = " (deleting)" if row.get("state") == "Deleting" else ""
                keepers[backup_id] = f"jobschedule/{body['metadata']['name']}{deleting}"
    return Owners(makers, keepers)


def newest_first(backups: Iterable[Listed]) -> list[Listed]:
    return sorted(backups, key=lambda one: one.backup.create_time or LONG_AGO, reverse=True)


def row_of(one: Listed, owners: Owners) -> Body:
    """A backup as programs read it. What is not known is left out; `sizeBytes`: in bytes."""
    backup = one.backup
    row: Body = {
        "backupId": backup.backup_id,
        "backupName": backup.backup_name,
        "clusterId": backup.cluster_id,
        "status": backup.status,
        "sizeBytes": backup.size,
        "createTime": format_time(backup.create_time) if backup.create_time else None,
        "madeBy": owners.makers.get(backup.backup_id),
        "keptBy": owners.keepers.get(backup.backup_id),
        "connection": one.connection,
    }
    return {
        name: shown(value) if isinstance(value, str) else value
        for name, value in row.items()
        if value not in (None, "")
    }


def backup_table(backups: Sequence[Listed], owners: Owners, now: datetime) -> Table:
    rows: list[list[Cell]] = [
        [
            shown(one.backup.backup_id),
            shown(one.backup.backup_name),
            shown(one.backup.cluster_id),
            shown(one.backup.status),
            size(one.backup.size),
            age(one.backup.create_time, now),
            owners.makers.get(one.backup.backup_id, "-"),
            owners.keepers.get(one.backup.backup_id, "-"),
            one.connection,
        ]
        for one in backups
    ]
    return COLUMNS, rows


def size(count: int | None) -> str:
    """Bytes as people read them: 1.5 GB; "" where that is not told."""
    if count is None:
        return ""
    number, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def is_manual(backup: Backup) -> bool:
    """One that is there and was not made by the cloud's own policy; also where the cloud does not tell, as a backup
    that is not shown is one that nobody cleans up."""
    return backup.creation_method.upper() != "AUTO" and backup.status.upper() != "DELETED"


async def _owners(cluster: Cluster) -> Owners:
    """Raises CommandError where the objects cannot be read: then no backup could be called orphaned."""
    read = await cluster.jobs([kind_of(BACKUP_JOB)])
    return owners_of([job.body for job in read.jobs], await cluster.schedules())


async def _listed(cluster: Cluster) -> tuple[list[Listed], list[Finding]]:
    """All manual backups that the connections see, each once; and what could not be asked."""
    try:
        bodies = [body async for body in cluster.objects.list_all(ZILLIZ_CONNECTION, cluster.namespace)]
    except KubeError as error:
        raise cluster.problem(error, "list", [ZILLIZ_CONNECTION]) from error
    if not bodies:
        raise CommandError("there is no ZillizConnection, so no cloud to ask; see: kubectl get zcon -A")
    found: dict[str, Listed] = {}
    problems: list[Finding] = []
    withheld: list[Withheld] = []
    async with connections_of(cluster, withheld) as connections:
        for body in bodies:
            key = key_of({**body, "kind": ZILLIZ_CONNECTION.kind})
            rehearsed = Rehearsed(backup_by(key, ""))
            reached = await reach(cluster, rehearsed, connections)
            problems += [one for one in rehearsed.findings if one.verdict is not Verdict.OK]
            if reached.account is None:
                if not rehearsed.findings:
                    why = reached.link.problem.message if reached.link.problem else "it cannot be used"
                    problems.append(Finding.problem(shown(why)))
                continue
            session, project = reached.account.session, reached.account.project_id or None
            try:
                rows = await session.backups.list(project_id=project, creation_method="MANUAL")
            except CloudError as error:
                problems.append(Finding.unchecked(f"the backups that {key} sees", shown(error.message)))
                continue
            name = f"{key.namespace}/{key.name}"
            for row in filter(is_manual, rows):
                found.setdefault(row.backup_id, Listed(row, name if cluster.namespace is None else key.name))
    return list(found.values()), problems


def _summary(backups: Sequence[Listed], cluster: Cluster, *, orphaned: bool) -> str:
    text = f"{counted(len(backups), 'manual backup')}, {size(sum(one.backup.size or 0 for one in backups))}"
    if not orphaned:
        return f"{text}."
    place = f"namespace {cluster.namespace}" if cluster.namespace else "this Kubernetes cluster"
    return f"{text}: no object of {place} knows them. People, and other clusters of Kubernetes, may need them."
