"""Volumes: create, list, describe, delete (documented); temporary upload credentials (seen in clients' code)."""

from zilliz_local.cloud.answers import Problem, bad_project, bad_request
from zilliz_local.cloud.bodies import one_of
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.world import Volume

routes = Routes()

MISSING_VOLUME = 63240


@routes.on("POST", "/v2/volumes/create", "volume.create", kind="create")
def create(call: Call) -> object:
    """Make a volume of a project."""
    project_id, name = call.need("projectId"), call.need("volumeName")
    if project_id not in call.world.projects or not call.key.may_see(project_id):
        raise bad_project(project_id)
    if name in call.world.volumes:
        raise bad_request(f"the volume {name} already exists")
    kind = one_of(call.given, "type", ("MANAGED", "EXTERNAL"), "MANAGED")
    call.world.volumes[name] = Volume(
        name, project_id, call.need("regionId"), kind, call.text("description"), call.text("storageIntegrationId"),
        call.text("path"), call.now,
    )  # fmt: skip
    call.effect("create", projectId=project_id)
    return {"volumeName": name}


@routes.on("GET", "/v2/volumes", "volume.list")
def list_volumes(call: Call) -> object:
    """Volumes of a project."""
    project_id, kind = call.text("projectId"), call.text("type")
    rows = [
        volume
        for volume in call.world.volumes.values()
        if project_id in ("", volume.project_id) and kind in ("", volume.type) and call.key.may_see(volume.project_id)
    ]
    return call.page(rows, "volumes", _row)


@routes.on("GET", "/v2/volumes/{volumeName}", "volume.get")
def describe(call: Call) -> object:
    """One volume."""
    volume = _volume(call, call.path["volumeName"])
    return _row(volume) | {
        "regionId": volume.region_id,
        "storageIntegrationId": volume.storage_integration_id,
        "path": volume.path,
        "status": "RUNNING",
        "createTime": call.world.clock.stamp(volume.created_at),
    }


@routes.on("DELETE", "/v2/volumes/{volumeName}", "volume.delete", kind="delete")
def delete(call: Call) -> object:
    """Remove a volume."""
    volume = _volume(call, call.path["volumeName"])
    del call.world.volumes[volume.name]
    call.effect("delete", projectId=volume.project_id)
    return {"volumeName": volume.name}


@routes.on("POST", "/v2/volumes/apply", "volume.apply")
def apply(call: Call) -> object:
    """Credentials for an upload, which end soon. Without a volume that is named, one of the cluster's own."""
    name = call.text("volumeName")
    if name:
        _volume(call, name)
    else:
        name = f"volume-{call.cluster(call.need('clusterId')).cluster_id}"
    path = call.text("path")
    return {
        "volumeName": name,
        "uploadPath": f"simulated/{path}",
        "endpoint": "s3.us-west-2.amazonaws.com",
        "bucketName": "simulated",
        "region": "us-west-2",
        "cloud": "aws",
        "condition": {"maxContentLength": 10 * 2**30},
        "credentials": {
            "tmpAK": call.world.new_id("AK", 16),
            "tmpSK": call.world.new_id("SK", 32),
            "sessionToken": call.world.new_id("ST", 32),
            "expireTime": call.world.clock.stamp(call.now + 3600),
        },
    }


def _row(volume: Volume) -> dict[str, object]:
    return {"volumeName": volume.name, "type": volume.type, "description": volume.description}


def _volume(call: Call, name: str) -> Volume:
    volume = call.world.volumes.get(name)
    if volume is None or not call.key.may_see(volume.project_id):
        raise Problem(MISSING_VOLUME, f"The volume {name} does not exist")
    return volume
