"""The collections of a migration in its target, as the data plane shows them. Reads raise CloudError."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.migrationjob import Migrated, MigrationJobSpec
from zilliz_jobs.cloud.dataplane import Collection, DataPlane
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.migrations.migrationwire import DEFAULT_DATABASE
from zilliz_jobs.kinds.migrations.vts.config import Run, destination, is_marked, runs_of

MAX_TOLD = 3


@dataclass(frozen=True)
class Place:
    """A collection of the target. `wanted`: the entry of the spec that it is made for."""

    database: str
    collection: str
    wanted: Migrated

    def __str__(self) -> str:
        return f"{self.database}/{self.collection}"


def places(spec: MigrationJobSpec, run: int | None = None) -> list[Place]:
    """Where the data goes, in all runs or in one. Pure."""
    runs: tuple[Run, ...] = runs_of(spec) if run is None else (runs_of(spec)[run],)
    return [Place(one.dest_database or DEFAULT_DATABASE, destination(one), one) for each in runs for one in each]


def named(found: Iterable[Place]) -> str:
    """The places in words, the first few of them. Pure."""
    names = [str(one) for one in found]
    more = f" and {len(names) - MAX_TOLD} more" if len(names) > MAX_TOLD else ""
    return ", ".join(names[:MAX_TOLD]) + more


def earlier_tokens(status: JobStatus) -> list[str]:
    """By which the earlier attempts of the very object marked what they made. Pure."""
    return [token for row in status.attempts or [] for token in row.tokens or []]


def target_id(spec: MigrationJobSpec) -> str:
    """The cluster that the data goes into. Pure."""
    return (spec.target.cluster_id if spec.target else None) or ""


async def data_of(account: Account, spec: MigrationJobSpec) -> DataPlane:
    """The data plane of the target."""
    cluster = await account.session.clusters.describe(target_id(spec))
    return account.session.data(cluster.connect_address)


async def present(data: DataPlane, wanted: Iterable[Place]) -> list[Place]:
    """Those of the places where a collection is."""
    wanted = list(wanted)
    names = {
        database: set(await data.list_collections(database=database))
        for database in dict.fromkeys(one.database for one in wanted)
    }
    return [one for one in wanted if one.collection in names[one.database]]


async def described(data: DataPlane, place: Place) -> Collection | None:
    """The collection; None where there is none."""
    try:
        return await data.describe_collection(place.collection, database=place.database)
    except NotFound:
        return None


async def marked(data: DataPlane, found: Iterable[Place], tokens: Iterable[str]) -> list[Place]:
    """Those of the places whose collection was made by one of these submissions."""
    tokens, ours = list(tokens), []
    for place in found:
        collection = await described(data, place)
        if collection and any(is_marked(collection.description or "", token) for token in tokens):
            ours.append(place)
    return ours
