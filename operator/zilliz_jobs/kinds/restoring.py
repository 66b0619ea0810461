"""One collection of a backup, restored into a running cluster: the verbs, for every kind that does it.

The mark of such a restore is its destination, which was seen free. The data plane may show the collection only when
the restore ends; until then nothing but the console's job list tells that one is at work.
"""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
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
from zilliz_jobs.kinds.joblist import new_jobs

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
    named = [row for row in rows if _is_of(row, one, backup)]
    vague = [row for row in rows if not row.collection_name and _is_from(row, backup)]
    if len(named) == 1 and not vague:
        return Found(_handle(one) | {"jobId": named[0].job_id}, Evidence.INFERRED)
    cluster = await account.session.clusters.describe(one.cluster_id)
    try:
        there = await _exists(account, cluster, one)
    except (Transient, ProtocolMismatch) as error:
        return Undecided(f"the cluster cannot be asked for its collections: {error.message}")
    if there:
        return Found(_handle(one), Evidence.INFERRED)
    if named or vague:
        ids = ", ".join(row.job_id for row in [*named, *vague][:5])
        return Undecided(f"the console shows restores that could be it: {ids}")
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


def _is_from(row: ConsoleJob, backup: BackupSource | None) -> bool:
    return backup is None or row.backup_id in ("", backup.backup_id)


def _is_of(row: ConsoleJob, one: CollectionRestore, backup: BackupSource | None) -> bool:
    to = row.collection_name == one.dest_collection and row.db_name in ("", one.dest_database)
    return to and _is_from(row, backup)


def _hidden(cluster: Cluster, submission: Submission) -> str:
    """Why a restore may be at work although its collection is not there; empty where nothing hints at one."""
    if cluster_state_of(cluster.status) not in SERVING:
        return f"the cluster is {cluster.status}; a restore may be at work in it"
    # Sent again, and refused for good: a first send that was taken explains that as well as anything.
    if submission.sends > 1 and submission.evidence in (Evidence.REFUSED, Evidence.UNKNOWN):
        return "a second send was refused; the first one may be at work, and its collection is not there yet"
    return ""
