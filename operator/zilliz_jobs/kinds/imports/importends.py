"""How an import is where its own answer cannot be read: by Describe Job, or by its row on the list of imports.

They know the end and, at best, one reason for it; which file it was stands in the import's own answer alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from zilliz_jobs.api.importjob import ImportJobSpec
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.errors import CloudError, NotFound, ProtocolMismatch, TooMuch
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.words import says_nothing, state_of
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.imports.importlook import facts_of, rows_of
from zilliz_jobs.kinds.imports.importwire import Facts, described_by_job

MAX_WHY = 600  # characters of a reason, so that a status has room for what is not shown


async def read(account: Account, spec: ImportJobSpec, job_id: str) -> Facts:
    """The import, by the richest answer that can be read. Raises CloudError."""
    try:
        facts = await _own(account, spec, job_id)
    except NotFound:
        # Finished imports are soon forgotten by the import API; the generic read may still know.
        return described_by_job(await account.session.jobs.describe(job_id))
    except ProtocolMismatch as error:
        poorer = await _elsewhere(account, spec, job_id)
        if poorer is None:
            raise
        return _without_files(poorer, error)
    if facts.state is None and says_nothing(facts.cloud_status):
        return await _elsewhere(account, spec, job_id) or facts  # it says nothing; what it says stands
    return facts


async def _own(account: Account, spec: ImportJobSpec, job_id: str) -> Facts:
    """Twice where it is garbled: what is lost with it cannot be had elsewhere, nor once the end is told."""
    try:
        return await facts_of(account, spec, job_id)
    except TooMuch:
        raise
    except ProtocolMismatch:
        return await facts_of(account, spec, job_id)


async def _elsewhere(account: Account, spec: ImportJobSpec, job_id: str) -> Facts | None:
    async def by_job() -> Facts | None:
        return described_by_job(await account.session.jobs.describe(job_id))

    async def by_list() -> Facts | None:
        return await _listed(account, spec, job_id)

    ways: tuple[Callable[[], Awaitable[Facts | None]], ...] = (by_job, by_list)
    for way in ways:
        try:
            facts = await way()
        except CloudError:
            continue
        if facts is not None and facts.state is not None:
            return facts
    return None


async def _listed(account: Account, spec: ImportJobSpec, job_id: str) -> Facts | None:
    for row in await rows_of(account, spec):
        if row.job_id == job_id:
            told = row if isinstance(row, ImportRecord) else None
            progress, reason = (told.progress, told.reason) if told else (None, "")
            return Facts(state_of(row.state), row.state, progress, message=reason)
    return None


def _without_files(facts: Facts, error: ProtocolMismatch) -> Facts:
    """An end says that its files are not shown, and why."""
    if facts.state is None or not facts.state.finished:
        return facts
    count = error.left_out if isinstance(error, TooMuch) else None
    what = "its files are" if not count else "1 file is" if count == 1 else f"{count} files are"
    note = f"{what} not shown: {error.message}"
    if facts.state is State.SUCCESSFUL:
        return replace(facts, message=f"the job ended well; {note}")
    why = facts.message if len(facts.message) <= MAX_WHY else f"{facts.message[:MAX_WHY]}…"
    return replace(facts, message=f"{why or 'the cloud gave no reason'} ({note})")
