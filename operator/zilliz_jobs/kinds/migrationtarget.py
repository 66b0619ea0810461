"""The cluster that a job makes: its name is the mark by which a lost submission is found again.

Names are unique (recorded: 40013), and the answer that names the cluster also holds its only password, so whoever
finds the cluster by its name has no password.
"""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Seen, Undecided, Waits
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, Claimable
from zilliz_jobs.kinds.joblist import new_jobs

MAX_NAME = 64
SUFFIX = 8

_STATES: dict[ClusterState, State] = {
    ClusterState.CREATING: State.PENDING,
    ClusterState.BUSY: State.IN_PROGRESS,
    ClusterState.DELETED: State.UNKNOWN,
    # What can only happen to a cluster that has run:
    ClusterState.RUNNING: State.SUCCESSFUL,
    ClusterState.SCALING: State.SUCCESSFUL,
    ClusterState.SUSPENDING: State.SUCCESSFUL,
    ClusterState.SUSPENDED: State.SUCCESSFUL,
    ClusterState.RESUMING: State.SUCCESSFUL,
}


def cluster_name(given: str | None, object_name: str, token: str) -> str:
    """The name that a person gave, or one that nobody else will give."""
    if given:
        return given
    readable = object_name[: MAX_NAME - SUFFIX - 1].replace(".", "-").rstrip("-")
    return f"{readable}-{token[:SUFFIX]}"


async def name_taken(account: Account, name: str) -> Waits | None:
    """Why no cluster of this name can be made now. Raises CloudError."""
    if taken := await _named(account, name):
        message = f"a cluster named {name} exists already ({taken[0].cluster_id}); choose another name"
        return Waits(Reason.NAME_TAKEN, message)
    return None


async def find_cluster(
    account: Account,
    *,
    name: str,
    is_own: bool,
    project_id: str,
    cu_size: int,
    job_type: JobType,
    submission: Submission,
    free: Claimable,
) -> Look:
    """The cluster of this name, which was free before the submission. `is_own`: nobody but us would give the name.
    Raises CloudError."""
    named = await _named(account, name)
    if not named:
        return Absent()
    if len(named) > 1:
        ids = ", ".join(cluster.cluster_id for cluster in named[:5])
        return Undecided(f"several clusters are named {name}: {ids}")
    cluster = await account.session.clusters.describe(named[0].cluster_id)
    if cluster.project_id not in ("", project_id) or cluster.cu_size not in (None, cu_size):
        return Undecided(f"cluster {cluster.cluster_id} is named {name}, but has another project or size")
    rows = await new_jobs(account, job_type, cluster.cluster_id, submission, free)
    jobs = [row.job_id for row in rows if row.cluster_id in ("", cluster.cluster_id)]
    handle = {"clusterId": cluster.cluster_id} | ({"jobId": jobs[0]} if len(jobs) == 1 else {})
    evidence = Evidence.MARKER if is_own else Evidence.INFERRED
    return Found(handle, evidence, {"clusterId": cluster.cluster_id})


async def follow_cluster(account: Account, cluster_id: str) -> Seen:
    """How far the job is, by the looks of the cluster that it makes; for a job whose id nobody knows. Raises
    CloudError."""
    cluster = await account.session.clusters.describe(cluster_id)
    state = cluster_state_of(cluster.status)
    failed = cluster.status.upper() == "ABNORMAL"
    seen = State.FAILED if failed else _STATES.get(state) if state else None
    return Seen(
        state=seen,
        cloud_status=cluster.status,
        start_time=cluster.create_time,
        message=f"cluster {cluster_id} is {cluster.status}" if seen is not None and seen.finished else "",
        result={"clusterId": cluster_id},
    )


async def _named(account: Account, name: str) -> list[Cluster]:
    async def fetch() -> list[Cluster]:
        return await account.session.clusters.list()

    clusters = await stable(fetch, key=lambda cluster: cluster.cluster_id, listing="list clusters")
    return [cluster for cluster in clusters if cluster.cluster_name == name]
