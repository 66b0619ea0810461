"""The copies of a backup in other regions: jobs of their own, which begin when the backup has ended well.

Nothing links a copy to its backup (documented), and only the console lists the jobs. So the state of one is told
where one job alone fits: into that region, and made soon after the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.words import JobType, state_of
from zilliz_jobs.core.facts import RUNNING
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.joblist import jobs_of
from zilliz_jobs.kinds.regions import is_same_region

START = timedelta(minutes=10)  # from the end of a backup to the creation of the jobs that copy it (inferred)
FOLLOWED = timedelta(days=1)  # after that nobody asks any more


@dataclass(frozen=True)
class Wanted:
    """Copies that a backup was asked to have. `known`: their states by region, as they were seen last."""

    cluster_id: str
    regions: Sequence[str] = ()
    known: Mapping[str, State] = field(default_factory=dict)


def known(result: Mapping[str, Any] | None) -> dict[str, State]:
    """The states by region in a result as it is stored. Lenient, for people can edit it."""
    stored = (result or {}).get("copies")
    rows = [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []
    pairs = [(row.get("regionId"), row.get("state")) for row in rows]
    return {region: State(word) for region, word in pairs if isinstance(region, str) and word in set(State)}


async def shown(account: Account, wanted: Wanted | None, ended: datetime | None) -> dict[str, list[dict[str, str]]]:
    """A row for each region. `ended`: when the backup did, by the cloud's clock. A failing read holds nothing up:
    what was known stays. Unknown where the cloud does not tell, and of what still runs after a day."""
    if wanted is None or not wanted.regions:
        return {}
    told = await _told(account, wanted.cluster_id, ended)
    age = account.cloud_time - ended if account.cloud_time and ended else timedelta(0)
    rows = []
    for region in wanted.regions:
        state = wanted.known.get(region, State.UNKNOWN)
        if state in RUNNING or state is State.UNKNOWN:
            state = told(region, age, state)
        if state in RUNNING and age > FOLLOWED:
            state = State.UNKNOWN
        rows.append({"regionId": region, "state": str(state)})
    return {"copies": rows}


async def _told(
    account: Account, cluster_id: str, ended: datetime | None
) -> Callable[[str, timedelta, State], State]:
    """How the copy into a region is, by its region, the time since the backup's end, and what was known before."""
    if ended is None or account.session.console is None:
        return lambda _region, _age, _before: State.UNKNOWN
    try:
        words = await _words(account, cluster_id, ended)
    except CloudError:
        return lambda _region, _age, before: before if before in RUNNING else State.PENDING

    def state(region: str, age: timedelta, _before: State) -> State:
        answers = [(is_same_region(told, region), word) for told, word in words]
        fits = [(same, word) for same, word in answers if same is not False]
        if not any(same for same, _ in fits):  # its job may not have been made yet
            return State.PENDING if age <= START else State.UNKNOWN
        return (state_of(fits[0][1]) if len(fits) == 1 else None) or State.UNKNOWN

    return state


async def _words(account: Account, cluster_id: str, ended: datetime) -> list[tuple[str, str]]:
    """Region and state of the copy jobs that were made soon after the end. Raises CloudError."""
    found = []
    for row in await jobs_of(account, JobType.CROSS_REGION_COPY, cluster_id):
        made = row.create_time or row.start_time
        if made is not None and ended <= made <= ended + START:
            found.append((row.region_id, row.status))
    return found
