"""Collections of a backup, restored into a running cluster in one request: the verbs, for every kind that does it.

The destinations of such a restore were seen free. That a collection is there afterwards proves nothing: the console
is always a second client, and a clone or a sample makes collections too. A restore is found by the console's job
list, or by the refusal of a second send while no collection is to be seen: then a job that nobody sees has the name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch, Transient
from zilliz_jobs.cloud.restores import DestStatus, Restored
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Found,
    Look,
    Missing,
    Refused,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, BackupSource, Claimable, SubmitRequest
from zilliz_jobs.kinds.joblist import in_collection, new_jobs
from zilliz_jobs.kinds.spelling import is_same

BUSY_SECONDS = 10.0
SERVING = (ClusterState.RUNNING, ClusterState.SCALING)


@dataclass(frozen=True)
class Destination:
    """One collection of the backup, and where it goes. `loaded`: whether the cloud is to load it then."""

    database: str
    collection: str
    dest_database: str
    dest_collection: str
    loaded: bool = False

    @property
    def name(self) -> str:
        """Where it goes, `database/collection`."""
        return f"{self.dest_database}/{self.dest_collection}"


@dataclass(frozen=True)
class CollectionRestore:
    """What is restored, and into which cluster. `whole`: all that the backup holds, which no request names."""

    cluster_id: str
    collections: tuple[Destination, ...]
    whole: bool = False

    @property
    def destination(self) -> str:
        """Where it goes, in one line."""
        if not self.collections or self.whole:
            return f"{self.cluster_id}/(all collections)"
        more = f" and {len(self.collections) - 1} more" if len(self.collections) > 1 else ""
        return f"{self.cluster_id}/{self.collections[0].name}{more}"


async def prepare(account: Account, one: CollectionRestore, *, again: bool) -> Blocked | None:
    """Why the restore cannot be submitted now; None where it can. `again`: see `SubmitContext.sent_before`.

    Raises CloudError.
    """
    cluster = await account.session.clusters.describe(one.cluster_id)
    state = cluster_state_of(cluster.status)
    if state is ClusterState.DELETED:
        return Blocked(Reason.CLUSTER_NOT_FOUND, f"cluster {one.cluster_id} is deleted")
    if state is not ClusterState.RUNNING:
        return Blocked(Reason.CLUSTER_BUSY, f"cluster {one.cluster_id} is {cluster.status}", BUSY_SECONDS)
    if not again and (taken := await _present(account, cluster, one)):
        message = f"{_words(one, taken)} already; restore under another name, or drop it"
        return Blocked(Reason.NAME_TAKEN, message)
    return None


async def submit(
    account: Account, one: CollectionRestore, backup: BackupSource, request: SubmitRequest
) -> SubmitAnswer:
    """Send the one request; a later one only while none of the collections is to be seen. Its refusal would say
    nothing then that is not known."""
    if request.submission.sends > 1:
        try:
            cluster = await account.session.clusters.describe(one.cluster_id)
            if there := await _present(account, cluster, one):
                return EffectUnknown(f"not sent again: {_words(one, there)} by now")
        except CloudError as error:
            return answers.not_sent(error)
    reply = await account.session.restores.restore_collections(
        backup.cluster_id,
        backup.backup_id,
        dest_cluster_id=one.cluster_id,
        collections=() if one.whole else [_wire(place) for place in one.collections],
        token=request.token,
        fence=request.fence,
    )
    answer = answers.submitted(reply, ("jobId",), makes_named=True)
    if isinstance(answer, Refused) and answer.reason is Reason.REJECTED and (one.whole or len(one.collections) > 1):
        way_out = "if the cloud takes one collection for each request, make a RestoreJob of each"
        return replace(answer, message=f"{answer.message} ({way_out})")
    return Accepted(_handle(one) | answer.handle) if isinstance(answer, Accepted) else answer


async def find(
    account: Account, one: CollectionRestore, backup: BackupSource | None, submission: Submission, free: Claimable
) -> Look:
    """Look for the restore by its destination, and by the console's job list where that may be read. Raises
    CloudError."""
    rows = await new_jobs(account, JobType.RESTORE, one.cluster_id, submission, free)
    rows = rows.of(lambda row: _is_of(row, one, backup))
    if row := rows.only:
        return Found(_handle(one) | {"jobId": row.job_id}, Evidence.INFERRED)
    cluster = await account.session.clusters.describe(one.cluster_id)
    try:
        there = await _present(account, cluster, one)
    except (Transient, ProtocolMismatch) as error:
        return Undecided(f"the cluster cannot be asked for its collections: {error.message}")
    if rows:
        return Undecided(f"the console shows restores that could be it: {rows.ids}", rows.handles)
    if there and len(there) < len(one.collections):
        return Undecided(f"of {len(one.collections)} collections not all came: {_words(one, there)}")
    if there and submission.name_taken_time is not None:
        return Found(_handle(one), Evidence.INFERRED)
    if there:
        return Undecided(
            f"{_words(one, there)}, and was not before; whether this restore made it, or somebody else, nothing tells"
        )
    if account.session.console is None and (doubt := _hidden(cluster, submission)):
        return Undecided(doubt)
    return Absent()


async def observe(account: Account, one: CollectionRestore) -> Seen | Missing:
    """How the restore is, by its collections alone: for one whose job id is not known, or not known any more. Missing
    until all are there.
    Raises CloudError."""
    cluster = await account.session.clusters.describe(one.cluster_id)
    there = await _present(account, cluster, one)
    if not there or len(there) < len(one.collections):
        return Missing()
    what = "the collection is" if len(there) == 1 else f"the {len(there)} collections are"
    data = account.session.data(cluster.connect_address)
    states = [
        await data.load_state(place.dest_collection, database=place.dest_database) for place in there if place.loaded
    ]
    if not states:
        return Seen(State.SUCCESSFUL, message=f"{what} there; the job that made it is not shown")
    late = next((state for state in states if not state.loaded), None)
    if late is None:
        return Seen(State.SUCCESSFUL, states[-1].load_state, message=f"{what} there, and loaded")
    return Seen(State.IN_PROGRESS, late.load_state, message=f"{what} there, and not loaded yet")


def _handle(one: CollectionRestore) -> dict[str, str]:
    """The names come from the spec. They are no ids: after a drop, another job may restore under the same ones."""
    return {"clusterId": one.cluster_id}


async def _present(account: Account, cluster: Cluster, one: CollectionRestore) -> list[Destination]:
    """Those of its destinations that are there; one question for each database. Raises CloudError."""
    data = account.session.data(cluster.connect_address)
    databases: dict[str, list[Destination]] = {}
    for place in one.collections:
        databases.setdefault(place.dest_database, []).append(place)
    found: list[Destination] = []
    for database, places in databases.items():
        if len(places) == 1:
            there = await data.has_collection(places[0].dest_collection, database=database)
            names = {places[0].dest_collection} if there else set()
        else:
            names = set(await data.list_collections(database=database))
        found += [place for place in places if place.dest_collection in names]
    return found


def _words(one: CollectionRestore, there: list[Destination]) -> str:
    """That these collections are there, for people."""
    names = first_of(f"{one.cluster_id}/{place.name}" for place in there)
    more = f" and {len(there) - 5} more" if len(there) > 5 else ""
    return f"collection {names}{more} is there"


def _wire(place: Destination) -> Restored:
    status: DestStatus = "LOADED" if place.loaded else "UNLOADED"
    return Restored(place.database, place.collection, place.dest_database, place.dest_collection, status)


def _is_of(row: ConsoleJob, one: CollectionRestore, backup: BackupSource | None) -> bool | None:
    """Whether the row is of this restore; None where it does not tell."""
    source = is_same(row.backup_id, backup.backup_id) if backup and row.backup_id else True
    return False if source is False else _names(row, one) and source


def _names(row: ConsoleJob, one: CollectionRestore) -> bool | None:
    """Whether the row names just these collections. How the console names several is documented nowhere: only one
    plain name that is none of them rules the row out."""
    fits = [in_collection(row, place.dest_database, place.dest_collection) for place in one.collections]
    if len(fits) == 1:
        return fits[0]
    databases = [is_same(row.db_name, place.dest_database) if row.db_name else True for place in one.collections]
    if not any(there is not False for there in databases):
        return False
    names = row.collection_name.split(",")
    if {*names} == {place.dest_collection for place in one.collections}:
        return True if True in databases else None
    stranger = len(names) == 1 and names[0].isidentifier() and not any(fit is not False for fit in fits)
    return False if stranger else None


def _hidden(cluster: Cluster, submission: Submission) -> str:
    """Why a restore may be at work although its collection is not there; empty where nothing hints at one."""
    if cluster_state_of(cluster.status) not in SERVING:
        return f"the cluster is {cluster.status}; a restore may be at work in it"
    # Sent again, and refused for good: a first send that was taken explains that as well as anything.
    if submission.sends > 1 and submission.evidence in (Evidence.REFUSED, Evidence.UNKNOWN):
        return "a second send was refused; the first one may be at work, and its collection is not there yet"
    return ""
