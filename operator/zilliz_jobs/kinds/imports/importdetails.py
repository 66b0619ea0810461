"""What one read of an import tells beside its list: which file failed, and why (documented: Get Import Job
Progress)."""

from __future__ import annotations

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.imports import ImportTarget
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.imports.importwire import Facts, facts_v1, facts_v2
from zilliz_jobs.kinds.place import Place


async def details(account: Account, place: Place, job_id: str) -> Seen | None:
    """The import; None where the cloud does not know it any more, or where it cannot be asked for. Raises
    CloudError."""
    try:
        facts = await _facts(account, place, job_id)
    except NotFound:
        return None
    return facts.seen(job_id, None, None) if facts else None


async def _facts(account: Account, place: Place, job_id: str) -> Facts | None:
    if account.import_api is ImportApi.V1 and account.session.imports_v1 is not None:
        return facts_v1(await account.session.imports_v1.progress(place.cluster_id, job_id))
    if place.cluster_id:
        target = ImportTarget(cluster_id=place.cluster_id)
    elif place.project_id and place.region_id:
        target = ImportTarget(project_id=place.project_id, region_id=place.region_id)
    else:
        return None
    return facts_v2(await account.session.imports.progress(target, job_id))
