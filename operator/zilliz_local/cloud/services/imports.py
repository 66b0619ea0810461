"""Import v2: create, list, and the one progress read under its three names (documented; SDKs use the third).

The list says only collection, job id and state, and calls a running import InProgress where the progress
answer calls it Importing. Both are documented.
"""

from collections.abc import Sequence

from zilliz_local.cloud.answers import (
    BAD_OBJECT_URL,
    CLUSTER_ID_NEEDED,
    NOTHING_TO_IMPORT,
    TOO_MANY_IMPORTS,
    Problem,
    bad_request,
    no_access,
    unknown_job,
)
from zilliz_local.cloud.bodies import section
from zilliz_local.cloud.clusters import DEFAULT_DB
from zilliz_local.cloud.jobs import CANCELED, CANCELING, FAILED, IMPORT, IN_PROGRESS, PENDING, SUCCESSFUL, Job
from zilliz_local.cloud.objects import ImportSource
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import JobView, file_views, view

routes = Routes()

PROGRESS_STATE = {
    PENDING: "Pending", IN_PROGRESS: "Importing", SUCCESSFUL: "Completed", FAILED: "Failed",
    CANCELING: "Importing", CANCELED: "Failed",
}  # fmt: skip
UNCOMMITTED = "Uncommitted"  # Milvus' word
LIST_STATE = PROGRESS_STATE | {IN_PROGRESS: "InProgress", CANCELING: "InProgress"}


@routes.on("POST", "/v2/vectordb/jobs/import/create", "import.create", kind="submit")
def create(call: Call) -> object:
    """Import files of object storage or a volume into a collection."""
    job = submit_import(call, _urls(call))
    return {"jobId": job.job_id}


@routes.on("POST", "/v2/vectordb/jobs/import/list", "import.list")
def list_imports(call: Call) -> object:
    """Imports of one cluster (or of a project's region, on demand), newest first."""
    rows = import_rows(call, place_of(call))
    return call.page(rows, "records", lambda job: _row(call, job))


@routes.on("POST", "/v2/vectordb/jobs/import/describe", "import.progress")
@routes.on("POST", "/v2/vectordb/jobs/import/get_progress", "import.progress")
@routes.on("POST", "/v2/vectordb/jobs/import/getProgress", "import.progress")
def progress(call: Call) -> object:
    """Progress of a job and of each of its files."""
    job, seen = find_import(call, call.need("jobId"), place_of(call))
    stamp = call.world.clock.stamp
    extra = call.world.behaviour.milvus_import_fields
    details: list[dict[str, object]] = []
    for file in file_views(job, seen):
        rows = file.file.rows if file.state in ("Importing", "Completed") else 0
        details.append(
            {
                "fileName": spelt(call, file.file.name),
                "fileSize": file.file.size_bytes,
                "state": file.state,
                "progress": file.progress,
                "completeTime": stamp(file.ended_at),
                "reason": file.reason,
                "totalRows": rows,
            }
            | ({"importedRows": rows * file.progress // 100} if extra else {})
        )
    started = seen.status != PENDING
    total: dict[str, object] = {
        "jobId": job.job_id,
        "collectionName": job.collection,
        "fileName": ",".join(spelt(call, part.name) for part in job.files),
        "fileSize": sum(part.size_bytes for part in job.files),
        "state": UNCOMMITTED if seen.uncommitted else PROGRESS_STATE[seen.status],
        "progress": seen.progress,
        "completeTime": stamp(seen.ended_at),
        "reason": seen.reason,
        "totalRows": sum(part.rows for part in job.files) if started else 0,
        "details": details,
    }
    if extra:
        total["importedRows"] = sum(int(str(file["importedRows"])) for file in details)
    return total


def submit_import(call: Call, urls: Sequence[str]) -> Job:
    """Check the request, look at the files, make the job. Bad files fail the job, not the request."""
    collection, db_name = call.need("collectionName"), call.text("dbName", DEFAULT_DB)
    place = place_of(call)
    project_id, region_id, cluster_id = call.text("projectId"), call.text("regionId"), call.text("clusterId")
    if cluster_id:
        cluster = call.cluster(cluster_id)
        cluster.require_status("RUNNING", "import data")
        cluster.require_collection(db_name, collection)
        project_id, region_id = cluster.fields.project_id, cluster.fields.region_id
    _require_room(call, place, db_name, collection)
    source = ImportSource(tuple(urls), call.text("accessKey"), call.text("secretKey"), call.text("token"))
    world = call.world
    files = world.objects.read(source)
    job = world.jobs.add(
        Job(
            world.new_job_id(), IMPORT, project_id, cluster_id, region_id, call.now,
            world.plan(IMPORT, call.now, files), client=call.client, db_name=db_name, collection=collection,
            files=files, source=source, two_phase=_waits_for_commit(call),
        )
    )  # fmt: skip
    call.effect(
        "submit", job_id=job.job_id, clusterId=cluster_id, projectId=project_id, dbName=db_name,
        collection=collection,
    )  # fmt: skip
    return job


def spelt(call: Call, name: str) -> str:
    """The name of a file as the progress spells it."""
    return call.world.behaviour.import_file_name.format(name=name)


def _waits_for_commit(call: Call) -> bool:
    """`options.auto_commit`: false, or the text of it (options are texts in Milvus)."""
    value = section(call.given, "options").get("auto_commit", True)
    if value in (True, False):
        return value is False
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "false"
    raise bad_request("options.auto_commit must be true or false")


def find_import(call: Call, job_id: str, place: str) -> tuple[Job, JobView]:
    """An import under its cluster; 90144 if it is not there (any more)."""
    job = call.world.jobs.get(job_id)
    if job is None or job.type != IMPORT or place not in (job.cluster_id, f"{job.project_id}/{job.region_id}"):
        raise unknown_job(job_id)
    seen = view(job, call.now)
    if call.forgotten(seen, call.world.behaviour.imports_forgotten_after_seconds):
        raise unknown_job(job_id)
    return job, seen


def import_rows(call: Call, place: str) -> list[Job]:
    """The imports a list shows, newest first."""
    db_name, collection, newest = call.text("dbName"), call.text("collectionName"), call.newest_listed
    if "imports" in call.world.behaviour.filters_ignored:
        db_name = collection = ""
    rows = [
        job
        for job in call.world.jobs.imports(place)
        if job.created_at <= newest and db_name in ("", job.db_name) and collection in ("", job.collection)
    ]
    memory = call.world.behaviour.imports_forgotten_after_seconds
    if memory is not None:
        rows = [job for job in rows if not call.forgotten(view(job, call.now), memory)]
    rows.reverse()
    return rows


def _row(call: Call, job: Job) -> dict[str, object]:
    seen = view(job, call.now)
    row: dict[str, object] = {
        "collectionName": job.collection,
        "jobId": job.job_id,
        "state": UNCOMMITTED if seen.uncommitted else LIST_STATE[seen.status],
    }
    if call.world.behaviour.milvus_import_fields:
        row |= {"progress": seen.progress, "reason": seen.reason}
    return row


def place_of(call: Call) -> str:
    """The cluster, or project and region for on-demand compute; checks the key's rights."""
    cluster_id = call.text("clusterId")
    if cluster_id:
        return call.cluster(cluster_id).cluster_id
    project_id, region_id = call.text("projectId"), call.text("regionId")
    if not (project_id and region_id):
        raise Problem(CLUSTER_ID_NEEDED, "clusterId is missing in the parameters")
    if project_id not in call.world.projects or not call.key.may_see(project_id):
        raise no_access(project_id)
    return f"{project_id}/{region_id}"


def _require_room(call: Call, place: str, db_name: str, collection: str) -> None:
    most = call.world.behaviour.max_unfinished_imports_per_collection
    jobs = list(call.world.jobs.imports_into(place, db_name, collection))
    if len(jobs) >= most and sum(not view(job, call.now).final for job in jobs) >= most:
        raise Problem(TOO_MANY_IMPORTS, f"The collection {db_name}.{collection} has too many unfinished imports")


def _urls(call: Call) -> list[str]:
    """The source in any of its forms; each inner list holds exactly one file or folder (documented)."""
    volume = call.text("volumeName")
    if volume:
        paths = _single_items(call, "dataPaths")
        return [f"volume://{volume}/{path.lstrip('/')}" for path in paths]
    # The command line's own example sends `files` to the cloud, with URLs in it.
    listed = next((name for name in ("objectUrls", "files") if name in call.given), "")
    alone = call.text("objectUrl")
    urls = _single_items(call, listed) if listed else [alone] if alone else []
    if not urls:
        raise Problem(NOTHING_TO_IMPORT, "Nothing to import: give objectUrls, or volumeName and dataPaths")
    for url in urls:
        if "://" not in url:
            raise Problem(BAD_OBJECT_URL, f"Invalid object URL: {url}")
    return urls


def _single_items(call: Call, name: str) -> list[str]:
    given = call.given.get(name, [])
    if not isinstance(given, list) or not given:
        raise Problem(NOTHING_TO_IMPORT, f"Nothing to import: {name} is missing")
    for inner in given:
        if not (isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], str) and inner[0]):
            raise bad_request(f"{name} must be a list of lists that hold one path each")
    return [inner[0] for inner in given]
