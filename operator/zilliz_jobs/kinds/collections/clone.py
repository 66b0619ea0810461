"""CloneCollectionJob: the console's one call, or without it a backup of the collection, its restore under the new
name, and the deletion of that backup.

Each step is found again as a job of its own kind is. Only a backup that the cloud's own answer named is deleted: one
that was found by inference may be somebody else's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from zilliz_jobs.api.backupjob import BackupJobSpec
from zilliz_jobs.api.collectionjobs import CLONE_COLLECTION_JOB, DEFAULT_DATABASE, CloneCollectionJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, StepStatus, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    AlreadyDone,
    Blocked,
    Found,
    Impossible,
    Look,
    Missing,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, handle_of, step_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.backups import backing, backupsource
from zilliz_jobs.kinds.base import Account, BackupSource, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.joblist import in_collection, known, new_jobs
from zilliz_jobs.kinds.restores import restoring
from zilliz_jobs.kinds.restores.restoring import CollectionRestore, Destination

BACKUP, RESTORE, DELETE = "Backup", "Restore", "DeleteBackup"
GONE = frozenset({"DELETED", "DELETING"})
LOADED = "loaded"


class CloneKind(JobKind[CloneCollectionJobSpec]):
    """One job with the console's call, or three steps. The handle is that of the step: {jobId, backupId} of the
    backup, {clusterId, jobId} of the restore, {backupId} of the deletion."""

    resource: ClassVar[Resource] = CLONE_COLLECTION_JOB
    traits: ClassVar[Traits] = Traits(steps=(BACKUP, RESTORE, DELETE), cleanup=DELETE)
    job_type = JobType.CLONE_COLLECTION

    def target(self, spec: CloneCollectionJobSpec) -> str:
        one = _place(spec)
        return f"{spec.cluster_id}/{one.database}/{one.collection} > {one.dest_database}/{one.dest_collection}"

    def description(self, spec: CloneCollectionJobSpec) -> str:
        return f"Clone collection {spec.collection} to {spec.dest_collection}"

    def submission_lock(self, spec: CloneCollectionJobSpec, step: str = SUBMIT_STEP) -> str:
        """The lock of the kind whose work the step does. What makes the copy shares that of all that makes
        collections in the cluster."""
        words = {BACKUP: "backup", DELETE: "delete"}
        return f"{words.get(step, 'restore')}/{spec.cluster_id}"

    def could_be_of(self, spec: CloneCollectionJobSpec, other: JobSpec, *, gone: bool) -> bool:
        return not isinstance(other, BackupJobSpec) or backing.could_be_alike(spec, other)

    def types_of(self, step: str) -> frozenset[str]:
        return {BACKUP: frozenset({str(JobType.BACKUP)}), RESTORE: frozenset({str(JobType.RESTORE)})}.get(
            step, super().types_of(step)
        )

    async def baseline(
        self, account: Account, spec: CloneCollectionJobSpec, context: SubmitContext
    ) -> Baselined | AlreadyDone | Impossible | Blocked:
        if context.step == DELETE:
            return await self._may_delete(account, spec, context)
        again = context.sent_before
        before = await restoring.prepare(account, _restore(spec), again=again)
        if isinstance(before, Blocked):
            return before
        match context.step:
            case "Backup":
                return await backing.baseline(account, spec.cluster_id)
            case "Restore":
                source = _temporary(spec, context.status)
                return Baselined(backupsource.record(source) | {LOADED: [str(await self._is_loaded(account, spec))]})
            case _:
                return Baselined(await known(account, JobType.CLONE_COLLECTION, spec.cluster_id))

    async def submit(self, account: Account, spec: CloneCollectionJobSpec, request: SubmitRequest) -> SubmitAnswer:
        match request.submission.step:
            case "Backup":
                answer = await backing.submit(
                    account,
                    spec.cluster_id,
                    database=spec.database,
                    collections=[spec.collection],
                    request=request,
                )
                return replace(answer, result={}) if isinstance(answer, Accepted) else answer
            case "Restore":
                one, source = _restore(spec, request.submission), _source(request.submission)
                return await restoring.submit(account, one, source, request)
            case "DeleteBackup":
                return await self._delete(account, _source(request.submission), request)
            case _:
                return await self._by_console(account, spec, request)

    async def find(
        self, account: Account, spec: CloneCollectionJobSpec, submission: Submission, free: Claimable
    ) -> Look:
        match submission.step:
            case "Backup":
                return await backing.find(
                    account,
                    spec.cluster_id,
                    database=spec.database,
                    collections=[spec.collection],
                    submission=submission,
                    free=free,
                )
            case "Restore":
                one = _restore(spec, submission)
                return await restoring.find(account, one, _source(submission), submission, free)
            case "DeleteBackup":
                source = _source(submission)
                gone = await _is_gone(account, source)
                return Found({"backupId": source.backup_id}, Evidence.MARKER) if gone else Absent()
            case _:
                return await self._on_the_list(account, spec, submission, free)

    async def observe(self, account: Account, spec: CloneCollectionJobSpec, status: JobStatus) -> Seen | Missing:
        handle, submission = handle_of(status), status.submission or Submission()
        match step_of(status):
            case "Backup":
                seen = await backing.observe(account, spec.cluster_id, handle)
                return replace(seen, result={"temporaryBackupId": handle.get("backupId", "")})
            case "DeleteBackup":
                gone = await _is_gone(account, _source(submission))
                return Seen(
                    State.SUCCESSFUL if gone else State.IN_PROGRESS, message="the temporary backup is deleted"
                )
            case "Restore":
                job_id = handle.get("jobId")
                told = await answers.follow(account.session, job_id) if job_id else None
                return told or await restoring.observe(account, _restore(spec, submission))
            case _:
                return await answers.follow(account.session, status.job_id or "") or Missing()

    # -- parts

    async def _may_delete(
        self, account: Account, spec: CloneCollectionJobSpec, context: SubmitContext
    ) -> Baselined | AlreadyDone | Impossible:
        row, source = _row(context.status, BACKUP), _temporary(spec, context.status)
        if not source.backup_id or await _is_gone(account, source):
            return AlreadyDone("there is no temporary backup left")
        if row is None or row.submission is None or row.submission.evidence is not Evidence.ANSWERED:
            return Impossible(Reason.LEFT_BEHIND, "its answer was lost, so it is not proven to be this job's")
        return Baselined(backupsource.record(source))

    async def _delete(self, account: Account, source: BackupSource, request: SubmitRequest) -> SubmitAnswer:
        reply = await account.session.backups.delete(
            source.cluster_id, source.backup_id, token=request.token, fence=request.fence
        )
        handle = {"backupId": source.backup_id}
        if isinstance(reply, effects.Refused) and await _is_gone(account, source):
            return Accepted(handle)
        answer = answers.submitted(reply, ())
        return Accepted(handle) if isinstance(answer, Accepted) else answer

    async def _is_loaded(self, account: Account, spec: CloneCollectionJobSpec) -> bool:
        """Whether the original is loaded, as its copy then shall be."""
        cluster = await account.session.clusters.describe(spec.cluster_id)
        data = account.session.data(cluster.connect_address)
        return (await data.load_state(spec.collection, database=spec.database)).loaded

    async def _by_console(
        self, account: Account, spec: CloneCollectionJobSpec, request: SubmitRequest
    ) -> SubmitAnswer:
        console, one = account.session.console, _place(spec)
        if console is None:
            return answers.console_is_off()
        reply = await console.clone(
            spec.cluster_id,
            database=one.database,
            collection=one.collection,
            dest_database=one.dest_database,
            dest_collection=one.dest_collection,
            token=request.token,
            fence=request.fence,
        )
        return answers.submitted(reply, ("jobId",), makes_named=request.submission.sends > 1)

    async def _on_the_list(
        self, account: Account, spec: CloneCollectionJobSpec, submission: Submission, free: Claimable
    ) -> Look:
        if account.session.console is None:
            return Undecided("the console API, through which it was sent, is off")
        one = _place(spec)
        rows = await new_jobs(account, JobType.CLONE_COLLECTION, spec.cluster_id, submission, free)
        return rows.of(lambda row: _is_clone(row, one)).verdict(submission)


def _is_clone(row: ConsoleJob, one: Destination) -> bool | None:
    """Whether the row is of this clone, by the name of the copy or of the original, whichever it shows."""
    to = in_collection(row, one.dest_database, one.dest_collection)
    return to if to is not False else in_collection(row, one.database, one.collection)


def _restore(spec: CloneCollectionJobSpec, submission: Submission | None = None) -> CollectionRestore:
    loaded = (submission.baseline or {}).get(LOADED) if submission else None
    return CollectionRestore(spec.cluster_id, (replace(_place(spec), loaded=loaded == ["True"]),))


def _place(spec: CloneCollectionJobSpec) -> Destination:
    database = spec.database or DEFAULT_DATABASE
    return Destination(database, spec.collection, spec.dest_database or database, spec.dest_collection)


def _source(submission: Submission) -> BackupSource:
    """The backup that the record of the step names; none that exists where somebody took it out of the record."""
    return backupsource.recorded(submission) or BackupSource("", "")


def _temporary(spec: CloneCollectionJobSpec, status: JobStatus) -> BackupSource:
    """The backup that the first step made."""
    row = _row(status, BACKUP)
    return BackupSource(spec.cluster_id, (row.handle or {}).get("backupId", "") if row else "")


def _row(status: JobStatus, name: str) -> StepStatus | None:
    return next((row for row in status.steps or [] if row.name == name), None)


async def _is_gone(account: Account, source: BackupSource) -> bool:
    """Raises CloudError."""
    try:
        backup = await account.session.backups.describe(source.cluster_id, source.backup_id)
    except NotFound:
        return True
    return backup.status.upper() in GONE
