"""The one generic read of a job (documented). Nothing in it links the job to its backup or collection."""

from zilliz_local.cloud.jobs import Job
from zilliz_local.cloud.routes import Call, Routes
from zilliz_local.cloud.timeline import JobView

routes = Routes()


@routes.on("GET", "/v2/jobs/{jobId}", "job.get")
def describe_job(call: Call) -> object:
    """State, progress (a string, as documented), times and reason."""
    job, seen = call.job(call.path["jobId"])
    return job_fields(call, job, seen)


def job_fields(call: Call, job: Job, seen: JobView) -> dict[str, object]:
    """The documented fields, which the console list shows too."""
    stamp, unset = call.world.clock.stamp, call.world.behaviour.unset_time
    started = job.plan.begins_at if call.world.behaviour.start_time_while_pending else seen.started_at
    return {
        "jobId": job.job_id,
        "type": job.type,
        "status": seen.status,
        "progress": str(seen.progress),
        "startTime": stamp(started) or unset,
        "endTime": stamp(seen.ended_at) or unset,
        "reason": seen.reason,
    }
