"""A run of the engine on a cluster of SeaTunnel, in place of a Job of Kubernetes: no Job and no Secret are made.

The number of the run is made of the submission's token, so it is found again by that. Which cluster it went to stands
in the record of the submission: another one does not know the run, and must not be taken for a proof that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.errors import CloudError, Transient
from zilliz_jobs.cloud.seatunnel import EngineJob, SeaTunnel
from zilliz_jobs.core.observation import (
    CancelAccepted,
    CancelAnswer,
    CancelUnclear,
    EffectUnknown,
    Missing,
    NotSent,
    Refused,
    Seen,
    SubmitAnswer,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import SubmitRequest
from zilliz_jobs.kinds.migrations.vts.manifests import job_name
from zilliz_jobs.kinds.migrations.vts.seatunnel import ENDED, job_number, judge, verdict_of
from zilliz_jobs.kinds.migrations.vts.verdict import Verdict
from zilliz_jobs.kinds.workeraccess import WorkerAccess

CLUSTER = "cluster"
AGAIN_SECONDS = 2.0
BAD_CONFIG = 400


def cluster_of(submission: Submission | None) -> str:
    """Address of the cluster that the run goes to; "" where a Job of Kubernetes runs it. Pure."""
    return next(iter(((submission and submission.baseline) or {}).get(CLUSTER) or []), "")


def handle_of_run(token: str, run: int) -> str:
    """The run's id on the cluster. Pure."""
    return str(job_number(token, run))


async def submit(access: WorkerAccess, request: SubmitRequest, run: int, text: str) -> SubmitAnswer | None:
    """Start the run; None where the cluster took it. May be sent again with the same token."""
    try:
        rest = _rest(access, request.submission)
    except Transient as error:
        return NotSent(error.reason, error.message)
    name = job_name(request.token, run)
    match await rest.submit(job_number(request.token, run), name, text, request.fence):
        case effects.Taken():
            return None
        case effects.NotSent(reason, message, retry_after):
            return NotSent(reason, message, retry_after)
        case effects.Refused(_, status, message, retry_after):
            return Refused(Reason.REJECTED, message, heals=status != BAD_CONFIG, retry_after=retry_after)
        case effects.Uncertain(message):
            return EffectUnknown(message)


async def find(access: WorkerAccess, submission: Submission, run: int) -> EngineJob | None:
    """The run, if the cluster knows it. Raises CloudError."""
    return await _rest(access, submission).job(job_number(submission.token, run))


async def observe(
    access: WorkerAccess, submission: Submission, run: int, *, cancelled: bool
) -> tuple[Seen | Missing, Verdict | None]:
    """The run as the cluster shows it. Raises CloudError."""
    job = await find(access, submission, run)
    return judge(job, cancelled=cancelled), verdict_of(job) if job else None


async def cancel(access: WorkerAccess, submission: Submission, run: int, fence: Callable[[], None]) -> CancelAnswer:
    """Ask for the end of the run. May be repeated; one that is over is left as it is."""
    try:
        rest = _rest(access, submission)
        fence()
        await rest.stop(job_number(submission.token, run))
    except Transient as error:
        return CancelUnclear(error.message, error.retry_after)
    except CloudError as error:
        return CancelUnclear(error.message)
    return CancelAccepted()


async def ended(access: WorkerAccess, tokens: Iterable[str], runs: int, fence: Callable[[], None]) -> NotSent | None:
    """End the runs of these submissions on the cluster of the installation; None once none of them can write."""
    rest = access.seatunnel
    if rest is None:
        return None
    for token in tokens:
        for run in range(runs):
            number = job_number(token, run)
            try:
                job = await rest.job(number)
                if job is None or job.status in ENDED:
                    continue
                fence()
                await rest.stop(number)
            except CloudError as error:
                return NotSent(error.reason, error.message)
            message = f"job {number} of an earlier attempt is ending on SeaTunnel"
            return NotSent(Reason.WAITING, message, AGAIN_SECONDS)
    return None


def _rest(access: WorkerAccess, submission: Submission) -> SeaTunnel:
    """Of the very cluster that the record names. Raises Transient."""
    wanted = cluster_of(submission)
    if access.seatunnel is None or access.settings.cluster != wanted:
        message = (
            f"the run belongs to the SeaTunnel cluster {wanted}, and the operator was told of another one or none; "
            "set migrations.vts.cluster to it until the run has ended"
        )
        raise Transient(message, reason=Reason.ENGINE_NOT_ENABLED)
    return access.seatunnel
