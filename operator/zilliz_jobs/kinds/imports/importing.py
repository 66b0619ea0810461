"""ImportJob: POST import/create (v2, or v1 where the connection says so), follow it file by file.

The list of imports names no times, no files and no databases, so a lost submission is found by the start time of
Describe Job and the file names of the progress. A failed import can be retried in place through the console; without
it a retry is the same import, submitted again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.importjob import IMPORT_JOB, ImportJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.azure import are_blob_urls
from zilliz_jobs.cloud.errors import CloudError, NotFound
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.imports_v1 import ImportTask
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.cloud.words import JobType, state_of
from zilliz_jobs.core.observation import (
    Accepted,
    Baseline,
    Blocked,
    Found,
    Look,
    NotSent,
    Refused,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.clocks import second_before
from zilliz_jobs.kinds.imports import importdetails, importends, importlook
from zilliz_jobs.kinds.imports.importfiles import could_be_alike
from zilliz_jobs.kinds.imports.importwire import (
    Facts,
    on_list,
    sources,
    takes_token_alone,
    target_of,
    v1_request,
    v2_request,
    why_not_v1,
)
from zilliz_jobs.kinds.place import Place
from zilliz_jobs.kinds.secretneed import SecretNeed


class ImportKind(JobKind[ImportJobSpec]):
    """The handle is {jobId}, for either generation of the API. The cloud offers no cancel (documented: Job
    Center)."""

    resource: ClassVar[Resource] = IMPORT_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=False, retry=RetryRule.FREELY)
    job_type = JobType.IMPORT
    budget: ClassVar[str] = "imports"
    tells_more: ClassVar[bool] = True

    def target(self, spec: ImportJobSpec) -> str:
        where = spec.cluster_id or f"{spec.project_id}@{spec.region_id}"
        partition = f"/{spec.partition}" if spec.partition else ""
        return f"{where}/{spec.database or 'default'}/{spec.collection}{partition}"

    def description(self, spec: ImportJobSpec) -> str:
        count = len(sources(spec))
        what = f"{count} source{'' if count == 1 else 's'}" if count else "data"
        return f"Import {what} into collection {spec.collection}"

    def submission_lock(self, spec: ImportJobSpec, step: str = SUBMIT_STEP) -> str:
        """Without the database: no answer of the cloud tells of which one an import is, so imports into collections
        of one name are told apart only by being submitted one after the other."""
        where = spec.cluster_id or f"{spec.project_id}@{spec.region_id}"
        return f"import/{where}/{spec.collection}"

    def could_be_of(self, spec: ImportJobSpec, other: JobSpec, *, gone: bool) -> bool:
        return not isinstance(other, ImportJobSpec) or could_be_alike(spec, other)

    def secrets(self, spec: ImportJobSpec) -> tuple[SecretNeed, ...]:
        """Of an object storage that needs one. `token` beside the keys is optional; where the storage opens with it
        alone, it may stand instead of them."""
        storage = spec.object_storage
        if storage is None or storage.credentials_secret_ref is None:
            return ()
        name, keys = storage.credentials_secret_ref.name, ("accessKey", "secretKey")
        instead = ("token",) if takes_token_alone(spec) else ()
        return (SecretNeed(name, keys, ("token",), instead, in_azure=are_blob_urls(storage.urls)),)

    def has_source(self, spec: ImportJobSpec) -> bool:
        return bool(sources(spec))

    def listed(self, account: Account, spec: ImportJobSpec, status: JobStatus) -> tuple[ListId, str] | None:
        known = super().listed(account, spec, status)
        if known or not status.job_id:
            return known
        if account.import_api is ImportApi.V1:
            return ListId(Source.IMPORTS_V1, cluster_id=spec.cluster_id or ""), status.job_id
        target = target_of(spec)
        where = ListId(
            Source.IMPORTS,
            target.cluster_id or "",
            project_id=target.project_id or "",
            region_id=target.region_id or "",
        )
        return where, status.job_id

    def shown(self, row: Any, spec: ImportJobSpec, status: JobStatus) -> Seen | None:
        return (
            on_list(row, status) if isinstance(row, ImportRecord | ImportTask) else super().shown(row, spec, status)
        )

    async def baseline(self, account: Account, spec: ImportJobSpec, context: SubmitContext) -> Baselined | Blocked:
        if account.import_api is ImportApi.V1 and (problem := why_not_v1(spec)):
            return Blocked(Reason.NO_PUBLIC_API, problem)
        known: Baseline = {}
        if context.step == RETRY_STEP:
            known = await _before_retry(account, (context.status.attempts or [])[-2].job_id or "")
        elif spec.cluster_id:
            await account.session.clusters.describe(spec.cluster_id)
        else:
            await account.session.projects.list()  # for the cloud's clock
        # A later send goes by the time of the first one.
        since = None if context.sent_before else context.since
        return Baselined(known, cloud_time=await second_before(account.session.transport.readings, since))

    async def submit(self, account: Account, spec: ImportJobSpec, request: SubmitRequest) -> SubmitAnswer:
        session = account.session
        if request.submission.step == RETRY_STEP:
            return await self._retry_in_place(account, request)
        if account.import_api is ImportApi.V1:
            if session.imports_v1 is None:
                return Refused(Reason.REJECTED, "cannot use the v1 import API: the connection names no region")
            if request.secrets.get("token"):
                return NotSent(Reason.NO_PUBLIC_API, "the v1 import API takes no short-term token; use importApi V2")
            wanted = v1_request(spec, request.secrets)
            return answers.submitted(
                await session.imports_v1.create(wanted, token=request.token, fence=request.fence), ("jobId",)
            )
        reply = await session.imports.create(
            v2_request(spec, request.secrets), token=request.token, fence=request.fence
        )
        return answers.submitted(reply, ("jobId",))

    async def find(self, account: Account, spec: ImportJobSpec, submission: Submission, free: Claimable) -> Look:
        if submission.step == RETRY_STEP and (same := await self._retried(account, submission)):
            return same
        return await importlook.look(account, spec, submission, free)

    async def observe(self, account: Account, spec: ImportJobSpec, status: JobStatus) -> Seen:
        job_id = status.job_id or ""
        facts = await importends.read(account, spec, job_id)
        if _is_end_before_retry(status.submission, facts):
            facts = replace(facts, state=State.PENDING, end_time=None, message="", result={})
        start = status.start_time
        if start is None and facts.start_time is None:
            start = await self._start_time(account, job_id)
        return facts.seen(job_id, start, account.cloud_time)

    async def details(self, account: Account, place: Place, job_id: str) -> Seen | None:
        return await importdetails.details(account, place, job_id)

    # -- parts

    async def _start_time(self, account: Account, job_id: str) -> datetime | None:
        try:
            return (await account.session.jobs.describe(job_id)).start_time
        except CloudError:
            return None

    async def _retry_in_place(self, account: Account, request: SubmitRequest) -> SubmitAnswer:
        """The console's retry; the id may stay the same or change."""
        earlier = (request.submission.baseline or {}).get("jobId", [""])[0]
        console = account.session.console
        if console is None:
            return Refused(Reason.NO_PUBLIC_API, Reason.NO_PUBLIC_API.help, heals=True)
        reply = await console.retry(earlier, token=request.token, fence=request.fence)
        answer = answers.submitted(reply, ("jobId",))
        if isinstance(answer, Accepted) and not answer.handle:
            return Accepted({"jobId": earlier})
        return answer

    async def _retried(self, account: Account, submission: Submission) -> Found | Undecided | None:
        """The job under its old id, if it moved on since the retry was about to be sent. None: it did not, so the
        retry has an id of its own, or never arrived."""
        baseline = submission.baseline or {}
        earlier, ended = baseline.get("jobId", [""])[0], baseline.get("endTime", [""])[0]
        try:
            job = await account.session.jobs.describe(earlier)
        except NotFound:
            return Undecided(f"the cloud does not know job {earlier} any more, which may have been retried")
        state = state_of(job.status)
        if state is None:
            return Undecided(f"job {earlier} is {job.status!r}, a word that does not tell whether it was retried")
        if state is not State.FAILED:
            return Found({"jobId": earlier}, Evidence.MARKER)
        if job.end_time is None or not ended:
            return Undecided(f"job {earlier} shows no time that tells whether it failed once more")
        return Found({"jobId": earlier}, Evidence.MARKER) if format_time(job.end_time) != ended else None


async def _before_retry(account: Account, job_id: str) -> Baseline:
    """The job as it is before it is retried in place. Raises CloudError."""
    try:
        job = await account.session.jobs.describe(job_id)
    except NotFound:  # forgotten: the retry is refused in the cloud's own words
        return {"jobId": [job_id], "endTime": [""]}
    return {"jobId": [job_id], "endTime": [format_time(job.end_time) if job.end_time else ""]}


def _is_end_before_retry(submission: Submission | None, facts: Facts) -> bool:
    """A read that still shows the end which the retry in place was asked for; the job keeps its id."""
    if submission is None or submission.step != RETRY_STEP or facts.state is not State.FAILED or not facts.end_time:
        return False
    return format_time(facts.end_time) in (submission.baseline or {}).get("endTime", ())
