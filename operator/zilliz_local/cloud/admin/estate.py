"""Admin calls on what there is: clusters, collections, objects, jobs, backups."""

from zilliz_local.cloud.answers import bad_request
from zilliz_local.cloud.clusters import DEFAULT_DB, Cluster, ClusterFields
from zilliz_local.cloud.contents import Collection
from zilliz_local.cloud.crowd import ImportCrowd, put_imports
from zilliz_local.cloud.jobs import Job
from zilliz_local.cloud.objects import StoredObject
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import view

routes = Routes()


@routes.on("GET", "/_sim/state", "sim.state")
def state(call: Call) -> object:
    """Everything: clusters, jobs, backups, objects."""
    world = call.world
    return {
        "now": world.clock.stamp(call.now),
        "clusters": [_cluster(call, cluster) for cluster in world.clusters.values()],
        "jobs": [_job(call, job) for job in world.jobs.all()],
        "backups": [
            {
                "backupId": backup.backup_id,
                "jobId": backup.job_id,
                "clusterId": backup.cluster_id,
                "backupType": backup.backup_type,
                "creationMethod": backup.creation_method,
                "regionId": backup.region_id,
                "copyOf": backup.copy_of,
                "deleted": backup.deleted,
            }
            for backup in world.backups.values()
        ],
        "exports": [export.wire(call.now) for export in world.exports],
        "objects": _objects(call),
    }


@routes.on(
    "PUT", "/_sim/clusters/{clusterId}", "sim.cluster.put",
    example='{"clusterName": "east", "status": "RUNNING", "collections": {"default": ["films"]}}',
)  # fmt: skip
def put_cluster(call: Call) -> object:
    """Create a cluster or change fields of one; fields not given keep their value (or get a default)."""
    cluster_id = call.path["clusterId"]
    old = call.world.clusters[cluster_id].at(call.now).fields.wire() if cluster_id in call.world.clusters else {}
    fields = ClusterFields.model_validate(old | call.given)
    return _cluster(call, call.world.put_cluster(cluster_id, fields))


@routes.on("DELETE", "/_sim/clusters/{clusterId}", "sim.cluster.delete")
def delete_cluster(call: Call) -> object:
    """Remove a cluster; its jobs stay."""
    return _cluster(call, call.world.clusters.pop(call.path["clusterId"]))


@routes.on(
    "PUT", "/_sim/clusters/{clusterId}/collections/{name}", "sim.collection.put",
    example='{"dbName": "default", "description": "", "rows": 10, "loaded": true}',
)  # fmt: skip
def put_collection(call: Call) -> object:
    """Make a collection exist, or change what is given of it."""
    cluster, place = call.world.clusters[call.path["clusterId"]], (call.text("dbName", DEFAULT_DB), call.path["name"])
    held = cluster.collection(*place) or Collection()
    held.description = call.text("description", held.description)
    held.rows = int(call.text("rows", str(held.rows)))
    held.loaded = call.given.get("loaded", held.loaded) is True
    cluster.put_collection(*place, held)
    return _cluster(call, cluster)


@routes.on("DELETE", "/_sim/clusters/{clusterId}/collections/{name}", "sim.collection.delete")
def delete_collection(call: Call) -> object:
    """Make a collection not exist (query dbName)."""
    cluster = call.world.clusters[call.path["clusterId"]]
    cluster.drop_collection(call.text("dbName", DEFAULT_DB), call.path["name"])
    return _cluster(call, cluster)


@routes.on("GET", "/_sim/objects", "sim.objects")
def objects(call: Call) -> object:
    """Objects and prefix rules; credentials are not shown."""
    return _objects(call)


@routes.on(
    "PUT", "/_sim/objects", "sim.objects.put",
    example='{"url": "s3://b/a.parquet", "sizeBytes": 1000, "rows": 10, "problem": null}',
)  # fmt: skip
def put_object(call: Call) -> object:
    """Create an object by `url`, or declare everything below a `prefix`; may need accessKey and secretKey."""
    rest = {name: value for name, value in call.given.items() if name not in ("url", "prefix")}
    stored = StoredObject.model_validate(rest)
    if "prefix" in call.given:
        call.world.objects.put_prefix(call.text("prefix"), stored)
    else:
        call.world.objects.put(call.need("url"), stored)
    return _objects(call)


@routes.on("DELETE", "/_sim/objects", "sim.objects.delete", example='{"url": "s3://b/a.parquet"}')
def delete_object(call: Call) -> object:
    """Remove an object or a prefix rule."""
    call.world.objects.remove(call.need("url"))
    return _objects(call)


@routes.on(
    "POST", "/_sim/imports", "sim.imports",
    example='{"clusterId": "in01-demo0movies0001", "collection": "films", "url": "s3://demo-data/actors.json", '
    '"count": 5000, "runSeconds": 3600, "overSeconds": 1800}',
)  # fmt: skip
def make_imports(call: Call) -> object:
    """Many imports at once, begun evenly over the last `overSeconds`; `jobIds`, the oldest first."""
    return {"jobIds": [job.job_id for job in put_imports(call.world, ImportCrowd.model_validate(call.given))]}


@routes.on(
    "PATCH", "/_sim/jobs", "sim.jobs.force", example='{"jobIds": ["job-1", "job-2"], "status": "SUCCESSFUL"}'
)  # fmt: skip
def force_jobs(call: Call) -> object:
    """Force the same state on many jobs at one moment; an unknown id changes none of them."""
    job_ids = call.given.get("jobIds")
    if not isinstance(job_ids, list) or not job_ids:
        raise bad_request("jobIds must be a list of ids")
    for job_id in job_ids:
        call.world.job(str(job_id))
    for job_id in job_ids:
        _force(call, str(job_id))
    return {"changed": len(job_ids)}


@routes.on(
    "PATCH",
    "/_sim/jobs/{jobId}",
    "sim.job.force",
    example='{"status": "FAILED", "reason": "disk full", "progress": 40}',
)
def force_job(call: Call) -> object:
    """Force a state, which holds until the next call; {"status": null} lets the job go its own way again."""
    _force(call, call.path["jobId"])
    return _job(call, call.world.job(call.path["jobId"]))


@routes.on("DELETE", "/_sim/jobs/{jobId}", "sim.job.forget")
def forget_job(call: Call) -> object:
    """Forget a job: every read answers as if it had never been."""
    shown = _job(call, call.world.job(call.path["jobId"]))
    call.world.jobs.forget(call.path["jobId"])
    return shown


def _force(call: Call, job_id: str) -> None:
    progress = call.given.get("progress")
    call.world.force(
        job_id,
        status=None if call.given.get("status") is None else call.text("status"),
        reason=call.text("reason"),
        progress=None if progress is None else int(str(progress)),
    )


def _cluster(call: Call, cluster: Cluster) -> dict[str, object]:
    now = cluster.at(call.now)
    return {"clusterId": now.cluster_id} | now.fields.wire() | {"status": now.status}


def _objects(call: Call) -> dict[str, object]:
    hidden = {"access_key", "secret_key"}
    storage = call.world.objects
    return {
        "objects": {u: o.model_dump(by_alias=True, exclude=hidden) for u, o in storage.objects.items()},
        "prefixes": {u: o.model_dump(by_alias=True, exclude=hidden) for u, o in storage.prefixes.items()},
    }


def _job(call: Call, job: Job) -> dict[str, object]:
    seen, stamp = view(job, call.now), call.world.clock.stamp
    return {
        "jobId": job.job_id,
        "type": job.type,
        "status": seen.status,
        "progress": seen.progress,
        "reason": seen.reason,
        "createTime": stamp(job.created_at),
        "startTime": stamp(seen.started_at),
        "endTime": stamp(seen.ended_at),
        "projectId": job.project_id,
        "clusterId": job.cluster_id,
        "sourceClusterId": job.source_cluster_id,
        "regionId": job.region_id,
        "dbName": job.db_name,
        "collection": job.collection,
        "backupId": job.backup_id,
        "client": job.client,
        "files": [part.url for part in job.files],
        "retries": job.retries,
    }
