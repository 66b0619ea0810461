"""The step Check: the target takes the collections. A retry removes what earlier attempts of the very object left
there, and only that: a collection counts as theirs by the mark that only their submissions gave it.
"""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    Found,
    Impossible,
    Look,
    NotSent,
    Seen,
    SubmitAnswer,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.migrations import migrationarrivals
from zilliz_jobs.kinds.migrations.vts import clusterrun, refusals
from zilliz_jobs.kinds.migrations.vts.config import ConfigTooLarge, Sink, database_of, problem, render, runs_of
from zilliz_jobs.kinds.migrations.vts.manifests import UID_LABEL, job_name
from zilliz_jobs.kinds.migrations.vts.running import OWNER, is_over
from zilliz_jobs.kinds.migrations.vts.target import (
    Place,
    data_of,
    earlier_tokens,
    marked,
    named,
    places,
    present,
    target_id,
)
from zilliz_jobs.kinds.workeraccess import WorkerAccess
from zilliz_jobs.kube.errors import KubeError

DROP, TOKENS = "drop", "tokens"
AGAIN_SECONDS = 2.0


async def baseline(
    access: WorkerAccess, account: Account, spec: MigrationJobSpec, context: SubmitContext
) -> Baselined | Blocked | Impossible:
    """What is to be removed first. Raises CloudError."""
    target = await migrationarrivals.running(account, target_id(spec))
    if isinstance(target, Blocked):
        return target
    for number, run in enumerate(runs_of(spec)):
        if wrong := problem(spec, context.secrets, run=number):
            return Impossible(Reason.REJECTED, wrong)
        try:
            sink = Sink(target.connect_address, access.api_key, database_of(run))
            render(spec, number, context.secrets, sink, context.token)
        except ConfigTooLarge as error:
            return Impossible(Reason.CONFIG_TOO_LARGE, str(error))
    tokens, data = earlier_tokens(context.status), account.session.data(target.connect_address)
    taken = await present(data, places(spec))
    ours = await marked(data, taken, tokens)
    if others := [one for one in taken if one not in ours]:
        where = f"collection {named(others)} exists in cluster {target_id(spec)}"
        return Blocked(Reason.NAME_TAKEN, f"{where}; choose another destination, or remove it")
    return Baselined({OWNER: [context.uid], DROP: [str(one) for one in ours], TOKENS: tokens})


async def submit(
    access: WorkerAccess, account: Account, spec: MigrationJobSpec, request: SubmitRequest
) -> SubmitAnswer:
    """End the workers of earlier attempts, then remove what they made. May be repeated: what is gone stays gone, and
    what does not carry their mark is not touched."""
    record = request.submission.baseline or {}
    tokens = record.get(TOKENS) or []
    if (waits := await _workers_ended(access, spec, record, request)) is not None:
        return waits
    try:
        data = await data_of(account, spec)
        for place in await marked(data, await present(data, _dropped(spec, request.submission)), tokens):
            reply = await data.drop_collection(
                place.collection, database=place.database, token=request.token, fence=request.fence
            )
            if not isinstance(reply, effects.Taken):
                return answers.submitted(reply, ())
    except CloudError as error:
        return answers.not_sent(error)
    return Accepted({"clusterId": target_id(spec)}, {"clusterId": target_id(spec)})


async def find(account: Account, spec: MigrationJobSpec, submission: Submission) -> Look:
    """Whether all that was to be removed is gone. Raises CloudError."""
    if await present(await data_of(account, spec), _dropped(spec, submission)):
        return Absent()
    return Found({"clusterId": target_id(spec)}, Evidence.MARKER, {"clusterId": target_id(spec)})


async def observe(account: Account, spec: MigrationJobSpec, submission: Submission) -> Seen:
    """Whether the destinations are free. Raises CloudError."""
    dropped = _dropped(spec, submission)
    if left := await present(await data_of(account, spec), dropped):
        return Seen(State.IN_PROGRESS, message=f"{named(left)} of an earlier attempt is being removed")
    told = f"{named(dropped)} of an earlier attempt is removed" if dropped else "the destinations are free"
    return Seen(State.SUCCESSFUL, message=told)


def _dropped(spec: MigrationJobSpec, submission: Submission) -> list[Place]:
    names = (submission.baseline or {}).get(DROP) or []
    return [one for one in places(spec) if str(one) in names]


async def _workers_ended(
    access: WorkerAccess, spec: MigrationJobSpec, record: dict[str, list[str]], request: SubmitRequest
) -> NotSent | None:
    """None once no worker of an earlier attempt can write any more."""
    tokens = record.get(TOKENS) or []
    if (waits := await clusterrun.ended(access, tokens, len(runs_of(spec)), request.fence)) is not None:
        return waits
    if not access.settings.image:
        return None  # workers are not enabled, nor is the right to read their Jobs given
    uid = next(iter(record.get(OWNER) or []), "")
    for token in tokens:
        for run in range(len(runs_of(spec))):
            name = job_name(token, run)
            try:
                job = await access.workers.get(access.namespace, name)
                if job is None or (job["metadata"].get("labels") or {}).get(UID_LABEL) != uid:
                    continue
                request.fence()
                await access.workers.delete(job)
                if is_over(job):
                    continue
            except KubeError as error:
                told = refusals.unreadable(error)
                return NotSent(told.reason, told.message, told.retry_after)
            return NotSent(Reason.WAITING, f"Job {name} of an earlier attempt is ending", AGAIN_SECONDS)
    return None
