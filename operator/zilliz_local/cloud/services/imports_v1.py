"""Import v1 (documented, deprecated): code 200, a float percentage, nulls while there is nothing to say.

The list is written as the older schema has it, numbers as strings under `records`; two switches change it to
the form of the newer example.
"""

from zilliz_local.cloud.answers import BAD_OBJECT_URL, CLUSTER_ID_NEEDED, Problem
from zilliz_local.cloud.jobs import CANCELED, FAILED, SUCCESSFUL
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import file_views, view

from .imports import find_import, import_rows, spelt, submit_import

routes = Routes(version=1)

STATE = {SUCCESSFUL: "ImportCompleted", FAILED: "ImportFailed", CANCELED: "ImportFailed"}
RUNNING = "ImportRunning"


@routes.on("POST", "/v1/vector/collections/import", "import_v1.create", kind="submit")
def create(call: Call) -> object:
    """Import one file or folder."""
    _cluster_id(call)
    url = call.need("objectUrl")
    if "://" not in url:
        raise Problem(BAD_OBJECT_URL, f"Invalid object URL: {url}")
    return {"jobId": submit_import(call, [url]).job_id}


@routes.on("GET", "/v1/vector/collections/import/get", "import_v1.get")
def get(call: Call) -> object:
    """Progress of a job and of each of its files."""
    job, seen = find_import(call, call.need("jobId"), _cluster_id(call))
    stamp = call.world.clock.stamp
    return {
        "collectionName": job.collection,
        "jobId": job.job_id,
        "fileName": ",".join(spelt(call, part.name) for part in job.files),
        "fileSize": sum(part.size_bytes for part in job.files),
        "readyPercentage": seen.progress / 100,
        "completeTime": stamp(seen.ended_at) or None,
        "errorMessage": seen.reason or None,
        "details": [
            {
                "fileName": spelt(call, file.file.name),
                "fileSize": file.file.size_bytes,
                "readyPercentage": file.progress / 100,
                "completeTime": stamp(file.ended_at) or None,
                "errorMessage": file.reason or None,
            }
            for file in file_views(job, seen)
        ],
    }


@routes.on("GET", "/v1/vector/collections/import/list", "import_v1.list")
def list_imports(call: Call) -> object:
    """Imports of one cluster, newest first."""
    behaviour = call.world.behaviour
    answer = call.page(
        import_rows(call, _cluster_id(call)),
        behaviour.v1_items_key,
        lambda job: {
            "collectionName": job.collection,
            "jobId": job.job_id,
            "state": STATE.get(view(job, call.now).status, RUNNING),
        },
    )
    if behaviour.v1_numbers_as_strings:
        answer |= {name: str(answer[name]) for name in ("count", "currentPage", "pageSize")}
    return answer


def _cluster_id(call: Call) -> str:
    if not call.text("clusterId"):
        raise Problem(CLUSTER_ID_NEEDED, "clusterId is missing in the parameters")
    return call.cluster(call.text("clusterId")).cluster_id
