"""What a job kind is: its names and traits, and the verbs that drive the cloud for it.

The verbs' written rules: none waits for a job; `baseline`, `find`, `observe`, `named`, `details` and `adopt` change
nothing and may be repeated; `submit` sends one request with an effect at most, and only it, `cancel` and `clear` have
an effect.
A kind's own reads (`baseline`, `find`, `observe`, `details`) raise CloudError. Around three of them stand `prepare`,
`look` and `read`, which all kinds share: they raise nothing for what the cloud or the network does, and answer with a
value of `core.observation`. So do `adopt` and `cancel`; `submit` as well, save for a read beside its request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.words import JobType, is_canceling, type_of
from zilliz_jobs.core.observation import (
    AlreadyDone,
    Baseline,
    Blocked,
    CancelAnswer,
    Impossible,
    Look,
    Missing,
    Notice,
    Preparation,
    Prepared,
    Reading,
    Seen,
    SubmitAnswer,
    Unreadable,
)
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, handle_of, is_finished, is_open, step_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.clocks import CloudClocks
from zilliz_jobs.kinds.place import Place, RawSpec, place_in
from zilliz_jobs.kinds.secretneed import SecretNeed
from zilliz_jobs.kinds.workeraccess import WorkerAccess

S = TypeVar("S", bound=JobSpec)


@dataclass(frozen=True)
class Account:
    """The cloud as one connection sees it. `import_api`: by which of its two APIs imports go. `project_id`: of the
    connection, whose jobs the console lists; "" where it names none."""

    session: CloudSession
    import_api: ImportApi = ImportApi.V2
    project_id: str = ""
    clocks: CloudClocks = field(default_factory=CloudClocks)
    workers: WorkerAccess | None = None
    """Of the namespace of the connection; None where the operator was installed without an engine."""

    @property
    def cloud_time(self) -> datetime | None:
        """The clock of the control plane when it last answered, by the `Date` of the answer; None before the
        first."""
        return self.session.transport.cloud_time

    @property
    def low_priority(self) -> Account:
        """The same account for reads that let all others go first."""
        return replace(self, session=self.session.low_priority)


@dataclass(frozen=True)
class BackupSource:
    """A backup that exists: the cluster it was made of, and its id."""

    cluster_id: str
    backup_id: str


@dataclass(frozen=True)
class SubmitContext:
    """All that preparing a submission takes beside the spec. `name`: the object's. `token`: of the submission to
    come, so that a marker can be made of it. `backup`: what `backup_job` named, once that has ended well."""

    step: str
    status: JobStatus
    name: str
    token: str
    backup: BackupSource | None = None
    finds_first: bool = False
    """Whether what stands under the name that the spec gives counts as this job's own work, done in an earlier life
    of the manifest."""
    uid: str = ""
    """The object's, for marks that must not be another object's of the same name."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values by key, of all Secrets that the spec names."""
    since: float | None = None
    """When this process was first asked to prepare the submission; seconds of the event loop's clock."""

    @property
    def sent_before(self) -> bool:
        """Whether this very step was sent already, and a look-up did not find it. What exists by now may be its
        doing; a second send is then refused, and that leads to another look."""
        earlier = self.status.submission
        return earlier is not None and earlier.step == self.step and earlier.sends > 0


@dataclass(frozen=True)
class SubmitRequest:
    """All that one submission takes beside the spec. `submission`: its intent, which is stored already. `fence`: to
    be called just before the first byte leaves; raises where nothing may be sent any more. `secrets`: values by key,
    of all Secrets that the spec names."""

    submission: Submission
    fence: Callable[[], None]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def token(self) -> str:
        """What marks this submission, in the names and texts that a kind makes of it. The same at each further
        send."""
        return self.submission.token


@dataclass(frozen=True)
class Baselined:
    """The answer of `baseline` when nothing stands in the way. `submit`, `find` and `observe` get no context: what
    they need of it has to be in here. A later send of the same attempt goes by it too."""

    baseline: Baseline = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    cloud_time: datetime | None = None
    """The cloud's clock that a look-up compares with; None for that of the read which `baseline` ended with."""


Claimable = Callable[[str], bool]
"""Whether an id belongs to no other object."""


@dataclass(frozen=True)
class Variant:
    """The jobs of a kind that other traits hold for: those with this value in this field of the spec. `name`: what a
    person would call such a job."""

    name: str
    field: str
    value: str
    traits: Traits


class JobKind(ABC, Generic[S]):
    """One kind of jobs: what it says of itself, and its verbs. Keeps nothing of any job, so that one instance serves
    all objects of the kind; what a verb has to remember stands in the object's status.

    What it says of itself is pure. How to add one is told in CONTRIBUTING.md."""

    resource: ClassVar[Resource]
    """Its model: names, spec, status, and what its CRD is made of."""
    traits: ClassVar[Traits]
    """What the cloud allows for such a job, and how sure its look-up is; for some specs `traits_of` says
    otherwise."""
    variants: ClassVar[tuple[Variant, ...]] = ()
    """Where what the cloud allows depends on the spec."""
    job_type: ClassVar[JobType | None] = None
    """The cloud's type of jobs of this kind; None for what is no job there."""
    cluster_words: ClassVar[frozenset[str]] = frozenset()
    """The words for a cluster's status that such a job causes. One that several kinds cause tells of none of them."""
    budget: ClassVar[str] = "jobs"
    """Whose request budget `observe` uses: kinds with the same word share one."""
    exclusive: ClassVar[bool] = False
    """Whether the lock stays taken until the job's end: a second job would change what the first is judged by."""
    keeps_lock: ClassVar[bool] = False
    """Whether some of its objects hold their lock for longer than their submission is open: see `occupies`."""
    lock_needs_backup: ClassVar[bool] = False
    """Whether `lock_of` a submission to come needs its `backup`, which then is read before each try for the lock."""

    clears: ClassVar[bool] = False
    """Whether an ended job may leave what `clear` removes; of the other kinds it is not called."""
    tells_more: ClassVar[bool] = False
    """Whether `details` of a failed job tell what no list does."""

    # -- what it says of itself

    @property
    def row_type(self) -> str:
        """Its type on the job-centre page; empty for what is no job there."""
        return self.resource.row_name

    @abstractmethod
    def target(self, spec: S) -> str:
        """What the job works on, in one line."""

    @abstractmethod
    def description(self, spec: S) -> str:
        """What the job does, in one line."""

    @abstractmethod
    def submission_lock(self, spec: S, step: str = SUBMIT_STEP) -> str:
        """Where only one submission may be open at a time, over all objects. Ids in it are unique over accounts."""

    def lock_of(
        self, spec: S, step: str, *, backup: BackupSource | None = None, record: Submission | None = None
    ) -> str:
        """The submission lock of one submission, where the spec alone may not tell it.

        `backup`: what the job works on, gathered for a submission to come; `record`: of one that was made.
        """
        return self.submission_lock(spec, step)

    def could_be_of(self, spec: S, other: JobSpec, *, gone: bool) -> bool:
        """Whether a job that was found by inference for `spec` may as well be of `other`, the spec of another object
        that has a submission open under the same lock, or (`gone`) had one when it was deleted a moment ago. False
        only where both would look different, or where it makes no difference whose it is."""
        return True

    def traits_of(self, spec: S) -> Traits:
        """The traits of a job with this spec."""
        others = (one.traits for one in self.variants if getattr(spec, one.field) == one.value)
        return next(others, self.traits)

    def trait_variants(self) -> dict[str, Traits]:
        """What the cloud allows, by what a person would call such a job; "" for the usual one."""
        return {"": self.traits} | {one.name: one.traits for one in self.variants}

    @property
    def may_be_held(self) -> bool:
        """Whether its objects may carry the finalizer: until a cancel is over, or until what a job made on its way is
        removed."""
        return any(traits.can_cancel or traits.cleanup for traits in self.trait_variants().values())

    def types_of(self, step: str) -> frozenset[str]:
        """The cloud's words for the job that this step submits (documented: Describe Job); empty where none is
        documented."""
        return frozenset({str(self.job_type)}) if self.job_type else frozenset()

    def occupies(self, status: JobStatus) -> bool:
        """Whether an object with this status holds its lock."""
        if is_finished(status):
            return False
        return is_open(status) or (self.exclusive and bool(handle_of(status)))

    def secrets(self, spec: S) -> tuple[SecretNeed, ...]:
        """The Secrets of the namespace that must be read before the job can be submitted, and what they need."""
        return ()

    def credentials_secret(self, spec: S, name: str) -> str | None:
        """The Secret that takes the one-time credentials which the answer of `submit` brings; None where it brings
        none. `name`: the object's."""
        return None

    def backup_job(self, spec: S) -> str | None:
        """The BackupJob of the namespace that must have ended well before this job can be prepared."""
        return None

    def backup_named(self, spec: S) -> BackupSource | None:
        """The backup that the job works on, where the spec names it by its id."""
        return None

    def backup_made(self, spec: S, status: JobStatus) -> BackupSource | None:
        """The backup that an ended job of this kind made for the user, and that is proven to be its own."""
        return None

    def has_source(self, spec: S) -> bool:
        """Whether the spec alone suffices to submit; an adopted job may lack it."""
        return True

    def place(self, spec: RawSpec, handle: Mapping[str, str]) -> Place:
        """Cluster, project and region of what the job makes or changes, wherever its spec names them. Pure."""
        return place_in(spec, handle)

    def listed(self, account: Account, spec: S, status: JobStatus) -> tuple[ListId, str] | None:
        """A list of the cloud that shows the job, and the id that the job has there; None where none does. A job of
        several steps is on none."""
        job_id = handle_of(status).get("jobId")
        if not job_id or account.session.console is None or step_of(status) not in (SUBMIT_STEP, RETRY_STEP):
            return None
        return ListId(Source.CONSOLE, project_id=account.project_id), job_id

    def shown(self, row: Any, spec: S, status: JobStatus) -> Seen | None:
        """The job as its row on that list shows it; None where only a read of the job can tell. Pure."""
        return answers.on_console(row, status) if isinstance(row, ConsoleJob) else None

    # -- what it asks of the cloud

    @abstractmethod
    async def baseline(
        self, account: Account, spec: S, context: SubmitContext
    ) -> Baselined | AlreadyDone | Impossible | Blocked:
        """What a later look-up compares with; or why the job cannot be submitted now. Raises CloudError."""

    @abstractmethod
    async def submit(self, account: Account, spec: S, request: SubmitRequest) -> SubmitAnswer:
        """Send the one request with an effect; reads may come before and after it. Not to be repeated: each call may
        begin a job. An exception counts as EffectUnknown."""

    @abstractmethod
    async def find(self, account: Account, spec: S, submission: Submission, free: Claimable) -> Look:
        """Look for an open submission, once and completely: Absent only where all that could be it was read. `free`:
        what it finds must belong to no other object. Raises CloudError."""

    @abstractmethod
    async def observe(self, account: Account, spec: S, status: JobStatus) -> Seen | Missing:
        """Read the job that the status names. Missing where the cloud does not know it; a kind may leave it to
        NotFound to say so. Raises CloudError."""

    async def named(self, account: Account, spec: S, submission: Submission, seen: Seen, free: Claimable) -> Seen:
        """What was seen of a job without an id, with the id where the console's list leaves no doubt of it. Raises
        nothing: a list that cannot be read names nobody."""
        return seen

    async def details(self, account: Account, place: Place, job_id: str) -> Seen | None:
        """A job that a list shows as failed, as one read of it tells; whoever started it. None where it is not told.
        Changes nothing. Raises CloudError."""
        return None

    async def clear(self, account: Account, spec: S, before: JobStatus) -> None:
        """Remove what a job that has just ended leaves beside the cloud, and nobody needs. `before`: the last status
        in which it had not ended. May be repeated. Raises nothing, and is not asked again: what it cannot remove must
        go with the object."""

    # -- what is the same for all

    async def prepare(self, account: Account, spec: S, context: SubmitContext, *, holder: str) -> Preparation:
        """`baseline`, with the cloud's clock of that very read. `holder`: the name of this process, for the
        record. Blocked where the cloud cannot be read. May be repeated."""
        try:
            ready = await self.baseline(account, spec, context)
        except CloudError as error:
            return answers.waiting(error)
        if isinstance(ready, Blocked | AlreadyDone | Impossible):
            return ready
        then = ready.cloud_time or account.cloud_time
        return Prepared(context.token, holder, ready.baseline, then, notices=ready.notices)

    async def look(self, account: Account, spec: S, submission: Submission, free: Claimable) -> Look:
        """`find`, and Unreadable where the cloud cannot be read: that never counts as Absent. May be repeated."""
        try:
            return await self.find(account, spec, submission, free)
        except CloudError as error:
            return answers.unreadable(error)

    async def read(self, account: Account, spec: S, status: JobStatus) -> Reading:
        """`observe`, and whether a cancel is under way by the cloud's word for the state. Missing only where the
        cloud answered that it does not know the job; Unreadable for every other failure. May be repeated."""
        try:
            seen = await self.observe(account, spec, status)
        except CloudError as error:
            return answers.reading(error)
        return replace(seen, canceling=is_canceling(seen.cloud_status)) if isinstance(seen, Seen) else seen

    async def adopt(
        self, account: Account, spec: S, job_id: str, status: JobStatus
    ) -> Seen | Missing | Unreadable | Blocked:
        """Read the job of this id, if it is one of this kind: Blocked where the cloud says that it is of another
        type. Changes nothing; who makes it the object's own is the caller. Raises nothing for what the cloud does."""
        try:
            job = await account.session.jobs.describe(job_id)
            types = self.types_of(step_of(status))
            told = type_of(job.type)  # a word that nobody knows is not another type
            if types and told is not None and str(told) not in types:
                expected = " or ".join(sorted(types))
                return Blocked(Reason.ADOPT_TYPE_MISMATCH, f"job {job_id} is of type {job.type}, not {expected}")
            followed = status.but(submission=(status.submission or Submission()).but(handle={"jobId": job_id}))
            return await self.observe(account, spec, followed.but(job_id=job_id))
        except CloudError as error:
            return answers.reading(error)

    async def cancel(self, account: Account, job_id: str, token: str, fence: Callable[[], None]) -> CancelAnswer:
        """Ask for a cancel. The public API has none, so the console's is used; may be repeated."""
        return await answers.cancel(account.session, job_id, token, fence)

    async def cancel_at_work(
        self, account: Account, spec: S, status: JobStatus, token: str, fence: Callable[[], None]
    ) -> CancelAnswer:
        """Ask for a cancel of what the status tells of: the job, or the step of one. May be repeated."""
        return await self.cancel(account, status.job_id or "", token, fence)


AnyKind = JobKind[Any]
