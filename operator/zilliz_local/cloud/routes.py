"""Endpoints as data: a table of routes, each a plain function from a `Call` to the answer's data.

Handlers do no I/O and never wait. That is why the same handler serves a request, a rival's identical
request, and an effect that a fault delays.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from .answers import backup_not_ready, bad_request, missing_backup, missing_cluster, no_access, unknown_job
from .backups import Backup
from .clusters import Cluster
from .jobs import Job
from .keys import Key
from .ledger import Client
from .objects import FilePart
from .paging import page
from .timeline import JobView, view
from .world import World

Row = TypeVar("Row")
Handler = Callable[["Call"], object]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    method: str
    template: str
    name: str
    handler: Handler
    pattern: re.Pattern[str]
    kind: str = ""
    """Ledger word for what the endpoint changes; "" for reads."""
    version: int = 2
    example: str = ""

    @property
    def endpoint(self) -> str:
        """What the rate limit counts and the ledger shows."""
        return f"{self.method} {self.template}"

    @property
    def summary(self) -> str:
        """First line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]


class Routes:
    """A group of endpoints; services each have one, and the server joins them."""

    def __init__(self, *groups: "Routes", version: int = 2) -> None:
        self.all: list[Route] = [route for group in groups for route in group.all]
        self._version = version

    def on(
        self, method: str, template: str, name: str, *, kind: str = "", example: str = ""
    ) -> Callable[[Handler], Handler]:
        """Decorator: this function answers `method template`. Earlier routes win."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

        def register(handler: Handler) -> Handler:
            self.all.append(Route(method, template, name, handler, pattern, kind, self._version, example))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route for a request, and its path parameters."""
        for route in self.all:
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def present(given: Mapping[str, object]) -> dict[str, object]:
    """Without the fields that count as absent: null, "" and empty objects (recorded from a client that
    always sends every field)."""
    return {name: value for name, value in given.items() if value not in (None, "", {}, [])}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it."""

    world: World
    route: Route
    path: Mapping[str, str]
    given: dict[str, object]
    """Query and body together, without what counts as absent."""
    key: Key
    client: Client
    token: str
    now: float
    origin: str = ""
    """Scheme, host and port that the client reached us by."""

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        return str(self.given.get(name, default))

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        if name not in self.given:
            raise bad_request(f"{name} is missing")
        return self.text(name)

    def as_client(self, client: Client) -> "Call":
        """The same request from somebody else, who sends no token."""
        return replace(self, client=client, token="", key=Key(client))

    # --- what the caller may see

    def cluster(self, cluster_id: str) -> Cluster:
        """The cluster, as it is now. Problems: missing, or in a project the key has no rights in."""
        found = self.world.clusters.get(cluster_id)
        if found is None:
            raise missing_cluster(cluster_id)
        if not self.key.may_see(found.fields.project_id):
            raise no_access(cluster_id)
        return found.at(self.now)

    def backup(self) -> tuple[Cluster, Backup]:
        """The cluster and the backup of the path. Problems: as `cluster`; no such backup there."""
        cluster = self.cluster(self.path["clusterId"])
        found = self.world.backups.get(self.path["backupId"])
        if found is None or found.cluster_id != cluster.cluster_id or not self.backup_status(found):
            raise missing_backup(self.path["backupId"])
        return cluster, found

    def available_backup(self) -> tuple[Cluster, Backup]:
        """As `backup`. Problem: it is not AVAILABLE."""
        cluster, found = self.backup()
        if self.backup_status(found) == "DELETED":
            raise missing_backup(found.backup_id)
        if self.backup_status(found) != "AVAILABLE":
            raise backup_not_ready(found.backup_id, self.backup_status(found))
        return cluster, found

    def backup_status(self, backup: Backup) -> str:
        """Its status now; "" if it is not to be seen."""
        job = self.world.jobs.get(backup.job_id)
        return backup.status(job, self.now, failed_listed=self.world.behaviour.failed_backups_listed)

    def job(self, job_id: str) -> tuple[Job, JobView]:
        """The job and its present look. Problem: unknown, forgotten, or in another project."""
        job = self.world.jobs.get(job_id)
        if job is None or not self.key.may_see(job.project_id):
            raise unknown_job(job_id)
        seen = view(job, self.now)
        if self.forgotten(seen, self.world.behaviour.jobs_forgotten_after_seconds):
            raise unknown_job(job_id)
        return job, seen

    def forgotten(self, seen: JobView, after: float | None) -> bool:
        """Whether a finished job is past the cloud's memory."""
        return after is not None and seen.ended_at is not None and seen.ended_at + after <= self.now

    @property
    def newest_listed(self) -> float:
        """Lists show only rows created at this moment or before."""
        return self.now - self.world.behaviour.list_lag_seconds

    def page(self, rows: Sequence[Row], key: str, show: Callable[[Row], dict[str, object]]) -> dict[str, object]:
        """The page of `rows` that was asked for."""
        return page(rows, self.given, key, show, behaviour=self.world.behaviour, chance=self.world.chance)

    # --- what happens

    def start_job(
        self,
        job_type: str,
        cluster: Cluster,
        *,
        db_name: str = "",
        collection: str = "",
        backup_id: str = "",
        source_cluster_id: str = "",
        cancelable: bool = False,
        files: tuple[FilePart, ...] = (),
    ) -> Job:
        """Make a job that works on this cluster, and put it into the table."""
        plan = self.world.plan(job_type, self.now, files)
        fields = cluster.fields
        return self.world.jobs.add(
            Job(
                self.world.new_job_id(), job_type, fields.project_id, cluster.cluster_id, fields.region_id, self.now,
                plan, client=self.client, db_name=db_name, collection=collection, backup_id=backup_id,
                source_cluster_id=source_cluster_id, cancelable=cancelable,
            )
        )  # fmt: skip

    def effect(self, kind: str, *, job_id: str = "", **target: str) -> None:
        """Write into the ledger that something really happened."""
        self.world.record(
            "effect",
            kind,
            self.route.name,
            self.route.endpoint,
            job_id=job_id,
            token=self.token,
            key=self.key.fingerprint,
            client=self.client,
            target=target,
            at=self.now,
        )
