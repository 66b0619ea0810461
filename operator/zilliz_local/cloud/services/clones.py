"""Clone of a collection, with schema and data, within its cluster. Console only; path and body are ours."""

from zilliz_local.cloud.answers import missing_collection
from zilliz_local.cloud.arrivals import Arrival, let_arrive, require_free
from zilliz_local.cloud.clusters import DEFAULT_DB
from zilliz_local.cloud.jobs import CLONE_COLLECTION
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()


@routes.on("POST", "/console/v1/collections/clone", "console.clone", kind="submit")
def clone(call: Call) -> object:
    """Copy a collection under another name; loaded if the original is (inferred). Cannot be canceled."""
    cluster = call.cluster(call.need("clusterId"))
    db_name, name = call.text("dbName", DEFAULT_DB), call.need("collectionName")
    dest_db, dest = call.text("destDbName", db_name), call.need("destCollectionName")
    cluster.require_status("RUNNING", "clone a collection")
    original = cluster.collection(db_name, name)
    if original is None:
        raise missing_collection(db_name, name)
    arrivals = [Arrival(dest_db, dest, original.copy(loaded=original.loaded))]
    require_free(cluster, arrivals)
    job = call.start_job(CLONE_COLLECTION, cluster, db_name=dest_db, collection=dest)
    let_arrive(call.world, job, arrivals)
    call.effect(
        "submit", job_id=job.job_id, clusterId=cluster.cluster_id, dbName=dest_db, collection=dest, source=name
    )
    return {"jobId": job.job_id}
