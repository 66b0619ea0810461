"""Details of a failed import that no list has: which file, and why. They take one read of the import itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.importjob import ImportFile
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.imports import ImportTarget
from zilliz_jobs.control.redaction import files_for_people, over_key
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.imports.importwire import Facts, facts_v1, facts_v2
from zilliz_jobs.kinds.rowtypes import IMPORT


@dataclass(frozen=True)
class Details:
    """`message`: the cloud's, without secrets. `end`: None where the cloud does not tell it."""

    files: list[ImportFile]
    message: str
    end: datetime | None


def wants_details(row: JobRow) -> bool:
    """Whether a read of the job tells more than its list. Pure."""
    return row.type == IMPORT and row.state is State.FAILED and bool(row.job_id)


async def read_details(account: Account, row: JobRow) -> Details | None:
    """Read the import (documented: Get Import Job Progress). None where the cloud does not know it any more, or where
    it does not count as failed any more. Changes nothing. Raises CloudError."""
    try:
        facts = await _facts(account, row)
    except NotFound:
        return None
    if facts is None or facts.state is not State.FAILED:
        return None  # retried meanwhile
    hide = partial(over_key, account.session.fingerprint)
    files = files_for_people(facts.result.get("files", ()), hide)
    return Details([ImportFile.model_validate(one) for one in files], hide(facts.message), facts.end_time)


async def _facts(account: Account, row: JobRow) -> Facts | None:
    if account.import_api is ImportApi.V1 and account.session.imports_v1 is not None:
        return facts_v1(await account.session.imports_v1.progress(row.cluster_id, row.job_id))
    if row.cluster_id:
        target = ImportTarget(cluster_id=row.cluster_id)
    elif row.project_id and row.region_id:
        target = ImportTarget(project_id=row.project_id, region_id=row.region_id)
    else:
        return None
    return facts_v2(await account.session.imports.progress(target, row.job_id))
