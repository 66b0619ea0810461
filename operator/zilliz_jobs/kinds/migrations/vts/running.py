"""The step Run: one Job of Kubernetes, which runs the engine once; or, where the operator was told of a
cluster of SeaTunnel, one run there (`clusterrun`).

The name of the Job holds the token of the submission, so a second one cannot be made. It is made suspended, gets its
Secret, and is then started; while it is suspended nothing has begun, so a look-up counts that as absent, and the same
submission is sent again: it finds its own Job and goes on from there.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State, Submission
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud.errors import CloudError, Transient
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    CancelAccepted,
    CancelAnswer,
    Elsewhere,
    Found,
    Look,
    Missing,
    NotSent,
    Seen,
    SubmitAnswer,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.migrations import migrationarrivals
from zilliz_jobs.kinds.migrations.vts import clusterrun, refusals
from zilliz_jobs.kinds.migrations.vts.clusterrun import CLUSTER, cluster_of
from zilliz_jobs.kinds.migrations.vts.config import Sink, database_of, render, runs_of
from zilliz_jobs.kinds.migrations.vts.manifests import (
    Owner,
    belongs_to,
    job_name,
    worker_job,
)
from zilliz_jobs.kinds.migrations.vts.target import data_of, marked, named, places, present, target_id
from zilliz_jobs.kinds.migrations.vts.verdict import Verdict
from zilliz_jobs.kinds.migrations.vts.workerjob import own_job, read_job, started
from zilliz_jobs.kinds.migrations.vts.workerstate import judge, verdict_of
from zilliz_jobs.kinds.workeraccess import WorkerAccess
from zilliz_jobs.kube.errors import Body, KubeError

WRITING = "Writing"
"""The word for a worker whose collections are all there: from then on nobody else takes their names."""
RUNNING = ("Running", "RUNNING")  # of a pod, and of SeaTunnel
NO_IMAGE = "the run needs a worker, and the operator was installed without its image; set migrations.vts.image"
OWNER, OBJECT, READ, WRITTEN = "owner", "object", "read", "written"


async def baseline(account: Account, spec: MigrationJobSpec, context: SubmitContext, run: int) -> Baselined | Blocked:
    """The destinations are free. What earlier runs of the same attempt moved goes into the record, as the sums at the
    end need it. Raises CloudError."""
    target = await migrationarrivals.running(account, target_id(spec))
    if isinstance(target, Blocked):
        return target
    data = account.session.data(target.connect_address)
    if taken := await present(data, places(spec, run)):
        where = f"collection {named(taken)} exists in cluster {target_id(spec)}"
        return Blocked(Reason.NAME_TAKEN, f"{where}; choose another destination, or remove it")
    result = context.status.result or {}
    so_far = {READ: [str(result.get("rowsRead", 0))], WRITTEN: [str(result.get("rowsWritten", 0))]}
    record = {OWNER: [context.uid], OBJECT: [context.name]} | (so_far if run else {})
    cluster = account.workers.settings.cluster if account.workers else ""
    if context.sent_before:  # a further send goes where the first one went
        cluster = cluster_of(context.status.submission)
    return Baselined(record | ({CLUSTER: [cluster]} if cluster else {}))


async def submit(
    access: WorkerAccess, account: Account, spec: MigrationJobSpec, request: SubmitRequest, run: int
) -> SubmitAnswer:
    """Make the Job, then its Secret, then start it; or submit the run to the cluster of SeaTunnel. May be sent again
    with the same token: what is there already is its own."""
    try:
        cluster = await account.session.clusters.describe(target_id(spec))
    except CloudError as error:
        return answers.not_sent(error)
    taken = runs_of(spec)[run]
    sink = Sink(cluster.connect_address, access.api_key, database_of(taken))
    text = render(spec, run, request.secrets, sink, request.token)
    ours = {"clusterId": target_id(spec)}
    if cluster_of(request.submission):
        said = await clusterrun.submit(access, request, run, text)
        return said or Accepted(_handle(spec, run, clusterrun.handle_of_run(request.token, run)), ours)
    owner = owner_of(access, request.submission)
    settings = access.settings
    if not settings.image:
        return NotSent(Reason.ENGINE_NOT_ENABLED, NO_IMAGE)
    wanted = worker_job(
        owner, request.token, run, image=settings.image, pull_policy=settings.pull_policy, worker=spec.worker
    )
    try:
        request.fence()
    except Exception as error:  # any: nothing may leave any more
        return NotSent(Reason.NOT_SUBMITTED, f"nothing was sent: {error}")
    job = await own_job(access, wanted, owner, request.token, run)
    if not isinstance(job, dict):
        return job
    if job["spec"].get("suspend"):
        request.fence()
        refused = await started(access, job, text)
        if refused is not None:
            return refused
    return Accepted(_handle(spec, run, job["metadata"]["name"]), ours)


async def find(
    access: WorkerAccess, account: Account, spec: MigrationJobSpec, submission: Submission, run: int
) -> Look:
    """Look for the Job by its name, or for the run by its number. Raises CloudError."""
    if cluster_of(submission):
        if await clusterrun.find(access, submission, run) is None:
            return await _absent(account, spec, submission, run, "SeaTunnel does not know its run")
        handle = _handle(spec, run, clusterrun.handle_of_run(submission.token, run))
        return Found(handle, Evidence.MARKER, {"clusterId": target_id(spec)})
    job = await read_job(access, job_name(submission.token, run))
    if job is not None and not belongs_to(job, owner_of(access, submission), submission.token, run):
        return Elsewhere(f"Job {job['metadata']['name']} is not of this migration; remove it", Reason.NAME_TAKEN)
    if job is not None and not job["spec"].get("suspend"):
        return Found(_handle(spec, run, job["metadata"]["name"]), Evidence.MARKER, {"clusterId": target_id(spec)})
    if job is not None and job["metadata"].get("deletionTimestamp"):
        raise Transient(f"Job {job['metadata']['name']} is being deleted", reason=Reason.KUBERNETES_UNAVAILABLE)
    return await _absent(account, spec, submission, run, "its Job is gone")


async def observe(
    access: WorkerAccess, account: Account, spec: MigrationJobSpec, status: JobStatus, run: int
) -> Seen | Missing:
    """The run by its Job, its pod and the verdict of the worker, or by what SeaTunnel says. Raises CloudError."""
    submission, cancelled = status.submission or Submission(), is_cancelled(status)
    if cluster_of(submission):
        seen, verdict = await clusterrun.observe(access, submission, run, cancelled=cancelled)
    else:
        seen, verdict = await _observe_job(access, submission, run, cancelled=cancelled)
    if isinstance(seen, Missing):
        return seen
    if seen.state is State.SUCCESSFUL:
        return _with_rows(seen, submission, verdict)
    if seen.state in (State.FAILED, State.CANCELED):
        return replace(
            seen, message="; ".join(filter(None, [seen.message, await _left(account, spec, submission, run)]))
        )
    if seen.cloud_status in RUNNING and await _all_there(account, spec, status, run):
        return replace(seen, cloud_status=WRITING)
    return seen


async def cancel(access: WorkerAccess, status: JobStatus, run: int, fence: Any) -> CancelAnswer:
    """Delete the Job with its pod, or stop the run on its cluster. One that has ended stays, since its verdict is
    still to be read; no other step follows it. May be repeated."""
    submission = status.submission or Submission()
    if cluster_of(submission):
        return await clusterrun.cancel(access, submission, run, fence)
    try:
        job = await _own(access, submission, run)
        if job is not None and not is_over(job):
            fence()
            await access.workers.delete(job)
    except KubeError as error:
        return refusals.cancelled(error)
    return CancelAccepted()


async def clear(access: WorkerAccess, submission: Submission, run: int) -> None:
    """Remove the Job of the submission if it was never started. Raises nothing."""
    with contextlib.suppress(KubeError):
        job = await _own(access, submission, run)
        if job is not None and job["spec"].get("suspend"):
            await access.workers.delete(job)


def is_cancelled(status: JobStatus) -> bool:
    """Whether the operator was told to end the step at work, by a person, a deadline or a deletion. Pure."""
    asked = status.cancel is not None and status.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
    return asked or bool(status.submission and status.submission.cancel_time)


def is_over(job: Body) -> bool:
    """Whether the Job has ended. Pure."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(one.get("type") in ("Complete", "Failed") and one.get("status") == "True" for one in conditions)


def owner_of(access: WorkerAccess, submission: Submission) -> Owner:
    """The object as the record of the submission names it. Pure."""
    record = submission.baseline or {}
    return Owner(access.namespace, *(next(iter(record.get(name) or []), "") for name in (OBJECT, OWNER)))


# -- parts


async def _own(access: WorkerAccess, submission: Submission, run: int) -> Body | None:
    """The Job of the submission; None where there is none, or its name is another's. Raises KubeError."""
    job = await access.workers.get(access.namespace, job_name(submission.token, run))
    ours = job is not None and belongs_to(job, owner_of(access, submission), submission.token, run)
    return job if ours else None


def _handle(spec: MigrationJobSpec, run: int, job_id: str) -> dict[str, str]:
    return {"jobId": job_id, "collection": named(places(spec, run))}


async def _absent(
    account: Account, spec: MigrationJobSpec, submission: Submission, run: int, gone: str
) -> Absent | Elsewhere:
    """What follows where nothing of the run is there, in the words `gone`: it may have been, and made collections."""
    data = await data_of(account, spec)
    if made := await marked(data, await present(data, places(spec, run)), [submission.token]):
        message = f"{gone}, and it made {named(made)}: whether it moved all rows is not known"
        return Elsewhere(message, Reason.OUTCOME_UNKNOWN)
    return Absent()


async def _observe_job(
    access: WorkerAccess, submission: Submission, run: int, *, cancelled: bool
) -> tuple[Seen | Missing, Verdict | None]:
    try:
        sight = await access.workers.look(access.namespace, job_name(submission.token, run))
    except KubeError as error:
        raise refusals.unreadable(error) from error
    job, pods = sight.job, list(sight.pods)
    if job is not None and not belongs_to(job, owner_of(access, submission), submission.token, run):
        job = None
    return judge(job, pods, list(sight.events), cancelled=cancelled), verdict_of(pods)


def _with_rows(seen: Seen, submission: Submission, verdict: Verdict | None) -> Seen:
    record = submission.baseline or {}
    if verdict is None or verdict.read is None or verdict.written is None:
        return seen

    def before(name: str) -> int:
        text = next(iter(record.get(name) or []), "0")
        return int(text) if text.isdecimal() else 0

    return replace(
        seen,
        result={"rowsRead": before(READ) + verdict.read, "rowsWritten": before(WRITTEN) + verdict.written},
    )


async def _all_there(account: Account, spec: MigrationJobSpec, status: JobStatus, run: int) -> bool:
    """Whether the collections of the run are in the target; not asked again once they were seen."""
    if status.cloud_status == WRITING:
        return True
    wanted = places(spec, run)
    try:
        return len(await present(await data_of(account, spec), wanted)) == len(wanted)
    except CloudError:
        return False


async def _left(account: Account, spec: MigrationJobSpec, submission: Submission, run: int) -> str:
    """What the run left in the target, in words; the end of the run does not wait for it."""
    try:
        data = await data_of(account, spec)
        left = await marked(data, await present(data, places(spec, run)), [submission.token])
    except CloudError:
        return "whether it left collections in the target could not be asked"
    return f"it left {named(left)} in the target, with a part of the rows" if left else ""
