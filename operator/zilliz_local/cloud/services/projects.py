"""Projects of the organisation (documented)."""

from zilliz_local.cloud.answers import bad_project
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.world import Project

routes = Routes()


@routes.on("GET", "/v2/projects", "project.list")
def list_projects(call: Call) -> object:
    """Every project the key may see; not paged."""
    return [_row(call, project) for project in call.world.projects.values() if call.key.may_see(project.project_id)]


@routes.on("GET", "/v2/projects/{projectId}", "project.get")
def describe_project(call: Call) -> object:
    """One project."""
    project = call.world.projects.get(call.path["projectId"])
    if project is None or not call.key.may_see(project.project_id):
        raise bad_project(call.path["projectId"])
    return _row(call, project)


def _row(call: Call, project: Project) -> dict[str, object]:
    homes = [cluster.fields.project_id for cluster in call.world.clusters.values()]
    return {
        "projectId": project.project_id,
        "projectName": project.name,
        "regionIds": list(project.region_ids),
        "instanceCount": homes.count(project.project_id),
        "createTime": call.world.clock.stamp(0),
        "plan": project.plan,
        "orgType": "SAAS",
        "description": "",
    }
