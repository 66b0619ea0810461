"""The job centre of the web console, as an API of our own shape under /console/v1.

The vendor publishes no such API; the rules are the console's (documented): cancel only what is pending or
in progress and of a cancelable type, retry only a failed import.
"""

from zilliz_local.cloud.answers import wrong_state
from zilliz_local.cloud.jobs import FAILED, IMPORT, IN_PROGRESS, PENDING, Cancel, Job
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import JobView, view

from .jobs import job_fields

routes = Routes()

FILTERS = ("projectId", "type", "clusterId")


@routes.on("GET", "/console/v1/jobs", "console.list")
def list_jobs(call: Call) -> object:
    """Jobs of every type, newest first; filters projectId, clusterId, type, status."""
    heeded = () if "console" in call.world.behaviour.filters_ignored else FILTERS
    wanted = [(name, call.text(name)) for name in heeded if name in call.given]
    memory = call.world.behaviour.jobs_forgotten_after_seconds
    newest = call.newest_listed
    rows = [
        job
        for job in call.world.jobs.all()
        if job.created_at <= newest
        and call.key.may_see(job.project_id)
        and all(value in _filter(job, name) for name, value in wanted)
    ]
    if status := call.text("status"):
        rows = [job for job in rows if view(job, call.now).status == status]
    if memory is not None:
        rows = [job for job in rows if not call.forgotten(view(job, call.now), memory)]
    rows.reverse()
    rows.sort(key=lambda job: -job.created_at)
    return call.page(rows, "jobs", lambda job: _shown(call, job, view(job, call.now)))


@routes.on("GET", "/console/v1/jobs/{jobId}", "console.get")
def get_job(call: Call) -> object:
    """One job with what it works on."""
    job, seen = call.job(call.path["jobId"])
    return _shown(call, job, seen)


@routes.on("POST", "/console/v1/jobs/{jobId}/cancel", "console.cancel", kind="cancel")
def cancel(call: Call) -> object:
    """Cancel a job; repeatable while it is CANCELING or CANCELED."""
    job, seen = call.job(call.path["jobId"])
    if not job.cancelable:
        raise wrong_state(f"The job {job.job_id} of type {job.type} cannot be canceled")
    if seen.status in (PENDING, IN_PROGRESS):
        world = call.world
        seconds = 0.0 if "CANCELING" in world.behaviour.skip_states else world.durations.cancel_seconds
        job.cancel, job.forced = Cancel(call.now, seconds, seen.fraction), None
        call.effect("cancel", job_id=job.job_id, clusterId=job.cluster_id)
    elif job.cancel is None:
        raise wrong_state(f"The job {job.job_id} is {seen.status}: cannot be canceled any more")
    return {"jobId": job.job_id, "status": view(job, call.now).status}


@routes.on("POST", "/console/v1/jobs/{jobId}/retry", "console.retry", kind="retry")
def retry(call: Call) -> object:
    """Run a failed import again, with the files as they are now; under the same id, or a new one."""
    job, seen = call.job(call.path["jobId"])
    if job.type != IMPORT or job.source is None:
        raise wrong_state(f"The job {job.job_id} of type {job.type} cannot be retried")
    if seen.status != FAILED:
        raise wrong_state(f"The job {job.job_id} is {seen.status}: only failed imports can be retried")
    again = _run_again(call, job)
    call.effect("retry", job_id=again.job_id, clusterId=job.cluster_id, collection=job.collection, retryOf=job.job_id)
    return {"jobId": again.job_id, "status": view(again, call.now).status}


def _run_again(call: Call, job: Job) -> Job:
    world = call.world
    files = world.objects.read(job.source) if job.source else ()
    plan = world.plan(IMPORT, call.now, files)
    if world.behaviour.retry_keeps_id:
        job.files, job.plan, job.forced, job.retries = files, plan, None, job.retries + 1
        return job
    return world.jobs.add(
        Job(
            world.new_job_id(), IMPORT, job.project_id, job.cluster_id, job.region_id, call.now, plan,
            client=call.client, db_name=job.db_name, collection=job.collection, files=files, source=job.source,
            retries=job.retries + 1,
        )
    )  # fmt: skip


def _filter(job: Job, name: str) -> tuple[str, ...]:
    match name:
        case "projectId":
            return (job.project_id,)
        case "clusterId":
            return (job.cluster_id, job.source_cluster_id)
        case _:
            return (job.type,)


def _shown(call: Call, job: Job, seen: JobView) -> dict[str, object]:
    return job_fields(call, job, seen) | {
        "projectId": job.project_id,
        "clusterId": job.cluster_id,
        "sourceClusterId": job.source_cluster_id,
        "regionId": job.region_id,
        "createTime": call.world.clock.stamp(job.created_at),
        "createdBy": call.world.behaviour.creators.get(job.client, ""),
        "dbName": job.db_name,
        "collectionName": job.collection,
        "backupId": job.backup_id,
        "cancelable": job.cancelable and seen.status in (PENDING, IN_PROGRESS),
        "retryable": job.type == IMPORT and seen.status == FAILED,
    }
