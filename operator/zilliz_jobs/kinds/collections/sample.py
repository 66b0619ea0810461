"""SampleCollectionJob: the console's one call, or without it two documented ones on the cluster's data plane.

The collection's description is a mark that only we set, so a lost creation is found for certain; the rows have fixed
keys, so writing them twice is writing them once.
"""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.collectionjobs import SAMPLE_COLLECTION_JOB, SampleCollectionJobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.dataplane import Collection, DataPlane, NewCollection
from zilliz_jobs.cloud.errors import CloudError, NotFound, ProtocolMismatch
from zilliz_jobs.cloud.words import ClusterState, JobType, cluster_state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Elsewhere,
    Found,
    Handle,
    Look,
    Missing,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, step_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.collections import sampledata
from zilliz_jobs.kinds.joblist import in_collection, known, new_jobs
from zilliz_jobs.kinds.spelling import REPLACED, folded

CREATE, WRITE = "CreateCollection", "WriteRows"
BEGINNING = "sample data"
BUSY_SECONDS = 10.0
SERVING = (ClusterState.RUNNING, ClusterState.SCALING)


class SampleKind(JobKind[SampleCollectionJobSpec]):
    """One job with the console's call, or two steps. The handle is {jobId} from the console, and {clusterId,
    collection} of a step: the data plane answers at once and knows no jobs."""

    resource: ClassVar[Resource] = SAMPLE_COLLECTION_JOB
    traits: ClassVar[Traits] = Traits(steps=(CREATE, WRITE))
    job_type = JobType.SAMPLE_COLLECTION

    def target(self, spec: SampleCollectionJobSpec) -> str:
        return f"{spec.cluster_id}/{spec.database or 'default'}/{spec.collection}"

    def description(self, spec: SampleCollectionJobSpec) -> str:
        return f"Make collection {spec.collection} with sample data {spec.dataset.value}"

    def submission_lock(self, spec: SampleCollectionJobSpec, step: str = SUBMIT_STEP) -> str:
        """The lock of all that makes collections in the cluster under names of its own choice."""
        return f"restore/{spec.cluster_id}"

    async def baseline(
        self, account: Account, spec: SampleCollectionJobSpec, context: SubmitContext
    ) -> Baselined | Blocked:
        cluster = await account.session.clusters.describe(spec.cluster_id)
        if cluster_state_of(cluster.status) not in SERVING:
            return Blocked(Reason.CLUSTER_BUSY, f"the cluster is {cluster.status}", BUSY_SECONDS)
        if context.step == WRITE:
            return Baselined()
        # One that is there after a send may be what that send made; a second one is refused then, and tells more.
        if not context.sent_before and await account.session.data(cluster.connect_address).has_collection(
            spec.collection, database=spec.database
        ):
            return Blocked(
                Reason.NAME_TAKEN, f"there is a collection {spec.collection} already; name another, or drop it"
            )
        if context.step == SUBMIT_STEP:
            return Baselined(await known(account, JobType.SAMPLE_COLLECTION, spec.cluster_id))
        return Baselined()

    async def submit(self, account: Account, spec: SampleCollectionJobSpec, request: SubmitRequest) -> SubmitAnswer:
        if request.submission.step == SUBMIT_STEP:
            return await self._by_console(account, spec, request)
        try:
            data = await _data_plane(account, spec)
        except CloudError as error:
            return answers.not_sent(error)
        if request.submission.step == CREATE:
            return await self._create(data, spec, request)
        rows = sampledata.rows(spec.dataset)
        reply = await data.upsert(
            spec.collection, rows, database=spec.database, token=request.token, fence=request.fence
        )
        answer = answers.submitted(reply, ())
        return Accepted(_handle(spec), {"rows": len(rows)}) if isinstance(answer, Accepted) else answer

    async def find(
        self, account: Account, spec: SampleCollectionJobSpec, submission: Submission, free: Claimable
    ) -> Look:
        if submission.step == SUBMIT_STEP:
            return await self._on_the_list(account, spec, submission, free)
        if submission.step == WRITE:
            return Absent()  # whatever became of it, the same rows may be written again
        data = await _data_plane(account, spec)
        try:
            made = await data.describe_collection(spec.collection, database=spec.database)
        except NotFound:
            return Absent()
        match _is_ours(made, submission.token):
            case True:
                return Found(_handle(spec), Evidence.MARKER)
            case None:
                return Undecided(
                    f"the description of collection {spec.collection} cannot be read, which is the mark of it"
                )
        message = f"a collection {spec.collection} was made meanwhile, and not by this job"
        return Elsewhere(message, Reason.NAME_TAKEN)

    async def observe(self, account: Account, spec: SampleCollectionJobSpec, status: JobStatus) -> Seen | Missing:
        """The data plane has no jobs: what it took is done. ProtocolMismatch where the collection does not tell its
        mark: rows in somebody else's collection could not be taken back."""
        if status.job_id:
            return await answers.follow(account.session, status.job_id) or Missing()
        if step_of(status) == WRITE:
            return Seen(State.SUCCESSFUL, message=f"collection {spec.collection} is made and filled")
        try:
            made = await (await _data_plane(account, spec)).describe_collection(
                spec.collection, database=spec.database
            )
        except NotFound:
            return Missing()
        ours = _is_ours(made, status.submission.token if status.submission else "")
        if ours is None:
            what = f"whether collection {spec.collection} is the one that was made"
            raise ProtocolMismatch(f"cannot tell {what}: its description, which is the mark of it, cannot be read")
        if not ours:
            message = f"the collection {spec.collection} is not the one that was made; somebody replaced it"
            return Seen(State.FAILED, message=message, reason=Reason.CHANGED_ELSEWHERE)
        return Seen(State.SUCCESSFUL, message=f"collection {spec.collection} is made")

    # -- parts

    async def _create(self, data: DataPlane, spec: SampleCollectionJobSpec, request: SubmitRequest) -> SubmitAnswer:
        wanted = NewCollection(
            db_name=spec.database,
            collection_name=spec.collection,
            description=_mark(request.token),
            collection_schema=sampledata.schema(spec.dataset),
            index_params=sampledata.INDEX,
        )
        reply = await data.create_collection(wanted, token=request.token, fence=request.fence)
        answer = answers.submitted(reply, ())
        if isinstance(reply, effects.Refused):
            # Creating, indexing and loading are three things inside; a refusal of the last ones leaves a collection.
            made = await _made(data, spec, request.token)
            if made is None:
                return EffectUnknown(f"refused ({reply.message}), and whether it left a collection cannot be read")
            return Accepted(_handle(spec)) if made else answer
        return Accepted(_handle(spec)) if isinstance(answer, Accepted) else answer

    async def _by_console(
        self, account: Account, spec: SampleCollectionJobSpec, request: SubmitRequest
    ) -> SubmitAnswer:
        console = account.session.console
        if console is None:
            return answers.console_is_off()
        reply = await console.sample(
            spec.cluster_id,
            database=spec.database or "default",
            collection=spec.collection,
            dataset=spec.dataset.value,
            token=request.token,
            fence=request.fence,
        )
        return answers.submitted(reply, ("jobId",), makes_named=request.submission.sends > 1)

    async def _on_the_list(
        self, account: Account, spec: SampleCollectionJobSpec, submission: Submission, free: Claimable
    ) -> Look:
        if account.session.console is None:
            return Undecided("the console API, through which it was sent, is off")
        rows = await new_jobs(account, JobType.SAMPLE_COLLECTION, spec.cluster_id, submission, free)
        return rows.of(lambda row: in_collection(row, spec.database or "default", spec.collection)).verdict(
            submission
        )


def _mark(token: str) -> str:
    return f"{BEGINNING}, made by job {token}"


def _handle(spec: SampleCollectionJobSpec) -> Handle:
    return {"clusterId": spec.cluster_id, "collection": spec.collection}


async def _data_plane(account: Account, spec: SampleCollectionJobSpec) -> DataPlane:
    """Raises CloudError."""
    cluster = await account.session.clusters.describe(spec.cluster_id)
    return account.session.data(cluster.connect_address)


async def _made(data: DataPlane, spec: SampleCollectionJobSpec, token: str) -> bool | None:
    """Whether the collection is there and ours; None where the cluster does not tell."""
    try:
        return _is_ours(await data.describe_collection(spec.collection, database=spec.database), token)
    except NotFound:
        return False
    except CloudError:
        return None


def _is_ours(made: Collection, token: str) -> bool | None:
    """Whether the collection has the job's mark. None: its description is not told, or perhaps is the mark, damaged,
    cut or in another spelling. An empty one is told, and is none."""
    told, mark = made.description, _mark(token)
    if told is None:
        return None
    if token and token in told:
        return True
    if REPLACED in told:
        return None
    is_respelt = folded(token) in folded(told)
    is_cut = len(told) > len(BEGINNING) and folded(mark).startswith(folded(told))
    return None if is_respelt or is_cut else False
