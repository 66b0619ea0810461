"""Reads the lists that a page is made of; what could not be read to its end counts as not complete.

With the console API one list has all jobs of the project. Without it the page is put together from several: imports
of each cluster, backups, clusters in transition, and the job objects in this cluster, which tell most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.listing import rows_in_words
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.jobcenter import rows
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.mirroring import ListReading, SourceRows
from zilliz_jobs.jobcenter.ownjob import OwnJob, row_of
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.rowtypes import CHANGES_CLUSTER
from zilliz_jobs.polling.lists import Listing, Lists, Row

OWN = "OwnJobs"
CLUSTERS = "Clusters"
CONCURRENT = 4


@dataclass(frozen=True)
class Told:
    """The result of reading one list. `rows`, `calls`: None where it could not be read; `unreadable`: number of rows
    that cannot be read; the others count all the same, but a job that is not found may be one of them."""

    name: str
    rows: int | None = None
    calls: int | None = None
    problem: str = ""
    unreadable: int = 0

    @property
    def remark(self) -> str:
        """What is wrong with the list, as a sentence; empty where nothing is."""
        return self.problem or (f"{rows_in_words(self.unreadable)} cannot be read" if self.unreadable else "")


@dataclass(frozen=True)
class Listed:
    """One reading of all lists."""

    reading: ListReading
    told: tuple[Told, ...]

    @property
    def problem(self) -> str:
        """Why a list could not be read; empty when all were."""
        return next((one.problem for one in self.told if one.problem), "")

    @property
    def unreadable(self) -> int:
        return sum(one.unreadable for one in self.told)


OwnOf = Callable[[frozenset[str], frozenset[str]], Iterable[OwnJob]]
"""The jobs of job objects for a page, from the ids of clusters in its project and of those in other projects."""


async def read_page(lists: Lists, account: Account, project_id: str, own_of: OwnOf, namespace: str) -> Listed:
    """Read all lists of a page in this namespace. Changes nothing. Raises nothing of the cloud: the result says what
    could not be read."""
    if account.session.console is not None:
        return await _console(lists, account, project_id)
    return await _documented(lists, account, project_id, own_of, namespace)


async def _console(lists: Lists, account: Account, project_id: str) -> Listed:
    source, told = await _read(
        "Console", lists, account, ListId(Source.CONSOLE, project_id=project_id), rows.of_console
    )
    return Listed(ListReading((source,)), (told,))


async def _documented(lists: Lists, account: Account, project_id: str, own_of: OwnOf, namespace: str) -> Listed:
    try:
        listing = await lists.whole(account, ListId(Source.CLUSTERS))
    except CloudError as error:
        listing, problem = None, error.message
    here, elsewhere = _clusters(listing, project_id)
    own = list(own_of(frozenset(c.cluster_id for c in here), elsewhere))
    backups = _read("Backups", lists, account, ListId(Source.BACKUPS, project_id=project_id), rows.of_backup)
    answers = await _bounded([*(_imports(lists, account, cluster) for cluster in here), backups])
    # A job belongs to the project of its cluster, and a cluster whose row cannot be read may be that one.
    whole = listing is not None and not listing.unreadable
    sources = [SourceRows(OWN, tuple(row_of(job, namespace) for job in own), complete=whole)]
    told = [Told(OWN, len(own), 0)]
    for source, one in answers:
        sources.append(source)
        told.append(one)
    if listing is None:
        sources.append(SourceRows(CLUSTERS, complete=False))
        told.append(Told(CLUSTERS, problem=problem))
    else:
        # The cloud does one thing to a cluster at a time, so a transition that a job object causes is shown already.
        moved = {job.cluster_id for job in own if job.is_running and job.type in CHANGES_CLUSTER}
        found = [row for row in _in_transition(listing, project_id) if row.cluster_id not in moved]
        sources.append(SourceRows(CLUSTERS, tuple(found), complete=not listing.unreadable))
        told.append(Told(CLUSTERS, len(found), listing.calls, unreadable=listing.unreadable))
    return Listed(ListReading(tuple(sources), closed=whole), tuple(told))


def _clusters(listing: Listing | None, project_id: str) -> tuple[list[Cluster], frozenset[str]]:
    """The clusters of the project, and the ids of those that belong to another one."""
    known: list[Cluster] = [row.value for row in listing.rows] if listing else []
    here = [cluster for cluster in known if cluster.project_id == project_id]
    return here, frozenset(c.cluster_id for c in known if c.project_id and c.project_id != project_id)


def _in_transition(listing: Listing, project_id: str) -> list[JobRow]:
    found = [rows.of_cluster(row, n) for n, row in enumerate(listing.rows) if row.value.project_id == project_id]
    return [row for row in found if row is not None]


async def _imports(lists: Lists, account: Account, cluster: Cluster) -> tuple[SourceRows, Told]:
    v1 = account.import_api is ImportApi.V1
    wanted = ListId(Source.IMPORTS_V1 if v1 else Source.IMPORTS, cluster_id=cluster.cluster_id)
    return await _read(
        f"Imports/{cluster.cluster_id}", lists, account, wanted, partial(rows.of_import, cluster=cluster)
    )


async def _read(
    name: str, lists: Lists, account: Account, wanted: ListId, to_row: Callable[[Row, int], JobRow]
) -> tuple[SourceRows, Told]:
    try:
        listing = await lists.whole(account, wanted)
    except CloudError as error:
        return SourceRows(name, complete=False), Told(name, problem=error.message)
    found = tuple(to_row(row, n) for n, row in enumerate(listing.rows))
    if listing.unreadable and not found:
        none = f"none of {rows_in_words(listing.unreadable)} can be read"
        return SourceRows(name, complete=False), Told(name, 0, listing.calls, none, listing.unreadable)
    told = Told(name, len(found), listing.calls, unreadable=listing.unreadable)
    return SourceRows(name, found, complete=not listing.unreadable), told


async def _bounded(
    readings: Sequence[Awaitable[tuple[SourceRows, Told]]],
) -> list[tuple[SourceRows, Told]]:
    """Wait for the readings, a few at a time, so that a project with many clusters leaves budget for others."""
    places = asyncio.Semaphore(CONCURRENT)

    async def one(reading: Awaitable[tuple[SourceRows, Told]]) -> tuple[SourceRows, Told]:
        async with places:
            return await reading

    return list(await asyncio.gather(*(one(reading) for reading in readings)))
