"""ExportJob: POST export, then the job.

Nothing documented shows where a lost submission went: exports are on no list, and the bucket is not ours to read. So
each submission writes into a directory that ends in its token, where a person can see it, and where a second one does
no harm; only the console's job list can name the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zilliz_jobs.api.exportjob import EXPORT_JOB, ExportJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    Found,
    Look,
    Missing,
    NotSent,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits, handle_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.backups import backupsource
from zilliz_jobs.kinds.base import Account, BackupSource, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.joblist import known, new_jobs
from zilliz_jobs.kinds.place import Place, RawSpec, part_of, place_in
from zilliz_jobs.kinds.spelling import is_same


class ExportKind(JobKind[ExportJobSpec]):
    """The handle is {jobId}. A lost submission is never Absent: what no list shows may run all the same."""

    resource: ClassVar[Resource] = EXPORT_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=True, retry=RetryRule.RESUBMIT)
    job_type = JobType.EXPORT
    lock_needs_backup = True

    def place(self, spec: RawSpec, handle: Mapping[str, str]) -> Place:
        return place_in(spec, part_of(spec, "backup"), handle)

    def target(self, spec: ExportJobSpec) -> str:
        if spec.backup is None:
            return f"job {spec.adopt.job_id}" if spec.adopt else ""
        place = backupsource.place(spec.backup)
        return f"{place}/{spec.backup.backup_id}" if spec.backup.backup_id else place

    def description(self, spec: ExportJobSpec) -> str:
        what = backupsource.words(spec.backup)
        return f"Export {what} to {spec.directory}" if spec.directory else f"Export {what}"

    def submission_lock(self, spec: ExportJobSpec, step: str = SUBMIT_STEP) -> str:
        return f"export/{backupsource.place(spec.backup) if spec.backup else self.target(spec)}"

    def lock_of(
        self,
        spec: ExportJobSpec,
        step: str,
        *,
        backup: BackupSource | None = None,
        record: Submission | None = None,
    ) -> str:
        """The cluster, however the spec names the backup: BackupJobs of one name are in many namespaces."""
        source = backup or backupsource.recorded(record)
        return f"export/{source.cluster_id}" if source else self.submission_lock(spec, step)

    def could_be_of(self, spec: ExportJobSpec, other: JobSpec, *, gone: bool) -> bool:
        backups = [
            one.backup.backup_id if isinstance(one, ExportJobSpec) and one.backup else None for one in (spec, other)
        ]
        return None in backups or backups[0] == backups[1]

    def has_source(self, spec: ExportJobSpec) -> bool:
        return None not in (spec.backup, spec.integration_id, spec.directory)

    def backup_job(self, spec: ExportJobSpec) -> str | None:
        return backupsource.job_of(spec.backup)

    def backup_named(self, spec: ExportJobSpec) -> BackupSource | None:
        return backupsource.named(spec.backup)

    async def baseline(self, account: Account, spec: ExportJobSpec, context: SubmitContext) -> Baselined | Blocked:
        backup = await backupsource.ready(account, spec.backup, context.backup)
        if isinstance(backup, Blocked):
            return backup
        return Baselined(backupsource.record(backup) | await known(account, JobType.EXPORT, backup.cluster_id))

    async def submit(self, account: Account, spec: ExportJobSpec, request: SubmitRequest) -> SubmitAnswer:
        backup = backupsource.recorded(request.submission)
        if backup is None or spec.integration_id is None or spec.directory is None:
            return NotSent(Reason.NOT_SUBMITTED, "the record of the submission does not say what to export")
        reply = await account.session.exports.export(
            backup.cluster_id,
            backup.backup_id,
            integration_id=spec.integration_id,
            directory=_directory(spec.directory, request.token),
            token=request.token,
            fence=request.fence,
        )
        answer = answers.submitted(reply, ("jobId",), busy=Reason.BACKUP_NOT_READY)
        if isinstance(answer, Accepted):
            return Accepted(answer.handle, _result(spec, backup, request.token))
        return answer

    async def find(self, account: Account, spec: ExportJobSpec, submission: Submission, free: Claimable) -> Look:
        backup = backupsource.recorded(submission)
        where = f"look for {_directory(spec.directory or '', submission.token)} in the bucket"
        if account.session.console is None or backup is None:
            return Undecided(f"the cloud lists no exports; {where}")
        rows = await new_jobs(account, JobType.EXPORT, backup.cluster_id, submission, free)
        rows = rows.of(lambda row: is_same(row.backup_id, backup.backup_id))
        if row := rows.only:
            return Found({"jobId": row.job_id}, Evidence.INFERRED, _result(spec, backup, submission.token))
        if not rows:
            return Undecided(f"the console shows no new export of the backup; {where}")
        return Undecided(f"the console shows exports that could be it: {rows.ids}; {where}", rows.handles)

    async def observe(self, account: Account, spec: ExportJobSpec, status: JobStatus) -> Seen | Missing:
        job_id = handle_of(status).get("jobId") or ""
        return await answers.follow(account.session, job_id) or Missing()


def _directory(directory: str, token: str) -> str:
    """A sub-directory of its own for each submission, so that attempts do not mix."""
    return f"{directory.rstrip('/')}/{token}"


def _result(spec: ExportJobSpec, backup: BackupSource, token: str) -> dict[str, str]:
    return {"directory": _directory(spec.directory or "", token), "backupId": backup.backup_id}
