"""The collections that a migration brings into a cluster that exists: seen free before, looked for after.

A lost submission is found by the console's list of jobs alone. That a wanted collection is there proves nothing, for
others make collections too; that none is there neither: they may show only at the end (inferred).
"""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import Absent, Blocked, Found, Look, Missing, Seen, Undecided
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds.base import Account, Baselined, Claimable
from zilliz_jobs.kinds.joblist import known, new_jobs
from zilliz_jobs.kinds.migrations.migrationwire import DEFAULT_DATABASE, moves, place, wanted

MAX_NAMES = 200
BUSY_SECONDS = 10.0


async def prepare(
    account: Account, spec: MigrationJobSpec, target_id: str, source: Cluster | None
) -> Baselined | Blocked:
    """The names that will be new. `source`: the cluster that is migrated, where it is one of ours. Raises
    CloudError."""
    target = await running(account, target_id)
    if isinstance(target, Blocked):
        return target
    if spec.source is not None and spec.source.milvus_backup is not None:
        present = await _names(account, target, [DEFAULT_DATABASE])
        return Baselined(
            {"present": sorted(present)[:MAX_NAMES]} | await known(account, JobType.MIGRATION, target_id)
        )
    names = wanted(spec, await _whole(account, spec, source) if source else {})
    present = await _names(account, target, [name.partition("/")[0] for name in names])
    if taken := [name for name in names if name in present]:
        message = f"collection {taken[0]} exists in cluster {target_id}; choose another destination, or remove it"
        return Blocked(Reason.NAME_TAKEN, message)
    return Baselined({"wanted": names[:MAX_NAMES]} | await known(account, JobType.MIGRATION, target_id))


async def look(account: Account, target_id: str, submission: Submission, free: Claimable) -> Look:
    """Look for the migration on the console's list. Absent only where the request never left; what has come into the
    cluster is told, and proves nothing. Raises CloudError."""
    if submission.sends == 0:
        return Absent()
    listed = await new_jobs(account, JobType.MIGRATION, target_id, submission, free)
    if row := listed.only:
        return Found({"clusterId": target_id, "jobId": row.job_id}, Evidence.INFERRED, {"clusterId": target_id})
    if listed:
        return Undecided(f"the console shows migrations that could be it: {listed.ids}", listed.handles)
    target = await account.session.clusters.describe(target_id)
    baseline = submission.baseline or {}
    new: list[str] = []
    if names := baseline.get("wanted"):
        present = await _names(account, target, [name.partition("/")[0] for name in names])
        new = [name for name in names if name in present]
    elif "present" in baseline and len(baseline["present"]) < MAX_NAMES:
        new = sorted(await _names(account, target, [DEFAULT_DATABASE]) - {*baseline["present"]})
    if new:
        what = f"collections are new in the cluster: {first_of(new)}"
        return Undecided(f"{what}; whether this migration brought them, or somebody else, nothing tells")
    return Undecided("none of its collections is in the cluster so far, which does not tell whether it began")


async def follow(account: Account, target_id: str, submission: Submission | None) -> Seen | Missing:
    """How far the job is, by the collections that are there; for a job whose id nobody knows. Raises CloudError."""
    names = ((submission.baseline if submission else None) or {}).get("wanted") or []
    target = await account.session.clusters.describe(target_id)
    present = await _names(account, target, [name.partition("/")[0] for name in names])
    there = sum(name in present for name in names)
    if not there:
        return Missing()
    done = there == len(names)
    count = f"{there} of its {len(names)} collections are in the cluster"
    return Seen(
        state=State.SUCCESSFUL if done else State.IN_PROGRESS,
        cloud_status=target.status,
        progress=100 * there // len(names),
        message=f"{count}; without its job id nothing else is known",
        result={"clusterId": target_id},
    )


async def running(account: Account, cluster_id: str) -> Cluster | Blocked:
    """The cluster, if it can take part in a migration now: it must be RUNNING (inferred). Raises CloudError."""
    cluster = await account.session.clusters.describe(cluster_id)
    match cluster_state_of(cluster.status):
        case ClusterState.RUNNING:
            return cluster
        case ClusterState.DELETED:
            return Blocked(Reason.CLUSTER_NOT_FOUND, f"cluster {cluster_id} is deleted")
        case _:
            return Blocked(Reason.CLUSTER_BUSY, f"cluster {cluster_id} is {cluster.status}", BUSY_SECONDS)


async def _whole(account: Account, spec: MigrationJobSpec, source: Cluster) -> dict[str, list[str]]:
    """What is in the databases that are taken as a whole; of an unnamed rest, the default one stands for all, since
    the databases of a cluster cannot be listed."""
    data = account.session.data(source.connect_address)
    whole = [move.database for move in moves(spec) if not move.collection] if spec.collections else [DEFAULT_DATABASE]
    return {database: sorted(await data.list_collections(database=database)) for database in whole}


async def _names(account: Account, cluster: Cluster, databases: list[str]) -> set[str]:
    data = account.session.data(cluster.connect_address)
    return {
        place(database, name)
        for database in dict.fromkeys(databases)
        for name in await data.list_collections(database=database)
    }
