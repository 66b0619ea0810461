"""One collection of a backup, restored into a running cluster: the verbs, for every kind that does it.

The destination of such a restore was seen free. That a collection is there afterwards proves nothing: the console is
always a second client, and a clone or a sample makes collections too. A restore is found by the console's job list,
or by the refusal of a second send while no collection is to be seen: then a job that nobody sees holds the name.
"""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch, Transient
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    EffectUnknown,
    Found,
    Look,
    Missing,
    Seen,
    SubmitAnswer,
    Undecided,
    Waits,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, BackupSource, Claimable, Order
from zilliz_jobs.kinds.joblist import in_collection, new_jobs
from zilliz_jobs.kinds.spelling import is_same

BUSY_SECONDS = 10.0
SERVING = (ClusterState.RUNNING, ClusterState.SCALING)


@dataclass(frozen=True)
class CollectionRestore:
    """What is restored, and where to. `loaded`: whether the cloud is to load it then."""

    cluster_id: str
    database: str
    collection: str
    dest_database: str
    dest_collection: str
    loaded: bool = False

    @property
    def destination(self) -> str:
        return f"{self.cluster_id}/{self.dest_database}/{self.dest_collection}"


async def prepare(account: Account, one: CollectionRestore, *, again: bool) -> Waits | None:
    """Why the restore cannot be submitted now; None where it can. `again`: see `Draft.sent_before`.

    Raises CloudError.
    """
    cluster = await account.session.clusters.describe(one.cluster_id)
    state = cluster_state_of(cluster.status)
    if state is ClusterState.DELETED:
        return Waits(Reason.CLUSTER_NOT_FOUND, f"cluster {one.cluster_id} is deleted")
    if state is not ClusterState.RUNNING:
        return Waits(Reason.CLUSTER_BUSY, f"cluster {one.cluster_id} is {cluster.status}", BUSY_SECONDS)
    if not again and await _exists(account, cluster, one):
        message = f"collection {one.destination} exists already; restore under another name, or drop it"
        return Waits(Reason.NAME_TAKEN, message)
    return None


async def submit(account: Account, one: CollectionRestore, backup: BackupSource, order: Order) -> SubmitAnswer:
    """Send the one request; a later one only while the collection is not to be seen. Its refusal would say nothing
    then that is not known."""
    if order.submission.sends > 1:
        try:
            cluster = await account.session.clusters.describe(one.cluster_id)
            if await _exists(account, cluster, one):
                return EffectUnknown(f"not sent again: collection {one.destination} is there by now")
        except CloudError as error:
            return answers.not_sent(error)
    reply = await account.session.restores.restore_collection(
        backup.cluster_id,
        backup.backup_id,
        dest_cluster_id=one.cluster_id,
        database=one.database,
        dest_database=one.dest_database,
        collection=one.collection,
        dest_collection=one.dest_collection,
        dest_status="LOADED" if one.loaded else "UNLOADED",
        token=order.token,
        fence=order.fence,
    )
    answer = answers.submitted(reply, ("jobId",), makes_named=True)
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
        there = await _exists(account, cluster, one)
    except (Transient, ProtocolMismatch) as error:
        return Undecided(f"the cluster cannot be asked for its collections: {error.message}")
    if rows:
        return Undecided(f"the console shows restores that could be it: {rows.ids}")
    if there and submission.name_taken_time is not None:
        return Found(_handle(one), Evidence.INFERRED)
    if there:
        return Undecided(
            f"collection {one.destination} is there, and was not before; whether this restore made it, or somebody "
            "else, nothing tells"
        )
    if account.session.console is None and (doubt := _hidden(cluster, submission)):
        return Undecided(doubt)
    return Absent()


async def observe(account: Account, one: CollectionRestore) -> Seen | Missing:
    """How the restore is, by the collection alone: for one whose job id is not known, or not known any more.
    Raises CloudError."""
    cluster = await account.session.clusters.describe(one.cluster_id)
    if not await _exists(account, cluster, one):
        return Missing()
    if not one.loaded:
        return Seen(State.SUCCESSFUL, message="the collection is there; the job that made it is not shown")
    loading = await account.session.data(cluster.connect_address).load_state(
        one.dest_collection, database=one.dest_database
    )
    if loading.loaded:
        return Seen(State.SUCCESSFUL, loading.load_state, message="the collection is there, and loaded")
    return Seen(State.IN_PROGRESS, loading.load_state, message="the collection is there, and not loaded yet")


def _handle(one: CollectionRestore) -> dict[str, str]:
    """The names come from the spec. They are no ids: after a drop, another job may restore under the same ones."""
    return {"clusterId": one.cluster_id}


async def _exists(account: Account, cluster: Cluster, one: CollectionRestore) -> bool:
    data = account.session.data(cluster.connect_address)
    return await data.has_collection(one.dest_collection, database=one.dest_database)


def _is_of(row: ConsoleJob, one: CollectionRestore, backup: BackupSource | None) -> bool | None:
    """Whether the row is of this restore; None where it does not tell."""
    source = is_same(row.backup_id, backup.backup_id) if backup and row.backup_id else True
    return False if source is False else in_collection(row, one.dest_database, one.dest_collection) and source


def _hidden(cluster: Cluster, submission: Submission) -> str:
    """Why a restore may be at work although its collection is not there; empty where nothing hints at one."""
    if cluster_state_of(cluster.status) not in SERVING:
        return f"the cluster is {cluster.status}; a restore may be at work in it"
    # Sent again, and refused for good: a first send that was taken explains that as well as anything.
    if submission.sends > 1 and submission.evidence in (Evidence.REFUSED, Evidence.UNKNOWN):
        return "a second send was refused; the first one may be at work, and its collection is not there yet"
    return ""
