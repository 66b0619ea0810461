"""Restores of a backup: into a new cluster, or of a collection into a running one (documented; no cancel).

The backup must be AVAILABLE. Answers with a jobId; a new cluster also with the password that is told once.
"""

from zilliz_local.cloud.answers import NOT_FOR_SERVERLESS, Problem, bad_request, missing_collection
from zilliz_local.cloud.arrivals import Arrival, let_arrive, require_free
from zilliz_local.cloud.backups import Backup
from zilliz_local.cloud.bodies import Body, need, one_of, sections, text, whole
from zilliz_local.cloud.clusters import DEFAULT_DB
from zilliz_local.cloud.jobs import RESTORE
from zilliz_local.cloud.newclusters import NewCluster, create_cluster, require_new
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

STATUS_WORDS = {
    "both": ("KEEP", "RELEASE", "LOADED", "NOT_LOADED"),
    "documented": ("KEEP", "RELEASE"),
    "clients": ("LOADED", "NOT_LOADED"),
}
BACKUP = "/v2/clusters/{clusterId}/backups/{backupId}"


@routes.on("POST", f"{BACKUP}/restoreCluster", "restore.cluster", kind="submit")
def restore_cluster(call: Call) -> object:
    """Restore a backup of a cluster into a new one, in the same region and of the same type."""
    name, project_id = call.need("clusterName"), call.need("projectId")
    cu_size = whole(call.given, "cuSize", 1024)
    if cu_size is None:
        raise bad_request("cuSize is missing")
    words = STATUS_WORDS[call.world.behaviour.collection_status_words]
    keep = one_of(call.given, "collectionStatus", words) in ("KEEP", "LOADED")
    one_of(call.given, "restoreVersionPolicy", ("LATEST", "ORIGINAL"), "LATEST")
    source, backup = call.available_backup()
    if backup.backup_type != "CLUSTER":
        raise bad_request(f"{backup.backup_id} is a backup of collections: it restores no cluster")
    fields = source.fields
    wanted = NewCluster(name, project_id, backup.region_id, cu_size, fields.cu_type, fields.plan, fields.storage_size)
    require_new(call, wanted)
    arrivals = [
        Arrival(*place, content.copy(loaded=keep and content.loaded)) for place, content in backup.contents.items()
    ]
    return create_cluster(
        call, RESTORE, wanted, arrivals, status="RESTORE_BACKUP", source_cluster_id=source.cluster_id,
        backup_id=backup.backup_id,
    )  # fmt: skip


@routes.on("POST", f"{BACKUP}/restoreCollection", "restore.collection", kind="submit")
def restore_collection(call: Call) -> object:
    """Restore one collection or several, or without dbCollections everything (unloaded), into a cluster."""
    source, backup = call.available_backup()
    target_id = text(call.given, "destClusterId", "targetClusterId") or call.need("destClusterId")
    target = call.cluster(target_id)
    if target.fields.deployment_option != "Dedicated":
        raise Problem(NOT_FOR_SERVERLESS, "Backups are restored into dedicated clusters")
    target.require_status("RUNNING", "restore into it")
    arrivals = _arrivals(call, backup)
    require_free(target, arrivals)
    job = call.start_job(
        RESTORE, target, db_name=arrivals[0].db_name, collection=",".join(one.name for one in arrivals),
        backup_id=backup.backup_id, source_cluster_id=source.cluster_id,
    )  # fmt: skip
    let_arrive(call.world, job, arrivals)
    call.effect(
        "submit", job_id=job.job_id, clusterId=target.cluster_id, dbName=job.db_name, collection=job.collection,
        backupId=backup.backup_id, sourceClusterId=source.cluster_id,
    )  # fmt: skip
    return {"jobId": job.job_id}


def _arrivals(call: Call, backup: Backup) -> list[Arrival]:
    """What will come, under which names. Older documentation spells dest* as target*."""
    databases = sections(call.given, "dbCollections")
    named = [(database, one) for database in databases for one in sections(database, "collections")]
    if len(named) != 1 and not call.world.behaviour.restores_several:
        raise bad_request(f"dbCollections must name one collection, not {len(named)}")
    if not databases:
        if not backup.contents:
            raise bad_request(f"the backup {backup.backup_id} holds no collection")
        return [Arrival(*place, content.copy(loaded=False)) for place, content in backup.contents.items()]
    if not named:
        raise bad_request("dbCollections names no collection")
    return [_arrival(backup, database, one) for database, one in named]


def _arrival(backup: Backup, database: Body, one: Body) -> Arrival:
    db_name, name = text(database, "dbName", default=DEFAULT_DB), need(one, "collectionName", "collections[]")
    content = backup.contents.get((db_name, name))
    if content is None:
        raise missing_collection(db_name, name)
    status = "targetCollectionStatus" if "targetCollectionStatus" in one else "destCollectionStatus"
    loaded = one_of(one, status, ("LOADED", "UNLOADED"), "UNLOADED") == "LOADED"
    dest_db = text(database, "destDbName", "targetDbName", default=db_name)
    dest = text(one, "destCollectionName", "targetCollectionName", default=name)
    return Arrival(dest_db, dest, content.copy(loaded=loaded))
