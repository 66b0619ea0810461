"""Collections of a backup, restored into a running cluster in one request: the verbs, for every kind that does it.

The destinations of such a restore were seen free. That a collection is there afterwards proves nothing: the console
is always a second client, and a clone or a sample makes collections too. A restore is found by the console's job
list, or by the refusal of a second send while no collection is to be seen: then a job that nobody sees has the name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.api.restorejob import DEFAULT_DATABASE
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.dataplane import DataPlane
from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch, Transient
from zilliz_jobs.cloud.restores import DestStatus, Restored
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Baseline,
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

ALIKE = "alike"
MAX_ALIKE = 100
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
    """What is restored, and into which cluster. `whole`: all that the backup holds, which no request names; so the
    names are those that the cloud told of the backup."""

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


@dataclass(frozen=True)
class Present:
    """Which destinations are there. `alike`: collections whose names may be one of them, `database/collection`."""

    there: tuple[Destination, ...]
    alike: tuple[str, ...] = ()

    def without(self, submission: Submission) -> Present:
        """Without the names that only resemble one and were there before the submission."""
        before = {*(submission.baseline or {}).get(ALIKE, ())}
        return replace(self, alike=tuple(name for name in self.alike if name not in before))


async def prepare(account: Account, one: CollectionRestore, *, again: bool) -> Blocked | Baseline:
    """Why the restore cannot be submitted now; or what its look-up has to know of before. `again`: see
    `SubmitContext.sent_before`.

    Raises CloudError.
    """
    cluster = await account.session.clusters.describe(one.cluster_id)
    state = cluster_state_of(cluster.status)
    if state is ClusterState.DELETED:
        return Blocked(Reason.CLUSTER_NOT_FOUND, f"cluster {one.cluster_id} is deleted")
    if state is not ClusterState.RUNNING:
        return Blocked(Reason.CLUSTER_BUSY, f"cluster {one.cluster_id} is {cluster.status}", BUSY_SECONDS)
    if again:
        return {}
    present = await _present(account, cluster, one)
    if present.there:
        message = f"{_words(one, present)} already; restore under another name, or drop it"
        return Blocked(Reason.NAME_TAKEN, message)
    return {ALIKE: [*present.alike[:MAX_ALIKE]]} if present.alike else {}


async def submit(
    account: Account, one: CollectionRestore, backup: BackupSource, request: SubmitRequest
) -> SubmitAnswer:
    """Send the one request; a later one only while none of the collections is to be seen. Its refusal would say
    nothing then that is not known."""
    if request.submission.sends > 1:
        try:
            cluster = await account.session.clusters.describe(one.cluster_id)
            present = (await _present(account, cluster, one)).without(request.submission)
            if present.there or present.alike:
                return EffectUnknown(f"not sent again: {_words(one, present)} by now")
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
        present = (await _present(account, cluster, one)).without(submission)
    except (Transient, ProtocolMismatch) as error:
        return Undecided(f"the cluster cannot be asked for its collections: {error.message}")
    if rows:
        return Undecided(f"the console shows restores that could be it: {rows.ids}", rows.handles)
    there = present.there
    if there and len(there) < len(one.collections):
        return Undecided(f"of {len(one.collections)} collections not all came: {_words(one, present)}")
    if there and submission.name_taken_time is not None:
        return Found(_handle(one), Evidence.INFERRED)
    if there or present.alike:
        what = "and was not before; whether this restore made it, or somebody else, nothing tells"
        return Undecided(f"{_words(one, present)}, {what}")
    if account.session.console is None and (doubt := _hidden(cluster, submission)):
        return Undecided(doubt)
    return Absent()


async def observe(account: Account, one: CollectionRestore) -> Seen | Missing:
    """How the restore is, by its collections alone: for one whose job id is not known, or not known any more. Missing
    until all are there.
    Raises CloudError."""
    cluster = await account.session.clusters.describe(one.cluster_id)
    there = (await _present(account, cluster, one)).there
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


async def _present(account: Account, cluster: Cluster, one: CollectionRestore) -> Present:
    """What of it is there. Raises CloudError."""
    data = account.session.data(cluster.connect_address)
    databases: dict[str, list[Destination]] = {}
    for place in one.collections:
        databases.setdefault(place.dest_database, []).append(place)
    found = [await _in_database(data, database, places, one.whole) for database, places in databases.items()]
    return Present(sum((each.there for each in found), ()), sum((each.alike for each in found), ()))


async def _in_database(data: DataPlane, database: str, places: list[Destination], whole: bool) -> Present:
    """One question, and one more for each name of the spec that the answer may spell otherwise. Of a name that the
    cloud told (`whole`), its "no" would prove nothing. Raises CloudError."""

    async def has(place: Destination) -> bool:
        return await data.has_collection(place.dest_collection, database=database)

    if len(places) == 1 and not whole:
        return Present(tuple(places) if await has(places[0]) else ())
    names = {*await data.list_collections(database=database)}
    there = [place for place in places if place.dest_collection in names]
    alike: set[str] = set()
    for place in places:
        like = {name for name in names if is_same(name, place.dest_collection) is None}
        like -= {known.dest_collection for known in places}
        if place not in there and like and not whole and await has(place):
            there.append(place)
        elif place not in there and whole:
            alike |= {f"{database}/{name}" for name in like}
    if whole and is_same(database, DEFAULT_DATABASE) is None:  # the cloud may have meant the default one
        names = {*await data.list_collections(database=DEFAULT_DATABASE)}
        missing = [place.dest_collection for place in places if place not in there]
        alike |= {
            f"{DEFAULT_DATABASE}/{name}" for name in names if any(is_same(name, one) is not False for one in missing)
        }
    return Present(tuple(there), tuple(sorted(alike)))


def _words(one: CollectionRestore, present: Present) -> str:
    """That these collections are there, for people; or, where there are none, those that may be one of them."""
    places = [place.name for place in present.there] or present.alike
    names = first_of(f"{one.cluster_id}/{name}" for name in places)
    return f"collection {names} is there" + ("" if present.there else ", whose name may be one that is restored")


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
