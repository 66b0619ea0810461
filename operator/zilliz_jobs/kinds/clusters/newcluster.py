"""A cluster that a job makes (a restore, a migration): the verbs that go by the cluster, for every such kind.

Names of clusters are unique (recorded: code 40013), so the name is the mark of the submission, and a second send of
the same one is refused. The answer tells the password, this once; whoever loses the answer has lost it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply, Taken
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    AlreadyDone,
    Blocked,
    Found,
    Look,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Claimable, SubmitContext
from zilliz_jobs.kinds.clocks import CloudClocks
from zilliz_jobs.kinds.joblist import new_jobs, new_jobs_in_project
from zilliz_jobs.kinds.place import Place, RawSpec, place_in
from zilliz_jobs.kinds.spelling import is_same

HANDLE = "newClusterId"
"""Its key in a handle. Not `clusterId`: that is a cluster which a job works on, as others may; this one is the job's
alone, and no other object may take it for its own lost submission."""


def place(spec: RawSpec, handle: Mapping[str, str], *others: object) -> Place:
    """Of a job that makes the cluster which this part of its spec describes; of the other parts where it makes none.
    Pure."""
    made = {**spec, "clusterId": handle.get(HANDLE, "")} if spec else {}
    return place_in(made, *others, handle)


MAX_NAME = 32  # the shortest limit that a page of the cloud names for a cluster's name
TOKEN_DIGITS = 8
ABNORMAL = "ABNORMAL"
HAS_RUN = (ClusterState.SCALING, ClusterState.SUSPENDING, ClusterState.SUSPENDED, ClusterState.RESUMING)


@dataclass(frozen=True)
class NewCluster:
    """What the look-up compares with. `own_name`: the name has our token in it, so it proves what it names."""

    name: str
    project_id: str
    cu_size: int
    own_name: bool


def default_name(object_name: str, token: str) -> str:
    """A name that no other submission has: the object's, as far as it fits, and the token's beginning."""
    mark = token[:TOKEN_DIGITS]
    head = object_name.replace(".", "-")[: MAX_NAME - len(mark) - 1].rstrip("-")
    return f"{head}-{mark}"


async def prepare(account: Account, wanted: NewCluster, context: SubmitContext) -> AlreadyDone | Blocked | None:
    """Whether the name is free; None where it is, or where whoever has it by now may be this attempt's own cluster:
    the cloud refuses a second one then, and that leads to another look. Raises CloudError."""
    if context.sent_before:
        return None
    taken = [cluster.cluster_id for cluster in await _clusters(account) if cluster.cluster_name == wanted.name]
    if not taken:
        return None
    if context.finds_first and not wanted.own_name:
        cluster = await account.session.clusters.describe(taken[0])
        if not _differs(cluster, wanted, Submission(), account.clocks):
            return AlreadyDone(f"cluster {taken[0]} is named {wanted.name}, in the same project and of the same size")
    return Blocked(
        Reason.NAME_TAKEN, f"a cluster named {wanted.name} exists already ({taken[0]}); choose another name"
    )


def answered(reply: EffectReply, *, busy: Reason) -> SubmitAnswer:
    """The answer of a call that makes a cluster. The password goes into the credentials and nowhere else."""
    answer = answers.submitted(reply, ("jobId",), busy=busy, makes_named=True)
    if not isinstance(answer, Accepted) or not isinstance(reply, Taken):
        return answer
    told = {name: reply.text(name) for name in ("clusterId", "username", "password")}
    cluster_id = told["clusterId"]
    return Accepted(
        answer.handle | ({HANDLE: cluster_id} if cluster_id else {}),
        {"clusterId": cluster_id} if cluster_id else {},
        {name: value for name, value in told.items() if value} if told["password"] else {},
    )


async def find(
    account: Account,
    wanted: NewCluster,
    submission: Submission,
    free: Claimable,
    *,
    job_type: JobType,
    source_cluster_id: str | None = None,
) -> Look:
    """Look for the cluster by its name. `source_cluster_id`: whence its data come, where that is a cluster. Raises
    CloudError."""
    clusters = await _clusters(account)
    unclaimed = [c for c in clusters if free(c.cluster_id)]
    named = [c for c in unclaimed if c.cluster_name == wanted.name]
    if not named and (odd := [c.cluster_id for c in unclaimed if is_same(c.cluster_name, wanted.name) is None]):
        return Undecided(f"clusters are listed without a name, or with one like {wanted.name}: {first_of(odd)}")
    if not named:
        return await _unlisted(account, clusters, wanted, submission, free, job_type, source_cluster_id) or Absent()
    if len(named) > 1:
        ids = first_of(c.cluster_id for c in named)
        return Undecided(f"{len(named)} clusters are named {wanted.name}: {ids}")
    cluster = await account.session.clusters.describe(named[0].cluster_id)
    if problem := _differs(cluster, wanted, submission, account.clocks):
        return Undecided(f"cluster {cluster.cluster_id} is named {wanted.name}, but {problem}")
    rows = await new_jobs(account, job_type, cluster.cluster_id, submission, free)
    row = rows.of(lambda row: not row.collection_name).only  # a name: what came into it later
    handle = {HANDLE: cluster.cluster_id} | ({"jobId": row.job_id} if row else {})
    evidence = Evidence.MARKER if wanted.own_name else Evidence.INFERRED
    return Found(handle, evidence, {"clusterId": cluster.cluster_id})


async def observe(account: Account, cluster_id: str) -> Seen:
    """How the job is, by the cluster alone: for one whose job id is not known, or not known any more. Raises
    CloudError."""
    cluster = await account.session.clusters.describe(cluster_id)
    state, message = _judged(cluster)
    created = cluster.create_progress
    return Seen(
        state=state,
        cloud_status=cluster.status,
        progress=created if state is State.IN_PROGRESS and created is not None and 0 <= created < 100 else None,
        start_time=cluster.create_time,
        message=message,
        result={"clusterId": cluster_id},
    )


def _differs(cluster: Cluster, wanted: NewCluster, submission: Submission, clocks: CloudClocks) -> str:
    """What speaks against this cluster being the wanted one; empty for nothing. Both times are the cloud's."""
    if (cluster.project_id, cluster.cu_size) != (wanted.project_id, wanted.cu_size):
        ours = f"{wanted.project_id} with {wanted.cu_size}"
        return f"is in project {cluster.project_id} with {cluster.cu_size} CU, and not in {ours}"
    return "is older than the submission" if clocks.is_older(cluster.create_time, submission) else ""


def _judged(cluster: Cluster) -> tuple[State | None, str]:
    match cluster_state_of(cluster.status):
        case ClusterState.RUNNING:
            return State.SUCCESSFUL, "the new cluster is running"
        case state if state in HAS_RUN:
            return State.SUCCESSFUL, f"the new cluster has run, and is {cluster.status} now"
        case ClusterState.BLOCKED if cluster.status.upper() == ABNORMAL:
            return State.FAILED, f"the new cluster is {cluster.status}; look at it in the web console"
        case ClusterState.DELETED:
            return State.UNKNOWN, "the new cluster was deleted before the job's end was seen"
        case None:
            return None, ""
        case _:
            return State.IN_PROGRESS, f"the new cluster is {cluster.status}"


async def _clusters(account: Account) -> list[Cluster]:
    return await stable(account.session.clusters.list, key=lambda c: c.cluster_id, listing="list clusters")


async def _unlisted(
    account: Account,
    clusters: list[Cluster],
    wanted: NewCluster,
    submission: Submission,
    free: Claimable,
    job_type: JobType,
    source_cluster_id: str | None,
) -> Undecided | None:
    """A job that the console shows, into a cluster that no list shows: it may be ours, and have failed at once. Where
    the data come from no cluster, those of the project that the cluster is made in."""
    if source_cluster_id is None:
        rows = await new_jobs_in_project(account, job_type, wanted.project_id, submission, free)
    else:
        rows = await new_jobs(account, job_type, source_cluster_id, submission, free, from_cluster=True)
    listed = {"", *(c.cluster_id for c in clusters)}
    odd = rows.of(lambda row: row.cluster_id not in listed)
    return Undecided(f"the console shows jobs into clusters that are not listed: {odd.ids}") if odd else None
