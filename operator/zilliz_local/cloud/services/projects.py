"""Projects of the organisation (documented)."""

from zilliz_local.cloud.routes import Call, Routes

routes = Routes()


@routes.on("GET", "/v2/projects", "project.list")
def list_projects(call: Call) -> object:
    """Every project the key may see; not paged."""
    world = call.world
    homes = [cluster.fields.project_id for cluster in world.clusters.values()]
    return [
        {
            "projectId": project.project_id,
            "projectName": project.name,
            "regionIds": list(project.region_ids),
            "instanceCount": homes.count(project.project_id),
            "createTime": world.clock.stamp(0),
            "plan": project.plan,
            "orgType": "SAAS",
            "description": "",
        }
        for project in world.projects.values()
        if call.key.may_see(project.project_id)
    ]
