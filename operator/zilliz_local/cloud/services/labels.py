"""Labels of a cluster (seen in the vendor's Terraform provider): read, and replaced as a whole."""

from zilliz_local.cloud.bodies import section
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

LABELS = "/v2/clusters/{clusterId}/labels"


@routes.on("GET", LABELS, "label.get")
def get_labels(call: Call) -> object:
    """The labels of a cluster."""
    return {"labels": call.cluster(call.path["clusterId"]).labels}


@routes.on("PUT", LABELS, "label.put", kind="label")
def put_labels(call: Call) -> object:
    """Set the labels of a cluster; those that are not named go."""
    cluster = call.cluster(call.path["clusterId"])
    cluster.labels = {name: str(value) for name, value in section(call.given, "labels").items()}
    call.effect("label", clusterId=cluster.cluster_id)
    return {"labels": cluster.labels}
