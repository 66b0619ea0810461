"""The console's list of jobs, where a connection may use it: the one place that names a lost submission's job id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Evidence, Submission
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch, Rejected
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import JobType, type_of
from zilliz_jobs.core.observation import Absent, Baseline, Found, Handle, Undecided
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds.base import Account, Claimable
from zilliz_jobs.kinds.clocks import is_ahead
from zilliz_jobs.kinds.spelling import is_same

JOBS = "jobs"
MAX_KNOWN = 100
BEGINS_WITHIN = timedelta(minutes=2)  # of the request, by the cloud's clock (inferred)


async def jobs_of(account: Account, job_type: JobType | None, cluster_id: str) -> list[ConsoleJob]:
    """The cluster's jobs of the type, or of all types, as two passes agree on them; none without the console. Raises
    CloudError."""
    console = account.session.console
    if console is None:
        return []

    async def fetch() -> list[ConsoleJob]:
        return await console.list(type=job_type, cluster_id=cluster_id)

    return await stable(fetch, key=lambda row: row.job_id, listing=f"list {job_type or 'all'} jobs of {cluster_id}")


async def known(account: Account, job_type: JobType, cluster_id: str) -> Baseline:
    """For a baseline: the jobs that began so shortly before that the cloud's clocks alone cannot tell them from one
    that is submitted now. Empty without the console. Raises CloudError."""
    console = account.session.console
    if console is None:
        return {}
    try:
        rows = await console.list(type=job_type, cluster_id=cluster_id)
    except (NotFound, Rejected, ProtocolMismatch):
        return {}  # no console is served there; what is sent by the public API needs none
    now = account.cloud_time
    young = [row.job_id for row in rows if now is None or (_began(row) or now) >= now - 2 * account.clocks.slack]
    return {JOBS: young[:MAX_KNOWN]} if young else {}


@dataclass(frozen=True)
class NewJobs:
    """What may have begun after a submission and belongs to no object. `sure`: its type, cluster and time say so.
    `vague`: one of them is missing, or a word or a spelling that nobody knows; it is not ruled out."""

    sure: tuple[ConsoleJob, ...] = ()
    vague: tuple[ConsoleJob, ...] = ()

    def of(self, fits: Callable[[ConsoleJob], bool | None]) -> NewJobs:
        """Those that fit, or may: `fits` answers None where the row does not tell."""
        told = [(row, fits(row)) for row in self.sure]
        perhaps = [row for row, answer in told if answer is None]
        return NewJobs(
            tuple(row for row, answer in told if answer),
            (*perhaps, *(row for row in self.vague if fits(row) is not False)),
        )

    @property
    def only(self) -> ConsoleJob | None:
        """The one job that it can be."""
        return self.sure[0] if len(self.sure) == 1 and not self.vague else None

    @property
    def ids(self) -> str:
        """The ids of the first ones, `sure` before `vague`, for people."""
        return first_of(row.job_id for row in (*self.sure, *self.vague))

    @property
    def handles(self) -> tuple[Handle, ...]:
        """The handles of `sure` alone, each with its jobId."""
        return tuple({"jobId": row.job_id} for row in self.sure)

    def __bool__(self) -> bool:
        return bool(self.sure or self.vague)

    def verdict(self, submission: Submission) -> Found | Absent | Undecided:
        """What the list says of a submission that the console lists for certain, so that not to be on it is to be
        absent. Pure."""
        if row := self.only:
            return Found({"jobId": row.job_id}, Evidence.INFERRED)
        if self:
            return Undecided(f"jobs could be it: {self.ids}", self.handles)
        if submission.name_taken_time is not None:
            return Undecided(
                "a second send was refused because the name is taken, by a job that the list does not show or dates "
                "otherwise; perhaps it is the first send's"
            )
        return Absent()


async def new_jobs(
    account: Account,
    job_type: JobType,
    cluster_id: str,
    submission: Submission,
    free: Claimable,
    *,
    from_cluster: bool = False,
) -> NewJobs:
    """Jobs of the type in the cluster, or (`from_cluster`) with data from it. Raises CloudError.

    The list is asked for without the type, of which the words are not all documented: rows of another spelling would
    be missing from it, and a missing row reads as a job that does not exist.
    """
    rows = await jobs_of(account, None, cluster_id)
    return _new(
        account, rows, job_type, submission, free, lambda row: from_cluster or is_same(row.cluster_id, cluster_id)
    )


async def new_jobs_in_project(
    account: Account, job_type: JobType, project_id: str, submission: Submission, free: Claimable
) -> NewJobs:
    """`new_jobs` of a whole project, for what comes from no cluster. Raises CloudError."""
    console = account.session.console
    if console is None:
        return NewJobs()

    async def fetch() -> list[ConsoleJob]:
        return await console.list(project_id=project_id)

    rows = await stable(fetch, key=lambda row: row.job_id, listing=f"list all jobs of {project_id}")
    return _new(account, rows, job_type, submission, free, lambda row: is_same(row.project_id, project_id))


def _new(
    account: Account,
    rows: list[ConsoleJob],
    job_type: JobType,
    submission: Submission,
    free: Claimable,
    is_there: Callable[[ConsoleJob], bool | None],
) -> NewJobs:
    before = {*(submission.baseline or {}).get(JOBS, ())}
    sure: list[ConsoleJob] = []
    vague: list[ConsoleJob] = []
    for row in rows:
        began = _began(row)
        if row.job_id in before or not free(row.job_id) or account.clocks.is_older(began, submission):
            continue
        type_, there = type_of(row.type), is_there(row)
        if type_ not in (None, job_type) or there is False:
            continue
        dated = began is not None and not is_ahead(began, account.cloud_time)
        (sure if type_ and there and dated else vague).append(row)
    return NewJobs(tuple(sure), tuple(vague))


def in_collection(row: ConsoleJob, database: str, collection: str) -> bool | None:
    """Whether the row is of this collection; None where it does not tell."""
    told = is_same(row.collection_name, collection)
    # A row that names no database is of the default one as often as not.
    place = is_same(row.db_name, database) if row.db_name else True
    return False if False in (told, place) else None if None in (told, place) else True


async def only_job(
    account: Account, job_type: JobType, cluster_id: str, submission: Submission, free: Claimable
) -> ConsoleJob | None:
    """The job of a submission to which the cloud gave no id, in a cluster that does one such thing at a time.

    The one that it can be, if it began no earlier than the second of the read before the request, and soon after it;
    else None. Raises CloudError.
    """
    sent = submission.cloud_time
    row = (await new_jobs(account, job_type, cluster_id, submission, free)).only
    began = _began(row) if row else None
    if sent is None or began is None:
        return None
    return row if sent <= began <= sent + BEGINS_WITHIN + account.clocks.slack else None


def _began(row: ConsoleJob) -> datetime | None:
    return row.start_time or row.create_time
