"""Two-phase imports: commit and abort (Milvus; documented for this cloud in the SDK references, not in the REST one).

An import that was made with `options.auto_commit=false` waits Uncommitted once its data are in. Commit lets it end;
abort fails it, and may be repeated. Abort of any other import is refused, as open-source Milvus does.
"""

from zilliz_local.cloud.answers import Problem, bad_request
from zilliz_local.cloud.jobs import FAILED, Forced, Job
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import JobView, view

from .imports import find_import, place_of

routes = Routes()

ABORTED = "aborted by user"
NOT_TWO_PHASE = 1100  # Milvus: invalid parameter


@routes.on("POST", "/v2/vectordb/jobs/import/commit", "import.commit", kind="commit")
def commit(call: Call) -> object:
    """End an import that waits for it."""
    job, seen = _two_phase(call, "commit")
    if job.committed_at is not None:
        return {}
    if not seen.uncommitted:
        raise Problem(NOT_TWO_PHASE, f"The import {job.job_id} is {seen.status}: it is not Uncommitted")
    job.committed_at = call.now
    call.effect("commit", job_id=job.job_id, clusterId=job.cluster_id, collection=job.collection)
    return {}


@routes.on("POST", "/v2/vectordb/jobs/import/abort", "import.abort", kind="abort")
def abort(call: Call) -> object:
    """Give up an import that is not committed yet."""
    job, seen = _two_phase(call, "abort")
    if seen.status == FAILED and seen.reason == ABORTED:
        return {}
    if seen.final:
        raise Problem(NOT_TWO_PHASE, f"The import {job.job_id} is {seen.status}: cannot abort it any more")
    job.forced = Forced(call.now, FAILED, view(job, call.now).fraction, ABORTED)
    call.effect("abort", job_id=job.job_id, clusterId=job.cluster_id, collection=job.collection)
    return {}


def _two_phase(call: Call, verb: str) -> tuple[Job, JobView]:
    if "jobId" not in call.given:
        raise bad_request("jobId is missing")
    job, seen = find_import(call, call.need("jobId"), place_of(call))
    if not job.two_phase:
        raise Problem(NOT_TWO_PHASE, f"The import {job.job_id} commits by itself: cannot {verb} it")
    return job, seen
