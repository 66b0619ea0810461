"""Clusters that come into being with a job: a restored one, the target of a migration.

The password is in the answer and nowhere else: it is told once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .answers import bad_project, name_taken
from .arrivals import Arrival, let_arrive
from .clusters import Change, ClusterFields
from .routes import Call


@dataclass(frozen=True, slots=True)
class NewCluster:
    """What was asked for."""

    name: str
    project_id: str
    region_id: str
    cu_size: int
    cu_type: str
    plan: str
    storage_size: int = 0


def require_new(call: Call, wanted: NewCluster) -> None:
    """Problem: no such project for this key, or the name is taken (by any cluster, also an unfinished one)."""
    if wanted.project_id not in call.world.projects or not call.key.may_see(wanted.project_id):
        raise bad_project(wanted.project_id)
    if any(cluster.name == wanted.name for cluster in call.world.clusters.values()):
        raise name_taken(wanted.name)


def create_cluster(
    call: Call,
    job_type: str,
    wanted: NewCluster,
    arrivals: Sequence[Arrival],
    *,
    status: str,
    source_cluster_id: str,
    backup_id: str = "",
    cancelable: bool = False,
) -> dict[str, object]:
    """Make cluster and job, and the answer's data. CREATING, then `status`, then RUNNING; ABNORMAL if it fails, and
    RUNNING but empty after a cancel (both inferred)."""
    world = call.world
    fields = ClusterFields(
        cluster_name=wanted.name,
        project_id=wanted.project_id,
        region_id=wanted.region_id,
        cu_type=wanted.cu_type,
        cu_size=wanted.cu_size,
        plan=wanted.plan,
        storage_size=wanted.storage_size,
    )
    cluster = world.put_cluster(world.new_id("in01-", 15), fields)
    cluster.created_at = call.now
    job = call.start_job(
        job_type, cluster, source_cluster_id=source_cluster_id, backup_id=backup_id, cancelable=cancelable
    )
    change = Change(job, status, status_while_pending="CREATING", status_if_failed="ABNORMAL")
    cluster.begin(change, call.now)
    let_arrive(world, job, arrivals)
    call.effect(
        "submit", job_id=job.job_id, clusterId=cluster.cluster_id, clusterName=wanted.name,
        sourceClusterId=source_cluster_id, backupId=backup_id,
    )  # fmt: skip
    return {
        "clusterId": cluster.cluster_id,
        "username": "db_admin",
        "password": world.new_id("", 16),
        "jobId": job.job_id,
    }
