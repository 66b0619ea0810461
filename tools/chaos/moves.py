"""The migrations by VTS of a run, and whether each moved its rows once and says so. Pure.

Their engine runs in Kubernetes and not in the cloud, so they are judged by what the node saw and by the rows that
came: the cloud's ledger names each row that was written and each collection that was removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

Body = dict[str, Any]
PLURAL = "migrationjobs"
ROWS = 20
SHARED_BY = 3
LATE = 0.4
"""The share of the storm in which they are made: each takes several steps."""
FINISHED = frozenset({"Successful", "Failed", "Canceled", "Unknown"})


class Course(StrEnum):
    """What happens to it besides the storm."""

    LEFT = "left alone"
    CANCELLED = "cancelled while it runs"
    EVICTED = "its pod is told to end, and its user retries it"
    OUT_OF_MEMORY = "its pod has too little memory, and its user retries it"
    JOB_DELETED = "somebody deletes its Job"
    SECRET_DELETED = "somebody deletes its Secret"


RETRIED = (Course.EVICTED, Course.OUT_OF_MEMORY)
ENDS = {
    Course.LEFT: {"Successful"},
    Course.CANCELLED: {"Canceled", "Successful"},
    Course.EVICTED: {"Successful"},
    Course.OUT_OF_MEMORY: {"Successful"},
    Course.JOB_DELETED: {"Unknown", "Failed", "Successful"},
    Course.SECRET_DELETED: {"Canceled", "Successful"},
}
"""How each may end: what people do may come too late. Whether that is true is another question."""


@dataclass(frozen=True)
class Move:
    """One MigrationJob. `at`: when it is made; `then`: how much later its course is taken, once its Job is there."""

    number: int
    course: Course
    at: float
    then: float

    @property
    def name(self) -> str:
        return f"move-{self.number:04d}"

    @property
    def destination(self) -> str:
        return f"moved_{self.number:04d}"

    @property
    def cluster(self) -> str:
        return f"in01-moves{self.number // SHARED_BY:04d}"

    @property
    def manifest(self) -> Body:
        login = {"credentialsSecretRef": {"name": "source-login"}}
        source = {"uri": "postgresql://pg.example.com:5432", "database": "app", **login}
        spec = {
            "engine": "VTS",
            "connectionRef": {"name": "default"},
            "source": {"postgresql": source},
            "target": {"clusterId": self.cluster},
            "collections": [{"source": "books", "destination": self.destination}],
        }
        meta = {"name": self.name}
        return {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "MigrationJob", "metadata": meta, "spec": spec}


@dataclass(frozen=True)
class Run:
    """A pod whose engine began. `whole`: it moved all rows."""

    job: str
    destination: str
    whole: bool = False


def moves(seed: int, jobs: int, seconds: float) -> tuple[Move, ...]:
    """As many of each course, one at least."""
    chance = Random(f"moves {seed} {jobs}")
    courses = [*Course] * max(1, jobs // 200)
    chance.shuffle(courses)
    return tuple(
        Move(number, course, round(chance.uniform(0, LATE * seconds), 2), round(chance.uniform(0, 3), 2))
        for number, course in enumerate(courses)
    )


def is_over(move: Move, body: Body | None, retried: bool) -> bool:
    """Whether nothing more is to be waited for."""
    status = (body or {}).get("status") or {}
    if status.get("state") not in FINISHED:
        return False
    return status["state"] != "Failed" or move.course not in RETRIED or (retried and len(status["attempts"]) > 1)


def rows_in(ledger: Iterable[Body], move: Move) -> tuple[int, int]:
    """How many rows its collection has at the end, and how many it had at most."""
    now = most = 0
    for entry in ledger:
        target = entry.get("target") or {}
        if entry["event"] != "effect" or (target.get("clusterId"), target.get("collection")) != (
            move.cluster,
            move.destination,
        ):
            continue
        if entry["kind"] == "drop":
            now = 0
        elif entry["kind"] == "write":
            now += int(target["rows"])
        most = max(most, now)
    return now, most


def wrong_with(move: Move, body: Body | None, runs: list[Run], ledger: Iterable[Body], running: bool) -> list[str]:
    """In what its end is wrong. `running`: whether a pod of it is at work."""
    if body is None:
        return [f"{move.name}: the object is gone, and nobody deleted it"]
    status = body.get("status") or {}
    state, mine = status.get("state"), [run for run in runs if run.destination == move.destination]
    told = f"{move.name} ({move.course}): {state}, {status.get('reason')}: {status.get('message')}"[:300]
    count, most = rows_in(ledger, move)
    found = []
    if most > ROWS:
        found.append(f"{told}; its collection had {most} rows, and its source has {ROWS}")
    if len(mine) > len(status.get("attempts") or []):
        found.append(f"{told}; the engine ran {len(mine)} times in {len(status.get('attempts') or [])} attempts")
    if state not in FINISHED:
        return [*found, f"{told}; it has not ended"]
    if state not in ENDS[move.course]:
        found.append(f"{told}; it is to end as {' or '.join(sorted(ENDS[move.course]))}")
    if state == "Successful" and (count != ROWS or not mine or not mine[-1].whole):
        found.append(f"{told}; {count} of {ROWS} rows came")
    if running:
        found.append(f"{told}; its pod is at work")
    return found
