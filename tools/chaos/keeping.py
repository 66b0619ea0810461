"""The schedules of a run that keep so many backups and delete the rest. Pure.

Cron counts by the minute, so each run is asked for, one after the other. Each schedule has a cluster of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.everykind import ROWS
from tools.chaos.jobs import Course, Planned

Body = dict[str, Any]
PLURAL = "jobschedules"
SCHEDULE_LABEL = "jobs.zilliz.com/schedule"
RUN = "jobs.zilliz.com/run-requested"
RUN_LABEL = "jobs.zilliz.com/run"
SET_BACK, WAITING_FOR = "RecordUnreadable", "WaitingFor"
NEVER = "0 0 29 2 *"
KEPT = 2
BACKUP, EXPORT = "backup", "export"
LEAVES = "leaving"
MANY_JOBS = 50
ROW_OF = {
    ("backupjobs", True): "backup",
    ("backupjobs", False): "backup, public",
    ("exportjobs", True): "export",
    ("exportjobs", False): "export, public",
}
"""By the plural, and whether the console is used: the row of the table of kinds."""


@dataclass(frozen=True)
class Keeper:
    """One JobSchedule. `fails`: the runs whose backup the cloud lets fail; `stops`: the run for whose beginning the
    cluster is suspended. `parts`: how it goes after its third run: "", "schedule" or "namespace"."""

    name: str
    at: float
    runs: int
    console: bool = False
    fails: frozenset[int] = frozenset()
    stops: int = -1
    parts: str = ""

    @property
    def cluster(self) -> str:
        return f"in01-{self.name}"

    @property
    def namespace(self) -> str:
        return LEAVES if self.parts == "namespace" else "default"

    @property
    def connection(self) -> str:
        return "console" if self.console else "default"

    @property
    def manifest(self) -> Body:
        link = {"connectionRef": {"name": self.connection}}
        return {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "JobSchedule",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "schedules": [NEVER],
                "successfulRunsHistoryLimit": 1,
                "failedRunsHistoryLimit": 1,
                "keepBackups": KEPT,
                "jobs": [
                    {"name": BACKUP, "backupJob": {"clusterId": self.cluster} | link},
                    {"name": EXPORT, "exportJob": export({"backupJobRef": {"name": BACKUP}}, "$(RUN)") | link},
                ],
            },
        }

    def reader(self, name: str, backup_id: str) -> Body:
        """An ExportJob of one of its backups."""
        spec = export({"clusterId": self.cluster, "backupId": backup_id}, name)
        return {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "ExportJob",
            "metadata": {"name": name, "namespace": self.namespace, "labels": {READS_LABEL: self.name}},
            "spec": spec | {"connectionRef": {"name": self.connection}},
        }


READS_LABEL = "chaos/reads-backups-of"


def export(backup: Body, where: str) -> Body:
    return {"backup": backup, "integrationId": "integ-demo0001", "directory": f"kept/{where}/"}


@dataclass(frozen=True)
class Made(Planned):
    """A job that no user planned: one of a run, or one that reads a schedule's backup."""

    known_as: str = ""

    @property
    def name(self) -> str:
        return self.known_as


def keepers(chance: Random, jobs: int, seconds: float) -> tuple[Keeper, ...]:
    """Two, of which one has a cluster that answers badly; in a bigger run two more, which go with their schedule or
    their namespace."""
    runs = 5 if jobs >= MANY_JOBS else 4
    fails = frozenset(chance.sample(range(1, runs - 1), 1 if runs < 5 else 2))
    at = [round(chance.uniform(0, 0.2) * seconds, 2) for _ in range(4)]
    found = (
        Keeper("steady", at[0], runs, console=True),
        Keeper("shaky", at[1], runs + 1, fails=fails, stops=chance.choice((1, 2, 3))),
        Keeper("dropped", at[2], 3, console=chance.random() < 0.5, parts="schedule"),
        Keeper("leaving", at[3], 3, parts="namespace"),
    )
    return found if jobs >= MANY_JOBS else found[:2]


def made_in(objects: dict[tuple[str, str], Body], of: tuple[Keeper, ...]) -> dict[str, Made]:
    """The jobs of their runs, and those that read their backups, by name."""
    known, found = {one.name: one for one in of}, {}
    for (plural, name), body in objects.items():
        labels = body["metadata"].get("labels") or {}
        keeper = known.get(labels.get(SCHEDULE_LABEL) or labels.get(READS_LABEL) or "")
        row = ROW_OF.get((plural, keeper.console)) if keeper else None
        if row is not None:
            (shape,) = [one for one in ROWS if one.name == row]
            found[name] = Made(0, shape, Course.LEFT, 0.0, 0.0, known_as=name)
    return found


def is_held(keeper: Keeper, objects: dict[tuple[str, str], Body]) -> bool:
    """Whether a job of its run was set back with etcd, so that the run goes on when a person has decided that."""
    of = [body for body in objects.values() if _label(body, SCHEDULE_LABEL) == keeper.name]
    return any((body.get("status") or {}).get("reason") == SET_BACK for body in of)


def waits_for_held(body: Body, objects: dict[tuple[str, str], Body]) -> bool:
    """Whether a job of a run waits for another one of it that was set back with etcd."""
    if (body.get("status") or {}).get("reason") != WAITING_FOR:
        return False
    names = (SCHEDULE_LABEL, RUN_LABEL)
    return any(
        all(_label(other, name) == _label(body, name) for name in names)
        and (other.get("status") or {}).get("reason") == SET_BACK
        for other in objects.values()
    )


def _label(body: Body, name: str) -> str:
    return str((body["metadata"].get("labels") or {}).get(name) or "")


def surplus(status: Body) -> list[Body]:
    """The rows of a schedule's `status.backups` that are to go, and of which it does not say why they stay."""
    rows = sorted(status.get("backups") or [], key=lambda row: str(row.get("completionTime")), reverse=True)
    here = [row for row in rows if row.get("state") == "Available"]
    going = [row for row in rows if row.get("state") != "Available"]
    return [row for row in (*here[KEPT:], *going) if not row.get("reason")]
