"""Looking for a lost submission among a collection's imports.

The list has no times and no files, so each import that belongs to no object is read.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.importjob import ImportJobSpec
from zilliz_jobs.api.jobstatus import Evidence, Submission
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Undecided
from zilliz_jobs.kinds.base import Account, Claimable
from zilliz_jobs.kinds.clocks import is_ahead
from zilliz_jobs.kinds.importwire import Facts, facts_v1, facts_v2, same_files, target_of

LIST_MEMORY = timedelta(minutes=15)  # finished imports are listed for at least this long (inferred)
MAX_CANDIDATES = 200


@dataclass(frozen=True)
class _Began:
    """When an import that nobody holds began, and with what; by the cloud's clock."""

    start_time: datetime | None
    files: frozenset[str]
    finished: bool


async def look(account: Account, spec: ImportJobSpec, submission: Submission, free: Claimable) -> Look:
    """Compares times by the cloud's clock, and files. Raises CloudError."""
    rows = await _listed(account, spec)
    unclaimed = [job_id for job_id in rows if free(job_id)]
    if len(unclaimed) > MAX_CANDIDATES:
        return Undecided(f"{len(unclaimed)} imports of the collection belong to nobody here, too many to compare")
    candidates: list[str] = []
    unsure: list[str] = []
    near: list[str] = []
    reaches_back = False
    for job_id in unclaimed:
        began = await _began(account, spec, job_id)
        if account.clocks.is_older(began.start_time, submission):
            reaches_back |= began.finished
        elif (fits := same_files(spec, began.files)) is not False:
            if fits and account.clocks.is_near(began.start_time, submission):
                near.append(job_id)
                continue
            dated = began.start_time and submission.cloud_time and not is_ahead(began.start_time, account.cloud_time)
            (candidates if fits and dated else unsure).append(job_id)
    if len(candidates) == 1 and not unsure:
        return Found({"jobId": candidates[0]}, Evidence.INFERRED)
    if candidates or unsure:
        ids = [*candidates, *unsure]
        one = "an import could be it, but shows no files, or no time that can be right"
        why = "several imports could be it" if len(ids) > 1 else one
        return Undecided(f"{why}: {', '.join(ids[:5])}")
    if near:
        why = "began shortly before, so only the cloud's clocks speak against it"
        return Undecided(f"an import {why}: {', '.join(near[:5])}")
    if not reaches_back and not await _reaches_back(account, submission, rows, unclaimed):
        return Undecided("the cloud's list of imports does not reach back to the submission any more")
    return Absent()


async def facts_of(account: Account, spec: ImportJobSpec, job_id: str) -> Facts:
    """What the import API tells of the import. Raises CloudError."""
    if account.import_api is ImportApi.V1 and account.session.imports_v1 is not None:
        return facts_v1(await account.session.imports_v1.progress(spec.cluster_id or "", job_id))
    return facts_v2(await account.session.imports.progress(target_of(spec), job_id))


async def _listed(account: Account, spec: ImportJobSpec) -> list[str]:
    """Ids of the collection's imports, as two passes agree on them."""
    session, listing = account.session, f"list imports into {spec.collection}"

    async def fetch_v2() -> list[tuple[str, str]]:
        rows = await session.imports.list(target_of(spec), database=spec.database, collection=spec.collection)
        return [(row.job_id, row.collection_name) for row in rows]

    async def fetch_v1() -> list[tuple[str, str]]:
        rows = await session.imports_v1.list(spec.cluster_id or "") if session.imports_v1 else []
        return [(row.job_id, row.collection_name) for row in rows]

    fetch = fetch_v1 if account.import_api is ImportApi.V1 else fetch_v2
    rows = await stable(fetch, key=lambda row: row[0], listing=listing)
    return [job_id for job_id, collection in rows if collection in ("", spec.collection)]


async def _began(account: Account, spec: ImportJobSpec, job_id: str) -> _Began:
    """What is listed may be unknown to the other reads; then it is not ruled out by them."""
    start, finished, files = None, False, frozenset[str]()
    with suppress(NotFound):
        job = await account.session.jobs.describe(job_id)
        state = state_of(job.status)
        start, finished = job.start_time, state is not None and state.finished
    with suppress(NotFound):
        files = (await facts_of(account, spec, job_id)).names
    return _Began(start, files, finished)


async def _reaches_back(account: Account, submission: Submission, rows: list[str], unclaimed: list[str]) -> bool:
    """Whether an import that this submission started would still be listed."""
    now, sent = account.cloud_time, submission.cloud_time
    if now is None or sent is None:
        return False
    if now - sent < LIST_MEMORY:
        return True
    for job_id in [row for row in rows if row not in unclaimed][:MAX_CANDIDATES]:
        with suppress(NotFound):
            job = await account.session.jobs.describe(job_id)
            if account.clocks.is_older(job.end_time, submission):
                return True
    return False
