"""Backups: create, list, describe, delete (documented).

One manual backup at a time per cluster, and none beside an automatic one; only on a RUNNING dedicated
cluster. Cross-region copies get jobs of their own only after the main job has succeeded, and nobody is told
their ids (documented). Lists and describe never name the job.
"""

from dataclasses import replace
from datetime import datetime

from zilliz_local.cloud.answers import NOT_FOR_SERVERLESS, Problem, bad_request, missing_backup, wrong_state
from zilliz_local.cloud.backups import AUTO, MANUAL, Backup
from zilliz_local.cloud.clusters import DEFAULT_DB, Cluster
from zilliz_local.cloud.contents import Contents, whole_names
from zilliz_local.cloud.jobs import BACKUP, CROSS_REGION_COPY, SUCCESSFUL, Job
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import view
from zilliz_local.cloud.world import World

routes = Routes()

CREATE = "/v2/clusters/{clusterId}/backups/create"
ONE = "/v2/clusters/{clusterId}/backups/{backupId}"


@routes.on("POST", CREATE, "backup.create", kind="submit")
def create(call: Call) -> object:
    """Back up a cluster or some collections of one database."""
    cluster = call.cluster(call.path["clusterId"])
    method = call.text("creationMethod", MANUAL) if call.client != "api" else MANUAL
    backup_type, contents = _what(call, cluster)
    if cluster.fields.deployment_option != "Dedicated":
        raise Problem(NOT_FOR_SERVERLESS, "Backups are for dedicated clusters")
    cluster.require_status("RUNNING", "create a backup")
    if method == MANUAL and _busy(call, cluster):
        raise wrong_state(f"Another backup of the cluster {cluster.cluster_id} is in progress, try again later")
    backup = _new_backup(call, cluster, backup_type, contents, method)
    call.effect("submit", job_id=backup.job_id, clusterId=cluster.cluster_id, backupId=backup.backup_id)
    if backup.copy_regions:
        call.world.whenever(lambda now: _make_copies(call, backup, now))
    return {"backupId": backup.backup_id, "backupName": backup.backup_name, "jobId": backup.job_id}


@routes.on("GET", "/v2/backups", "backup.list")
def list_backups(call: Call) -> object:
    """Backups by project, cluster, method, type and time of creation, newest first."""
    newest = call.newest_listed
    since, until = _moment(call, "start"), _moment(call, "end")
    wanted = {
        name: call.text(name)
        for name in ("projectId", "clusterId", "creationMethod", "backupType")
        if name in call.given and "backups" not in call.world.behaviour.filters_ignored
    }
    rows = [
        backup
        for backup in reversed(call.world.backups.values())
        if backup.created_at <= newest
        and (not backup.copy_of or call.world.behaviour.copies_listed)
        and call.key.may_see(backup.project_id)
        and all(_filters(backup)[name] == value for name, value in wanted.items())
        and (since is None or backup.created_at >= since)
        and (until is None or backup.created_at <= until)
        and call.backup_status(backup) not in ("", "DELETED")
    ]
    return call.page(rows, "backups", lambda backup: _summary(call, backup))


@routes.on("GET", ONE, "backup.get")
def describe(call: Call) -> object:
    """One backup with its collections."""
    _, backup = call.backup()
    shape, known = (
        call.world.behaviour.backups_tell_collections,
        _summary(call, backup) | {"regionId": backup.region_id},
    )
    if shape == "flat":
        return known | {"collections": [{"collectionName": name} for _, name in backup.contents]}
    if shape == "none":
        return known
    return known | {
        "dbCollections": [
            {
                "dbName": db,
                "collections": [
                    {
                        "collectionName": name,
                        "description": backup.contents[db, name].description,
                        "status": "LOADED" if backup.contents[db, name].loaded else "UNLOADED",
                    }
                    for name in names
                ],
            }
            for db, names in whole_names(backup.contents).items()
        ],
    }


@routes.on("DELETE", ONE, "backup.delete", kind="delete")
def delete(call: Call) -> object:
    """Delete a finished backup."""
    _, backup = call.backup()
    status = call.backup_status(backup)
    if status == "DELETED":
        raise missing_backup(backup.backup_id)
    if status == "CREATING":
        raise wrong_state(f"The backup {backup.backup_id} is CREATING: cannot delete it")
    backup.deleted = True
    call.effect("delete", clusterId=backup.cluster_id, backupId=backup.backup_id)
    return {"backupId": backup.backup_id, "backupName": backup.backup_name}


def _what(call: Call, cluster: Cluster) -> tuple[str, Contents]:
    backup_type, contents = call.need("backupType"), cluster.contents()
    if backup_type == "CLUSTER":
        return backup_type, contents
    if backup_type != "COLLECTION":
        raise bad_request(f"backupType must be CLUSTER or COLLECTION, not {backup_type}")
    given = call.given.get("dbCollections")
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        raise bad_request("dbCollections must name the collections of exactly one database")
    db_name = str(given[0].get("dbName") or DEFAULT_DB)
    names = given[0].get("collectionNames")
    if not isinstance(names, list) or not names:
        raise bad_request("dbCollections[0].collectionNames is missing")
    for name in names:
        cluster.require_collection(db_name, str(name))
    return backup_type, {(db_name, str(name)): contents[db_name, str(name)] for name in names}


def _busy(call: Call, cluster: Cluster) -> bool:
    """Whether any backup of this cluster is unfinished: manual ones wait for automatic ones too."""
    return any(
        backup.cluster_id == cluster.cluster_id and not backup.copy_of and call.backup_status(backup) == "CREATING"
        for backup in call.world.backups.values()
    )


def _new_backup(call: Call, cluster: Cluster, backup_type: str, contents: Contents, method: str) -> Backup:
    world = call.world
    copies = call.given.get("crossRegionCopies", [])
    if not isinstance(copies, list) or not all(isinstance(copy, dict) and copy.get("regionId") for copy in copies):
        raise bad_request("crossRegionCopies must be a list of objects with a regionId")
    db_name, names = "", ""
    if backup_type == "COLLECTION":
        ((db_name, listed),) = whole_names(contents).items()
        names = ",".join(listed)
    job = call.start_job(BACKUP, cluster, db_name=db_name, collection=names, cancelable=True)
    backup = Backup(
        backup_id=world.new_id("backup0_", 15),
        backup_name=f"{cluster.name}_backup{len(world.backups) + 1}",
        backup_type=backup_type,
        cluster_id=cluster.cluster_id,
        project_id=cluster.fields.project_id,
        region_id=cluster.fields.region_id,
        created_at=call.now,
        job_id=job.job_id,
        creation_method=AUTO if method == AUTO else MANUAL,
        size=max(1, cluster.fields.storage_size),
        contents=contents,
        copy_regions=tuple(str(copy["regionId"]) for copy in copies),
    )
    job.backup_id = backup.backup_id
    world.backups[backup.backup_id] = backup
    return backup


def _make_copies(call: Call, backup: Backup, now: float) -> bool:
    """Start the copy jobs at the moment the main job succeeded; give up if it did not."""
    world: World = call.world
    main = world.jobs.get(backup.job_id)
    seen = view(main, now) if main else None
    if seen is not None and not seen.final:
        return False
    regions, backup.copy_regions = backup.copy_regions, ()
    if main is None or seen is None or seen.status != SUCCESSFUL or seen.ended_at is None:
        return True
    for region in regions:
        plan = world.plan(CROSS_REGION_COPY, seen.ended_at)
        job = Job(
            world.new_job_id(),
            CROSS_REGION_COPY,
            main.project_id,
            main.cluster_id,
            region,
            seen.ended_at,
            plan,
            client=call.client,
        )
        copy = Backup(
            backup_id=world.new_id("backup0_", 15),
            backup_name=f"{backup.backup_name}_{region}",
            backup_type=backup.backup_type,
            cluster_id=backup.cluster_id,
            project_id=backup.project_id,
            region_id=region,
            created_at=seen.ended_at,
            job_id=job.job_id,
            creation_method=backup.creation_method,
            size=backup.size,
            contents=backup.contents,
            copy_of=backup.backup_id,
        )
        job.backup_id = copy.backup_id
        world.jobs.add(job)
        world.backups[copy.backup_id] = copy
        replace(call, now=seen.ended_at).effect(
            "copy", job_id=job.job_id, clusterId=copy.cluster_id, backupId=copy.backup_id, regionId=region
        )
    return True


def _filters(backup: Backup) -> dict[str, str]:
    return {
        "projectId": backup.project_id,
        "clusterId": backup.cluster_id,
        "creationMethod": backup.creation_method,
        "backupType": backup.backup_type,
    }


def _summary(call: Call, backup: Backup) -> dict[str, object]:
    stamp = call.world.clock.stamp
    status = call.backup_status(backup)
    cluster = call.world.clusters.get(backup.cluster_id)
    expires = backup.created_at + 30 * 86_400 if backup.creation_method == AUTO else None
    return {
        "projectId": backup.project_id,
        "backupId": backup.backup_id,
        "backupName": backup.backup_name,
        "backupType": backup.backup_type,
        "creationMethod": backup.creation_method,
        "size": backup.size if status == "AVAILABLE" else 0,
        "expireTime": stamp(expires),
        "clusterId": backup.cluster_id,
        "clusterName": cluster.name if cluster else "",
        "createTime": stamp(backup.created_at),
        "status": status,
        "restoreNewInstancePolicies": ["LATEST", "ORIGINAL"],
    }


def _moment(call: Call, name: str) -> float | None:
    if name not in call.given:
        return None
    try:
        wall = datetime.fromisoformat(call.text(name))
    except ValueError:
        raise bad_request(f"{name} must be an ISO-8601 time") from None
    if wall.tzinfo is None:
        raise bad_request(f"{name} must say its time zone")
    return (wall - call.world.clock.began).total_seconds()
