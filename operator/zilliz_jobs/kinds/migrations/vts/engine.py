"""A MigrationJob by VTS: the kind's verbs, step by step.

Check -> Run (one or several) -> Flush -> Index (not for a Milvus, whose indexes travel) -> Load -> Verify
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.core.observation import (
    Blocked,
    CancelAccepted,
    CancelAnswer,
    CancelUnclear,
    Impossible,
    Look,
    Missing,
    NotSent,
    Seen,
    SubmitAnswer,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits, handle_of, step_of
from zilliz_jobs.kinds.base import Account, Baselined, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.migrations.vts import checking, finishing, running
from zilliz_jobs.kinds.migrations.vts.config import makes_indexes, runs_of
from zilliz_jobs.kinds.migrations.vts.finishing import FLUSH, INDEX, LOAD, VERIFY
from zilliz_jobs.kinds.migrations.vts.manifests import UID_LABEL, is_job_name
from zilliz_jobs.kinds.migrations.vts.target import target_id
from zilliz_jobs.kinds.workeraccess import WorkerAccess
from zilliz_jobs.kube.errors import KubeError

CHECK, RUN = "Check", "Run"
NOT_ENABLED = Blocked(Reason.ENGINE_NOT_ENABLED, Reason.ENGINE_NOT_ENABLED.help)


def steps_of(spec: MigrationJobSpec) -> tuple[str, ...]:
    """The steps, in order. Pure."""
    count = len(runs_of(spec))
    runs = (RUN,) if count < 2 else tuple(f"{RUN}{number}" for number in range(1, count + 1))
    return (CHECK, *runs, FLUSH, *(() if makes_indexes(spec) else (INDEX,)), LOAD, VERIFY)


def traits(steps: tuple[str, ...] = (CHECK, RUN, FLUSH, INDEX, LOAD, VERIFY)) -> Traits:
    """What such a job can do. Pure."""
    return Traits(
        can_cancel=True, cancel_needs_console=False, retry=RetryRule.FREELY, steps=steps, by_steps_only=True
    )


def is_run(step: str) -> bool:
    """Whether the step is a run of the engine. Pure."""
    return step.startswith(RUN)


def lock(spec: MigrationJobSpec, step: str) -> str:
    """Of the step: a run shares that of all migrations into the cluster, the rest is nobody's business. Pure."""
    return f"migration/{target_id(spec)}" if is_run(step) else f"migration/{target_id(spec)}/{step}"


def takes_names(status: JobStatus) -> bool:
    """Whether the collections of the run at work may not all be in the target yet, so that nobody else may begin to
    make them. Pure."""
    return is_run(step_of(status)) and bool(handle_of(status)) and status.cloud_status != running.WRITING


async def baseline(
    account: Account, spec: MigrationJobSpec, context: SubmitContext
) -> Baselined | Blocked | Impossible:
    """See `JobKind.baseline`."""
    if account.workers is None:
        return NOT_ENABLED
    if context.step == CHECK:
        return await checking.baseline(account.workers, account, spec, context)
    if is_run(context.step):
        return await running.baseline(account, spec, context, _number(context.step))
    ready = await finishing.baseline(account, spec, context)
    if isinstance(ready, Baselined) and context.step == FLUSH:
        return Baselined(
            {"jobs": [name for name in _jobs(context.status) if is_job_name(name)], running.OWNER: [context.uid]}
        )
    return ready


async def submit(account: Account, spec: MigrationJobSpec, request: SubmitRequest) -> SubmitAnswer:
    """See `JobKind.submit`. Each step may be sent again with its token, and has its effect once."""
    step, access = request.submission.step, account.workers
    if access is None:
        return NotSent(NOT_ENABLED.reason, NOT_ENABLED.message)
    if step == CHECK:
        return await checking.submit(access, account, spec, request)
    if is_run(step):
        return await running.submit(access, account, spec, request, _number(step))
    if step == FLUSH:
        await _remove_workers(access, request.submission)
    return await finishing.submit(account, spec, request)


async def find(account: Account, spec: MigrationJobSpec, submission: Submission) -> Look:
    """See `JobKind.find`. Raises CloudError."""
    if submission.step == CHECK:
        return await checking.find(account, spec, submission)
    if is_run(submission.step):
        return await running.find(_access(account), account, spec, submission, _number(submission.step))
    return await finishing.find(account, spec, submission.step)


async def observe(account: Account, spec: MigrationJobSpec, status: JobStatus) -> Seen | Missing:
    """See `JobKind.observe`. Raises CloudError."""
    step = step_of(status)
    if step == CHECK:
        return await checking.observe(account, spec, status.submission or Submission())
    if is_run(step):
        return await running.observe(_access(account), account, spec, status, _number(step))
    return await finishing.observe(account, spec, status, step)


async def clear(account: Account, before: JobStatus) -> None:
    """See `JobKind.clear`: a Job that was never started, with its Secret. One that ran stays for its logs, until its
    time to live is over."""
    submission = before.submission
    if account.workers is not None and submission is not None and is_run(submission.step):
        await running.clear(account.workers, submission, _number(submission.step))


async def cancel(account: Account, status: JobStatus, fence: Callable[[], None]) -> CancelAnswer:
    """End the step at work. The steps but Run need nothing for that: no other one follows. May be repeated."""
    step = step_of(status)
    if not is_run(step):
        return CancelAccepted()
    if account.workers is None:
        return CancelUnclear(NOT_ENABLED.message)
    return await running.cancel(account.workers, status, _number(step), fence)


def _access(account: Account) -> WorkerAccess:
    if account.workers is None:
        raise Transient(NOT_ENABLED.message, reason=NOT_ENABLED.reason)
    return account.workers


def _number(step: str) -> int:
    """Which run the step is, from 0."""
    return int(step.removeprefix(RUN) or "1") - 1


def _jobs(status: JobStatus) -> list[str]:
    rows = [row for row in status.steps or [] if is_run(row.name)]
    return [(row.handle or {}).get("jobId", "") for row in rows]


async def _remove_workers(access: WorkerAccess, submission: Submission) -> None:
    """The ends of the runs are recorded, so their Jobs go, and with them the credentials. What cannot be removed now
    goes by its time to live."""
    record = submission.baseline or {}
    uid = next(iter(record.get(running.OWNER) or []), "")
    for name in record.get("jobs") or []:
        with contextlib.suppress(KubeError):
            job = await access.workers.get(access.namespace, name)
            if job is not None and (job["metadata"].get("labels") or {}).get(UID_LABEL) == uid:
                await access.workers.delete(job)
