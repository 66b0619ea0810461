"""Clusters: list and describe (documented), suspend and resume (documented; they return no jobId).

RUNNING -> STOPPING -> STOPPED -> RESUMING -> RUNNING. STOPPED is missing from the documented words but real.
"""

from zilliz_local.cloud.clusters import Change, Cluster
from zilliz_local.cloud.jobs import RESUME_CLUSTER, SUSPEND_CLUSTER
from zilliz_local.cloud.routes import Call, Routes

from .scaling import echo

routes = Routes()


@routes.on("GET", "/v2/clusters", "cluster.list")
def list_clusters(call: Call) -> object:
    """Clusters of every project the key may see, newest first."""
    region = call.text("region")
    rows = [
        cluster.at(call.now)
        for cluster in reversed(call.world.clusters.values())
        if call.key.may_see(cluster.fields.project_id)
        and region in ("", cluster.fields.region_id)
        and cluster.created_at <= call.newest_listed
    ]
    return call.page(rows, "clusters", lambda cluster: _summary(call, cluster))


@routes.on("GET", "/v2/clusters/{clusterId}", "cluster.get")
def describe_cluster(call: Call) -> object:
    """Everything about one cluster."""
    cluster = call.cluster(call.path["clusterId"])
    more: dict[str, object] = {
        "storageSize": cluster.fields.storage_size,
        "snapshotNumber": sum(
            backup.cluster_id == cluster.cluster_id and not backup.deleted for backup in call.world.backups.values()
        ),
        "createProgress": cluster.create_progress,
    }
    if call.world.behaviour.cluster_has_replica:
        more["replica"] = cluster.fields.replica
    if call.world.behaviour.autoscaling_told:
        more["autoscaling"] = echo(cluster, normalised=call.world.behaviour.autoscaling_echo_normalised)
    return _summary(call, cluster) | more


@routes.on("POST", "/v2/clusters/{clusterId}/suspend", "cluster.suspend", kind="suspend")
def suspend(call: Call) -> object:
    """Stop a running dedicated cluster."""
    cluster = call.cluster(call.path["clusterId"])
    cluster.require_status("RUNNING", "suspend")
    return _change(call, cluster, SUSPEND_CLUSTER, "STOPPING", "STOPPED")


@routes.on("POST", "/v2/clusters/{clusterId}/resume", "cluster.resume", kind="resume")
def resume(call: Call) -> object:
    """Start a stopped cluster."""
    cluster = call.cluster(call.path["clusterId"])
    cluster.require_status("STOPPED", "resume")
    return _change(call, cluster, RESUME_CLUSTER, "RESUMING", "RUNNING")


def _change(call: Call, cluster: Cluster, job_type: str, status: str, then_status: str) -> object:
    """The console shows a job for it, but the answer does not name it (documented)."""
    job = call.start_job(job_type, cluster)
    cluster.begin(Change(job, status, then_status, autoscaling_before=cluster.autoscaling), call.now)
    call.effect(call.route.kind, job_id=job.job_id, clusterId=cluster.cluster_id)
    return {"clusterId": cluster.cluster_id, "prompt": f"Submitted: the cluster is now {status}."}


def _summary(call: Call, cluster: Cluster) -> dict[str, object]:
    fields = cluster.fields
    shown: dict[str, object] = {
        "clusterId": cluster.cluster_id,
        "clusterName": cluster.name,
        "projectId": fields.project_id,
        "description": fields.description,
        "regionId": fields.region_id,
        "cuType": fields.cu_type,
        "cuSize": fields.cu_size,
        "plan": fields.plan,
        "status": cluster.status,
        "connectAddress": cluster.connect_address(call.origin),
        "privateLinkAddress": "",
        "createTime": call.world.clock.stamp(cluster.created_at),
    }
    if call.world.behaviour.cluster_has_replica:
        shown["deploymentOption"] = fields.deployment_option
    return shown
