"""A collection filled with a sample data set. Console only; path and body are ours."""

from zilliz_local.cloud.arrivals import Arrival, let_arrive, require_free
from zilliz_local.cloud.clusters import DEFAULT_DB
from zilliz_local.cloud.contents import Collection
from zilliz_local.cloud.jobs import SAMPLE_COLLECTION
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

SAMPLE_ROWS = 1_000


@routes.on("POST", "/console/v1/collections/sample", "console.sample", kind="submit")
def sample(call: Call) -> object:
    """Make a collection and fill it with a data set; any name of one will do. Cannot be canceled."""
    cluster = call.cluster(call.need("clusterId"))
    db_name, name = call.text("dbName", DEFAULT_DB), call.need("collectionName")
    dataset = call.need("dataset")
    cluster.require_status("RUNNING", "create a sample collection")
    arrivals = [Arrival(db_name, name, Collection(f"Sample data: {dataset}", rows=SAMPLE_ROWS))]
    require_free(cluster, arrivals)
    job = call.start_job(SAMPLE_COLLECTION, cluster, db_name=db_name, collection=name)
    let_arrive(call.world, job, arrivals)
    call.effect(
        "submit", job_id=job.job_id, clusterId=cluster.cluster_id, dbName=db_name, collection=name, dataset=dataset
    )
    return {"jobId": job.job_id}
