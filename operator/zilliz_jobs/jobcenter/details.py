"""Details of a failed job that no list has: one read of the job itself, where its kind has a verb for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from zilliz_jobs.api.importjob import ImportFile
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.redaction import files_for_people, over_key
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kinds.place import Place


@dataclass(frozen=True)
class Details:
    """`message`: the cloud's, without secrets. `end`: None where the cloud does not tell it."""

    files: list[ImportFile]
    message: str
    end: datetime | None


class DetailReader:
    """`kinds`: by the type of their jobs on the page."""

    def __init__(self, kinds: Mapping[str, AnyKind]) -> None:
        self._kinds = {name: kind for name, kind in kinds.items() if kind.tells_more}

    def wants(self, row: JobRow) -> bool:
        """Whether a read of the job tells more than its list. Pure."""
        return row.type in self._kinds and row.state is State.FAILED and bool(row.job_id)

    async def read(self, account: Account, row: JobRow) -> Details | None:
        """The details. None where the cloud does not know the job any more, or where it does not count as failed any
        more. Changes nothing. Raises CloudError."""
        place = Place(row.cluster_id, row.project_id, row.region_id)
        seen = await self._kinds[row.type].details(account, place, row.job_id)
        if seen is None or seen.state is not State.FAILED:
            return None  # retried meanwhile
        hide = partial(over_key, account.session.fingerprint)
        files = files_for_people(seen.result.get("files", ()), hide)
        return Details([ImportFile.model_validate(one) for one in files], hide(seen.message), seen.end_time)
