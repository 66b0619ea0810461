"""Looking for a lost submission among the imports of a cluster.

The list has no times, no files and no databases, so each import of the collection's name that belongs to no object is
read. It is ours only where everything says so. It is somebody else's for certain only where it is proven older: of a
name that looks strange, a time that is missing, a database that no answer tells, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.importjob import ImportJobSpec
from zilliz_jobs.api.jobstatus import Evidence, Submission
from zilliz_jobs.cloud.errors import CloudError, NotFound, ProtocolMismatch, Rejected
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.imports_v1 import ImportTask
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Undecided
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds.base import Account, Claimable
from zilliz_jobs.kinds.clocks import is_ahead
from zilliz_jobs.kinds.imports.importfiles import same_files
from zilliz_jobs.kinds.imports.importwire import Facts, facts_v1, facts_v2, target_of
from zilliz_jobs.kinds.spelling import is_same

LIST_MEMORY = timedelta(minutes=15)  # finished imports are listed for at least this long (inferred)
MAX_CANDIDATES = 200


class Standing(Enum):
    """What an import that nobody holds is to a lost submission."""

    OURS = auto()  # began after it, with its files, into a collection of its name
    OLDER = auto()  # the only proof that it is another one
    SAME_MOMENT = auto()  # with its files, but began shortly before it or in the same second
    OTHER_FILES = auto()  # as far as their names tell; the cloud may spell ours so
    UNCLEAR = auto()


@dataclass(frozen=True)
class Import:
    """`named`: whether the list shows it with the collection's name; None where that cannot be told."""

    job_id: str
    named: bool | None
    start_time: datetime | None = None
    end_time: datetime | None = None
    finished: bool = False
    files: frozenset[str] = frozenset()


async def look(account: Account, spec: ImportJobSpec, submission: Submission, free: Claimable) -> Look:
    """Compares times by the cloud's clock, names and files. Raises CloudError."""
    every = await _listed(account, spec)
    rows = [row for row in every if row.named is not False]
    unclaimed = [row for row in rows if free(row.job_id)]
    if len(unclaimed) > MAX_CANDIDATES:
        return Undecided(f"{len(unclaimed)} imports of the collection belong to nobody here, too many to compare")
    found: dict[Standing, list[Import]] = {standing: [] for standing in Standing}
    for row in unclaimed:
        one = await _read(account, spec, row)
        found[standing_of(account, spec, submission, one)].append(one)
    ours, unclear = found[Standing.OURS], found[Standing.UNCLEAR]
    if len(ours) == 1 and not unclear:
        return Found({"jobId": ours[0].job_id}, Evidence.INFERRED)
    problem = _why_not_absent(found)
    problem = problem or await _under_another_name(account, spec, submission, [r for r in every if free(r.job_id)])
    if problem:
        return Undecided(problem, tuple({"jobId": one.job_id} for one in ours))
    if any(_ended_before(account, one, submission) for one in found[Standing.OLDER]):
        return Absent()
    claimed = [row for row in rows if not free(row.job_id)]
    if await _reaches_back(account, spec, submission, claimed):
        return Absent()
    return Undecided("the cloud's list of imports does not reach back to the submission any more")


def standing_of(account: Account, spec: ImportJobSpec, submission: Submission, one: Import) -> Standing:
    """Pure: what this import is to the submission."""
    if account.clocks.is_older(one.start_time, submission):
        return Standing.OLDER
    fits = same_files(spec, one.files)
    if fits is False:
        return Standing.OTHER_FILES
    dated = one.start_time and submission.cloud_time and not is_ahead(one.start_time, account.cloud_time)
    if not (fits and dated and one.named):
        return Standing.UNCLEAR
    return Standing.SAME_MOMENT if account.clocks.is_near(one.start_time, submission) else Standing.OURS


async def facts_of(account: Account, spec: ImportJobSpec, job_id: str) -> Facts:
    """What the import API tells of the import. Raises CloudError."""
    if account.import_api is ImportApi.V1 and account.session.imports_v1 is not None:
        return facts_v1(await account.session.imports_v1.progress(spec.cluster_id or "", job_id))
    return facts_v2(await account.session.imports.progress(target_of(spec), job_id))


async def rows_of(account: Account, spec: ImportJobSpec) -> list[ImportRecord | ImportTask]:
    """The imports of the target, of all collections and databases, in one pass. Raises CloudError.

    Whether the cloud honours a filter, or takes the default database where none is named, is not known. So no filter
    by name is asked for, and one by database only beside the whole list; what comes back is to be compared.
    """
    session = account.session
    if account.import_api is ImportApi.V1:
        return [*await session.imports_v1.list(spec.cluster_id or "")] if session.imports_v1 else []
    rows = await session.imports.list(target_of(spec))
    if spec.database not in (None, "default"):
        rows += await session.imports.list(target_of(spec), database=spec.database)
    return list({row.job_id: row for row in rows}.values())


def _why_not_absent(found: dict[Standing, list[Import]]) -> str:
    """Why one of these imports may be the submission; empty where all are older."""
    likely = [*found[Standing.OURS], *found[Standing.UNCLEAR]]
    if len(likely) > 1:
        return f"several imports could be it: {_ids(likely)}"
    if likely:
        return (
            "an import could be it, but shows no files, or other spellings of them, or no time that can be right: "
            f"{_ids(likely)}"
        )
    if same := found[Standing.SAME_MOMENT]:
        why = "began shortly before or in the same second, so that times cannot tell whether it is this one"
        return f"an import of the same files {why}: {_ids(same)}"
    if other := found[Standing.OTHER_FILES]:
        return f"imports that nobody here holds began since, though their files have other names: {_ids(other)}"
    return ""


def _ids(imports: Iterable[Import]) -> str:
    return first_of(one.job_id for one in imports)


async def _listed(account: Account, spec: ImportJobSpec) -> list[Import]:
    """The imports of all collections and databases, as two passes agree on them."""

    async def fetch() -> list[ImportRecord | ImportTask]:
        return await rows_of(account, spec)

    rows = await stable(fetch, key=lambda row: row.job_id, listing=f"list imports into {spec.collection}")
    return [Import(row.job_id, is_same(row.collection_name, spec.collection)) for row in rows]


async def _under_another_name(
    account: Account, spec: ImportJobSpec, submission: Submission, unclaimed: list[Import]
) -> str:
    """Why an import that the list shows with another collection's name may be it; empty where none may. The spec's
    name can be an alias, and whether the list then tells the collection's own name is documented nowhere. So an
    import of the very files that is not older may be it, unless the cluster says that the name is no alias. Raises
    CloudError."""
    others = [row for row in unclaimed if row.named is False][:MAX_CANDIDATES]
    if not others or await _is_no_alias(account, spec):
        return ""
    read = [await _read(account, spec, row, unless_older=submission) for row in others]
    like = [one for one in read if one.files and same_files(spec, one.files)]
    if not like:
        return ""
    what = f"imports of the same files are listed with the name of another collection: {_ids(like)}"
    return f"{what}; {spec.collection} may be an alias of it"


async def _is_no_alias(account: Account, spec: ImportJobSpec) -> bool:
    """Whether the cluster tells that a collection itself has the name. An on-demand one is not asked."""
    if not spec.cluster_id:
        return False
    with suppress(CloudError):
        cluster = await account.session.clusters.describe(spec.cluster_id)
        data = account.session.data(cluster.connect_address)
        told = await data.describe_collection(spec.collection, database=spec.database)
        return told.collection_name == spec.collection and spec.collection not in told.aliases
    return False


async def _read(
    account: Account, spec: ImportJobSpec, row: Import, *, unless_older: Submission | None = None
) -> Import:
    """The import with what the other reads tell; without its files if it is older than a submission (`unless_older`).
    They may not know what is listed, or answer with something that cannot be read; then it is not ruled out by
    them."""
    start, end, finished, files = None, None, False, frozenset[str]()
    with suppress(NotFound, Rejected, ProtocolMismatch):
        job = await account.session.jobs.describe(row.job_id)
        if job.job_id == row.job_id:
            state = state_of(job.status)
            start, end, finished = job.start_time, job.end_time, state is not None and state.finished
    if unless_older and account.clocks.is_older(start, unless_older):
        return Import(row.job_id, row.named, start, end, finished)
    with suppress(NotFound, Rejected, ProtocolMismatch):
        files = (await facts_of(account, spec, row.job_id)).names
    return Import(row.job_id, row.named, start, end, finished, files)


def _ended_before(account: Account, one: Import, submission: Submission) -> bool:
    """Whether it ended before the submission. While such an import is listed, so is everything that ended later."""
    return one.finished and account.clocks.is_older(one.end_time, submission)


async def _reaches_back(account: Account, spec: ImportJobSpec, submission: Submission, claimed: list[Import]) -> bool:
    """Whether an import that this submission started would still be listed."""
    now, sent = account.cloud_time, submission.cloud_time
    if now is None or sent is None:
        return False
    if -account.clocks.slack <= now - sent < LIST_MEMORY:
        return True
    for row in claimed[:MAX_CANDIDATES]:
        if _ended_before(account, await _read(account, spec, row), submission):
            return True
    return False
