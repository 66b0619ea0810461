"""Clusters: list and describe (documented), suspend, resume and scale (documented; they return no jobId).

RUNNING -> STOPPING -> STOPPED -> RESUMING -> RUNNING, and RUNNING -> MODIFYING -> RUNNING. STOPPED is missing
from the documented words but real.
"""

from zilliz_local.cloud.answers import Problem, bad_request
from zilliz_local.cloud.clusters import Change, Cluster
from zilliz_local.cloud.routes import Call, Routes

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
        "createProgress": 100,
    }
    if call.world.behaviour.cluster_has_replica:
        more["replica"] = cluster.fields.replica
    if cluster.autoscaling:
        more["autoscaling"] = cluster.autoscaling
    return _summary(call, cluster) | more


@routes.on("POST", "/v2/clusters/{clusterId}/suspend", "cluster.suspend", kind="suspend")
def suspend(call: Call) -> object:
    """Stop a running dedicated cluster."""
    cluster = call.cluster(call.path["clusterId"])
    cluster.require_status("RUNNING", "suspend")
    return _change(call, cluster, Change("STOPPING", call.now + call.world.durations.suspend_seconds, "STOPPED"))


@routes.on("POST", "/v2/clusters/{clusterId}/resume", "cluster.resume", kind="resume")
def resume(call: Call) -> object:
    """Start a stopped cluster."""
    cluster = call.cluster(call.path["clusterId"])
    cluster.require_status("STOPPED", "resume")
    return _change(call, cluster, Change("RESUMING", call.now + call.world.durations.resume_seconds, "RUNNING"))


@routes.on("POST", "/v2/clusters/{clusterId}/modify", "cluster.modify", kind="modify")
@routes.on("POST", "/v2/clusters/{clusterId}/modifyReplica", "cluster.modify_replica", kind="modify")
def modify(call: Call) -> object:
    """Scale to a size or replica count, or set dynamic or scheduled scaling."""
    cluster = call.cluster(call.path["clusterId"])
    cu_size, replica = _size(call, "cuSize", 1024), _size(call, "replica", 10)
    autoscaling = call.given.get("autoscaling", {})
    if not isinstance(autoscaling, dict):
        raise bad_request("autoscaling must be an object")
    if not (cu_size or replica or autoscaling):
        raise Problem(1801, "Nothing to modify: give cuSize, replica or autoscaling")
    for fixed, dynamic, name in ((cu_size, "cu", "cuSize"), (replica, "replica", "replica")):
        if fixed and dynamic in autoscaling:
            raise bad_request(f"{name} and autoscaling.{dynamic} exclude each other")
    cluster.require_status("RUNNING", "modify")
    if autoscaling:
        cluster.autoscaling = cluster.autoscaling | autoscaling
    ends_at = call.now + call.world.durations.modify_seconds
    return _change(call, cluster, Change("MODIFYING", ends_at, "RUNNING", cu_size, replica))


def _size(call: Call, name: str, most: int) -> int | None:
    given = call.given.get(name)
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= most:
        raise bad_request(f"{name} must be a whole number from 1 to {most}")
    return given


def _change(call: Call, cluster: Cluster, change: Change) -> object:
    cluster.change = change
    call.effect(call.route.kind, clusterId=cluster.cluster_id)
    return {"clusterId": cluster.cluster_id, "prompt": f"Submitted: the cluster is now {change.status}."}


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
        "connectAddress": cluster.connect_address,
        "privateLinkAddress": "",
        "createTime": call.world.clock.stamp(cluster.created_at),
    }
    if call.world.behaviour.cluster_has_replica:
        shown["deploymentOption"] = fields.deployment_option
    return shown
