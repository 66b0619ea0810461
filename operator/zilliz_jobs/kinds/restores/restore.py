"""RestoreJob: POST restoreCluster or restoreCollection, then the job, and what it makes where its id is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.restorejob import (
    RESTORE_JOB,
    CollectionStatus,
    ExistingCluster,
    NewCluster,
    RestoreJobSpec,
    RestoreVersionPolicy,
)
from zilliz_jobs.cloud.restores import CollectionStatus as StatusWord
from zilliz_jobs.cloud.restores import RestoreVersionPolicy as VersionWord
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.observation import (
    Accepted,
    AlreadyDone,
    Blocked,
    Found,
    Look,
    Missing,
    NotSent,
    Refused,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, handle_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.backups import backupsource
from zilliz_jobs.kinds.base import Account, BackupSource, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.clusters import newcluster
from zilliz_jobs.kinds.joblist import known
from zilliz_jobs.kinds.place import Place, RawSpec, part_of
from zilliz_jobs.kinds.restores import destinations, restoring

CLUSTER_NAME = "clusterName"
STATUS_FIELD = "collectionstatus"  # as a refusal names it
STATUS_WORDS, CLIENTS = "collectionStatusWords", "clients"
VERSIONS: dict[RestoreVersionPolicy, VersionWord] = {
    RestoreVersionPolicy.LATEST: "LATEST",
    RestoreVersionPolicy.ORIGINAL: "ORIGINAL",
}


class RestoreKind(JobKind[RestoreJobSpec]):
    """The handle is {jobId, newClusterId} of a cluster that is made, {jobId, clusterId} of collections in one that
    exists; without jobId where a lost submission was found again and the console does not name it."""

    resource: ClassVar[Resource] = RESTORE_JOB
    traits: ClassVar[Traits] = Traits()
    job_type = JobType.RESTORE
    cluster_words = frozenset({"RESTORE_BACKUP"})

    def place(self, spec: RawSpec, handle: Mapping[str, str]) -> Place:
        there, source = part_of(spec, "existingCluster"), part_of(spec, "backup")
        return newcluster.place(part_of(spec, "newCluster"), handle, spec, there, source)

    def target(self, spec: RestoreJobSpec) -> str:
        if spec.new_cluster:
            return f"{spec.new_cluster.project_id}/{spec.new_cluster.name or '(new cluster)'}"
        if spec.existing_cluster:
            return destinations.restore(spec.existing_cluster).destination
        return f"job {spec.adopt.job_id}" if spec.adopt else ""

    def description(self, spec: RestoreJobSpec) -> str:
        what = backupsource.words(spec.backup)
        if spec.existing_cluster:
            named = spec.existing_cluster.collections or []
            parts = f"{len(named)} collections" if named else "all collections"
            parts = f"collection {named[0].collection}" if len(named) == 1 else parts
            return f"Restore {parts} of {what} into cluster {spec.existing_cluster.cluster_id}"
        return f"Restore {what} into a new cluster" if spec.new_cluster else f"Restore {what}"

    def submission_lock(self, spec: RestoreJobSpec, step: str = SUBMIT_STEP) -> str:
        """Of a project or of a cluster: what is looked for by name is made under no other lock."""
        if spec.new_cluster:
            return f"restore/{spec.new_cluster.project_id}"
        if spec.existing_cluster:
            return f"restore/{spec.existing_cluster.cluster_id}"
        return f"restore/{self.target(spec)}"

    def traits_of(self, spec: RestoreJobSpec) -> Traits:
        """A cluster that a person named is found for sure, also by the same manifest in another life."""
        return replace(self.traits, exact_find=bool(spec.new_cluster and spec.new_cluster.name))

    def has_source(self, spec: RestoreJobSpec) -> bool:
        return spec.backup is not None and (spec.new_cluster is not None or spec.existing_cluster is not None)

    def backup_job(self, spec: RestoreJobSpec) -> str | None:
        return backupsource.job_of(spec.backup)

    def backup_named(self, spec: RestoreJobSpec) -> BackupSource | None:
        return backupsource.named(spec.backup)

    def credentials_secret(self, spec: RestoreJobSpec, name: str) -> str | None:
        if spec.new_cluster is None or spec.adopt is not None:
            return None
        return spec.new_cluster.credentials_secret_name or f"{name}-credentials"

    async def baseline(
        self, account: Account, spec: RestoreJobSpec, context: SubmitContext
    ) -> Baselined | AlreadyDone | Blocked:
        backup = await backupsource.ready(account, spec.backup, context.backup)
        if isinstance(backup, Blocked):
            return backup
        facts = backupsource.record(backup)
        problem: AlreadyDone | Blocked | None = Blocked(Reason.NO_SOURCE, Reason.NO_SOURCE.help)
        if spec.new_cluster:
            name = spec.new_cluster.name or newcluster.default_name(context.name, context.token)
            facts[CLUSTER_NAME] = [name]
            problem = await newcluster.prepare(account, _wanted(spec.new_cluster, name), context)
        elif spec.existing_cluster:
            one = await destinations.prepared(account, spec.existing_cluster, backup)
            if isinstance(one, Blocked):
                return one
            before = await restoring.prepare(account, one, again=context.sent_before)
            if isinstance(before, Blocked):
                return before
            problem = None
            facts |= before | destinations.record(one) | await known(account, JobType.RESTORE, one.cluster_id)
        return problem or Baselined(facts)

    async def submit(self, account: Account, spec: RestoreJobSpec, request: SubmitRequest) -> SubmitAnswer:
        backup = backupsource.recorded(request.submission)
        if backup and spec.new_cluster and (name := _recorded_name(request.submission)):
            return await _restore_cluster(account, spec.new_cluster, backup, name, request)
        if backup and spec.existing_cluster:
            return await _restore_collections(account, spec.existing_cluster, backup, request)
        return NotSent(Reason.NOT_SUBMITTED, "the record of the submission does not say what to restore")

    async def find(self, account: Account, spec: RestoreJobSpec, submission: Submission, free: Claimable) -> Look:
        backup = backupsource.recorded(submission)
        if spec.existing_cluster:
            one = destinations.restore(spec.existing_cluster, submission)
            if not one.collections:
                return Undecided("the record does not name the collections that were to be restored; look by hand")
            look = await restoring.find(account, one, backup, submission, free)
            if isinstance(look, Found):
                return replace(look, result={"clusterId": spec.existing_cluster.cluster_id})
            return look
        name = _recorded_name(submission)
        if spec.new_cluster is None or not name:
            return Undecided("the record does not name the cluster that was to be made; look for it by hand")
        return await newcluster.find(
            account,
            _wanted(spec.new_cluster, name),
            submission,
            free,
            job_type=JobType.RESTORE,
            source_cluster_id=backup.cluster_id if backup else None,
        )

    async def observe(self, account: Account, spec: RestoreJobSpec, status: JobStatus) -> Seen | Missing:
        handle = handle_of(status)
        job_id, new_cluster_id = handle.get("jobId"), handle.get(newcluster.HANDLE)
        if job_id and (seen := await answers.follow(account.session, job_id)):
            return seen
        made: Seen | Missing = Missing()
        if new_cluster_id:
            made = await newcluster.observe(account, new_cluster_id)
        elif spec.existing_cluster and "clusterId" in handle and (not job_id or _was_missed(status)):
            one = destinations.restore(spec.existing_cluster, status.submission)
            made = await restoring.observe(account, one)
        return replace(made, job_id=job_id or "") if isinstance(made, Seen) else made


async def _restore_collections(
    account: Account, target: ExistingCluster, backup: BackupSource, request: SubmitRequest
) -> SubmitAnswer:
    one = destinations.restore(target, request.submission)
    if not one.collections:
        return NotSent(Reason.NOT_SUBMITTED, "the record of the submission does not say what to restore")
    answer = await restoring.submit(account, one, backup, request)
    return replace(answer, result={"clusterId": target.cluster_id}) if isinstance(answer, Accepted) else answer


async def _restore_cluster(
    account: Account, target: NewCluster, backup: BackupSource, name: str, request: SubmitRequest
) -> SubmitAnswer:
    reply = await account.session.restores.restore_cluster(
        backup.cluster_id,
        backup.backup_id,
        project_id=target.project_id,
        name=name,
        cu_size=target.cu_size,
        collection_status=_status_word(target, request.submission),
        restore_version_policy=VERSIONS[target.restore_version_policy] if target.restore_version_policy else None,
        token=request.token,
        fence=request.fence,
    )
    answer = newcluster.answered(reply, busy=Reason.BACKUP_NOT_READY)
    if isinstance(answer, Refused) and answer.reason is Reason.REJECTED and STATUS_FIELD in answer.message.lower():
        return replace(answer, instead={STATUS_WORDS: [CLIENTS]})
    return answer


def _status_word(target: NewCluster, submission: Submission) -> StatusWord:
    """The documented word; where the record says that it was refused, that of the vendor's own clients."""
    release = target.collection_status is CollectionStatus.RELEASE
    if (submission.baseline or {}).get(STATUS_WORDS) == [CLIENTS]:
        return "NOT_LOADED" if release else "LOADED"
    return "RELEASE" if release else "KEEP"


def _wanted(made: NewCluster, name: str) -> newcluster.NewCluster:
    return newcluster.NewCluster(name, made.project_id, made.cu_size, own_name=made.name is None)


def _recorded_name(submission: Submission) -> str:
    return next(iter((submission.baseline or {}).get(CLUSTER_NAME, [])), "")


def _was_missed(status: JobStatus) -> bool:
    """The last look did not see the job either. One such look may be a slip, and a collection that is there does not
    say whether it is complete."""
    return status.submission is not None and status.submission.missing_since is not None
