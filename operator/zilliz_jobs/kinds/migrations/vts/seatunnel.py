"""A run of the engine on a cluster of SeaTunnel instead of in a pod: its number there, and what it is. Pure."""

from __future__ import annotations

import hashlib

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.seatunnel import EngineJob
from zilliz_jobs.core.observation import Missing, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.vts.verdict import CANCELED, FINISHED, TABLE_NOT_FOUND, Verdict

WAITING = frozenset({"INITIALIZING", "CREATED", "PENDING", "SCHEDULED"})
WORKING = frozenset({"RUNNING", "FAILING", "DOING_SAVEPOINT"})
STOPPING, FAILED = "CANCELING", "FAILED"
ENDED = frozenset({FINISHED, CANCELED, FAILED})
"""The cluster's words (read in source)."""


def job_number(token: str, run: int) -> int:
    """The id that the run has on the cluster: 62 bits of the submission's token, so that another submission never has
    the same, and this one always has it."""
    digest = hashlib.sha256(f"{token.lower()}/{run}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 2 | 1 << 61


def verdict_of(job: EngineJob) -> Verdict:
    """What the cluster says of the run, in the form that a worker says it."""
    return Verdict(job.status, 0, terminated=False, read=job.read, written=job.written, code=job.code)


def judge(job: EngineJob | None, *, cancelled: bool) -> Seen | Missing:
    """The run as the cluster shows it; Missing where it does not know the job, which it forgets a day after its end.
    `cancelled`: the operator asked for its end."""
    if job is None:
        return Missing()
    word, verdict = job.status, verdict_of(job)
    if word in WAITING:
        return Seen(State.PENDING, word)
    if word in WORKING:
        return Seen(State.IN_PROGRESS, word, message=verdict.rows)
    if word == STOPPING:
        return Seen(State.IN_PROGRESS, "Canceling", reason=Reason.CANCELING)
    if word == FINISHED and verdict.whole:
        return Seen(State.SUCCESSFUL, word, message=verdict.rows)
    if word == FINISHED:
        return Seen(State.FAILED, word, message=_rows(verdict), reason=Reason.MIGRATION_FAILED)
    if word == CANCELED and cancelled:
        return Seen(State.CANCELED, word, message="the engine was stopped", reason=Reason.CANCELED)
    if word == CANCELED:
        message = "somebody else than the operator stopped the job on the cluster"
        return Seen(State.FAILED, word, message=message, reason=Reason.WORKER_INTERRUPTED)
    if word == FAILED:
        missing = job.code in TABLE_NOT_FOUND
        message = f"the engine ended with its code {job.code}" if job.code else "the engine ended without a code"
        return Seen(
            State.FAILED,
            word,
            message=message,
            reason=Reason.SOURCE_NOT_FOUND if missing else Reason.MIGRATION_FAILED,
        )
    return Seen(None, word)


def _rows(verdict: Verdict) -> str:
    return verdict.rows or "the cluster does not tell how many rows were read and written"
