"""Carries out the action of a plan in the cloud, and returns what was learnt. Takes submission locks and claims ids.

Nothing is submitted or looked for before `JobOwnership` knows every object, so that no two objects can have the same
submission lock or the same job.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from zilliz_jobs.accounts.apikeys import ApiKeys
from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.control.departed import Owner
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.jobids import claims_in
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of, raw_status, status_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.core.plan import (
    Action,
    Adopt,
    Cancel,
    CheckBackup,
    Delete,
    EndBackup,
    Find,
    LookForLate,
    Observe,
    Prepare,
    Submit,
)
from zilliz_jobs.core.read_status import Known
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, handle_of, is_finished, step_of
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.credentials import Credentials
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.inputs import Inputs, backup_key
from zilliz_jobs.jobs.latelook import late_look
from zilliz_jobs.jobs.locks import LockQueue
from zilliz_jobs.jobs.naming import Naming
from zilliz_jobs.jobs.retrykeys import with_keys
from zilliz_jobs.jobs.rivals import alone
from zilliz_jobs.jobs.snapshots import binding
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, AnyKind, BackupSource, SubmitContext, SubmitRequest
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.secrets import Secrets

SCOPE_SECONDS = 5.0  # until the next try for a taken lock, which is normally free after one round trip
ROUND_SECONDS = 0.05  # and so much for each that waits: no submission takes less, by the documented limit
LINE_SECONDS = 60.0  # until the next try where a whole job is waited for; its end wakes the object earlier
BUSY = frozenset({Reason.BACKUP_SLOT_BUSY, Reason.CLUSTER_BUSY})

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobInHand:
    """The job that a pass is about, as its actions need it. `account`: of its connection; `body`, `spec`: of the
    object as last read."""

    entry: JobEntry
    account: Account
    body: Body
    spec: JobSpec
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """The values of the Secrets that the spec names: read when a submission is prepared, used when it is sent."""

    @property
    def kind(self) -> AnyKind:
        """The kind of the object, whose verbs the actions call."""
        return self.entry.kind


class Actions:
    """`wake`: puts the key of an object into the queue. `connections_known`: the connections of a namespace in
    memory. `ensure_synced`: returns once all job objects are known. `process`: names this process in the intents that
    it writes."""

    def __init__(
        self,
        ownership: JobOwnership,
        secrets: Secrets,
        objects: Objects,
        in_flight: RequestsInFlight,
        *,
        wake: Callable[[Key], None],
        connections_known: Callable[[str], Iterable[Body]] = lambda _namespace: (),
        ensure_synced: Callable[[], Awaitable[None]],
        deletion: BackupDeletion,
    ) -> None:
        self._ownership, self.in_flight, self.wake = ownership, in_flight, wake
        self._inputs = Inputs(secrets, objects, ApiKeys(objects, connections_known), deletion.use)
        self._credentials, self.deletion = Credentials(secrets), deletion
        self._locks = LockQueue(ownership, wake)
        self.process = uuid.uuid4().hex[:12]
        self._ensure_synced = ensure_synced
        self.naming = Naming(ownership, ensure_synced)

    async def perform(self, job: JobInHand, snap: Snapshot, action: Action) -> Observation:
        """Carry out `action` and return the observation. Raises KubeError where Kubernetes cannot be asked; what the
        cloud answers, or that it does not, is an observation."""
        kind, account, spec, status = job.kind, job.account, job.spec, snap.status
        match action:
            case Prepare(step):
                first = attempt_of(status).number == 1 and snap.link.first_submission is FirstSubmission.FIND
                token = _token(status, step)
                context = SubmitContext(step, status, job.entry.key.name, token, finds_first=first, uid=job.entry.uid)
                return await self._prepare(job, context)
            case Observe():
                return await kind.read(account, spec, status)
            case Find():
                return await self._find(job, status)
            case LookForLate():
                await self._ensure_synced()
                return await late_look(self._ownership, kind, account.low_priority, spec, status, job.entry.uid)
            case Adopt(job_id):
                return await self._adopt(job, status, job_id)
            case Cancel():
                token = status.cancel.token if status.cancel else ""
                words = f"{job.entry.uid} {attempt_of(status).number} {token}"
                name = uuid.uuid5(uuid.NAMESPACE_OID, words).hex
                fence = self.in_flight.fence(snap.rules.fence_seconds)
                return await self.in_flight.shielded(
                    kind.cancel_at_work(account, spec, status, f"cancel-{name}", fence)
                )
            case CheckBackup():
                await self._ensure_synced()
                return await self._check_backup(job, status)
            case Submit() | Delete() | EndBackup():
                raise AssertionError(f"{action} is not performed here")

    async def submit(self, job: JobInHand, status: JobStatus, fence: Fence) -> seen_.SubmitAnswer:
        """Send the one request of an intent that is stored. Not to be repeated: each call may begin a job. Raises
        nothing: what became of the request is the answer."""
        submission = status.submission
        if submission is None:
            return seen_.NotSent(Reason.NOT_SUBMITTED, "there is no intent")
        key, account = job.entry.key, job.account
        log.info("%s: submitting attempt %d, send %d", key, submission.attempt, submission.sends)
        try:
            reply = await job.kind.submit(account, job.spec, SubmitRequest(submission, fence, job.secrets))
            answer = await answers.key_or_right(account.session, reply)
        except Exception as error:  # whatever it was, the request may have left
            log.exception("%s: the submission broke off", key)
            return seen_.EffectUnknown(f"the submission broke off: {type(error).__name__}")
        if isinstance(answer, seen_.Accepted) and submission.credentials_secret:
            return await self._credentials.keep(job.body, submission.credentials_secret, answer)
        return answer

    async def hide(self, entry: JobEntry, body: Body, spec: JobSpec) -> None:
        """Conceal the secrets that the job was given in all texts from now on. Idempotent."""
        generation = body["metadata"].get("generation")
        if generation is None or entry.concealed != generation:
            done = await self._inputs.hide(entry.kind, key_of(body).namespace, spec)
            entry.concealed = generation if done else None

    # -- submission locks and claims

    def release_lock(self, entry: JobEntry, status: JobStatus) -> None:
        """Release the object's lock unless its job still needs it; the next waiting object is woken. Idempotent."""
        if not entry.kind.occupies(status):
            self._locks.leave(entry)

    def holder(self, name: str) -> str | None:
        """The uid of the object that follows this job, or did to its end."""
        return self._ownership.holder(name)

    def claim(self, body: Body, status: JobStatus) -> None:
        """Claim the ids that an answer to this process named, whether or not the answer can be stored. Idempotent."""
        self._ownership.wrote(body["metadata"]["uid"], status.wire())
        for name in claims_in(handle_of(status)):
            self._ownership.claim(body["metadata"]["uid"], name)

    def known(self, uid: str) -> Known:
        """What is known to have been sent for the object, and its ids: its status must not tell less."""
        return self._ownership.known(uid)

    def sends(self, body: Body) -> None:
        """This process stored the intent in `body`, so no other process can prove that its request never left."""
        self._ownership.wrote(body["metadata"]["uid"], raw_status(body))

    def ended(self, entry: JobEntry, spec: JobSpec, before: JobStatus, after: JobStatus) -> None:
        """Wake the objects that wait for the end of this job, or of its step, if that ended between the two
        statuses."""
        steps = [row.name for row in (after.steps or [])[len(before.steps or []) :]]
        if is_finished(after) and not is_finished(before):
            self._locks.ended(str(entry.key))
            steps.append(step_of(before))
        for step in steps:
            self._locks.ended(entry.kind.lock_of(spec, step, record=before.submission))

    def let_go(self, entry: JobEntry) -> None:
        """Nothing is left to do for the object: it waits for no lock. Its ids stay claimed. Idempotent."""
        self._locks.forget(entry)

    def forget(self, entry: JobEntry) -> None:
        """The object is gone: release its lock, and keep its ids as orphans. Idempotent."""
        self._ownership.part(entry.uid)
        self._ownership.depart(entry.uid)
        self._locks.forget(entry)
        self._ownership.forget(entry.uid)

    # -- the actions

    async def _prepare(self, job: JobInHand, context: SubmitContext) -> seen_.Preparation:
        await self._ensure_synced()
        entry, kind, spec = job.entry, job.kind, job.spec
        # What an earlier process knew is known only by now.
        status_of(job.body, binding(spec, self._ownership.known(entry.uid)))
        if kind.lock_needs_backup:
            source = await self._backup(job)
            if isinstance(source, seen_.Blocked | seen_.Impossible):
                self._locks.leave(entry)  # a turn that it was woken for is the next one's
                return source
            context = replace(context, backup=source)
        lock = kind.lock_of(spec, context.step, backup=context.backup)
        if entry.preparing_from is None:
            entry.preparing_from = asyncio.get_running_loop().time()
        context = replace(context, since=entry.preparing_from)
        if not self._locks.enter(entry, lock, spec):
            if kind.exclusive:
                return seen_.Blocked(
                    Reason.CLUSTER_BUSY, "another job of this cluster is at work; this one follows", LINE_SECONDS
                )
            first = _named(self._ownership.open_in(lock, but=entry.uid), entry.key)
            message = f"{first} has a submission open on the same target; this one follows when that is decided"
            tries = max(SCOPE_SECONDS, ROUND_SECONDS * self._locks.waiting(lock))  # its turn wakes it earlier
            return seen_.Blocked(Reason.SUBMISSION_IN_PROGRESS, message, min(LINE_SECONDS, tries))
        ready: seen_.Preparation | None = None
        try:
            ready = await self._gather(job, context)
        finally:
            if not isinstance(ready, seen_.Prepared):
                self._locks.leave(entry)
        if isinstance(ready, seen_.Blocked) and ready.reason in BUSY:
            self._locks.await_end(entry, lock)
        if isinstance(ready, seen_.Prepared):
            entry.preparing_from = None
        return ready

    async def _gather(self, job: JobInHand, context: SubmitContext) -> seen_.Preparation:
        """Read the backup and the Secrets that the spec names, then the baseline from the cloud; last reserve the
        Secret for one-time credentials."""
        kind, account, spec = job.kind, job.account, job.spec
        if not kind.lock_needs_backup:
            source = await self._backup(job)
            if isinstance(source, seen_.Blocked | seen_.Impossible):
                return source
            context = replace(context, backup=source)
        if refused := self._inputs.enter(job.entry.uid, context.backup or kind.backup_named(spec)):
            return refused
        version = str(job.body["metadata"].get("resourceVersion") or "")
        values = await self._inputs.secrets(kind, job.entry.key.namespace, spec, version=version)
        if isinstance(values, seen_.Blocked):
            return values
        job.secrets.update(values.values)
        context, notices = with_keys(replace(context, secrets=values.values), values.versions)
        prepared = await kind.prepare(account, spec, context, holder=self.process)
        ready = await answers.key_or_right(account.session, prepared)
        if not isinstance(ready, seen_.Prepared):
            return ready
        told = (*ready.notices, *notices)
        ready = replace(ready, step=context.step if notices else "", notices=told, secret_versions=values.versions)
        return await self._credentials.reserve(kind, job.body, spec, ready)

    async def _backup(self, job: JobInHand) -> BackupSource | seen_.Blocked | seen_.Impossible | None:
        """The backup that the BackupJob of the spec made; None where the spec names none. Blocked: it is not there
        yet, and the end of that BackupJob wakes the object. Impossible: the operator deleted it."""
        source = backup_key(job.kind, job.entry.key.namespace, job.spec)
        if source is None:
            return None
        backup = await self._inputs.backup(source)
        if isinstance(backup, seen_.Blocked):
            self._locks.await_end(job.entry, str(source))
        return backup

    async def _check_backup(self, job: JobInHand, status: JobStatus) -> Observation:
        backup = job.kind.backup_made(job.spec, status)
        if backup is None:
            return seen_.BackupStays(Reason.BACKUP_NOT_FOUND, "the status does not say which backup the job made")
        return await self.deletion.check(connection_key(job.body), backup, job.entry.key)

    async def end_backup(self, job: JobInHand, status: JobStatus, fence: Fence) -> seen_.DeletionAnswer:
        """Delete the backup that the job made, whose intent is stored. May be repeated. Raises nothing for what the
        cloud does."""
        backup = job.kind.backup_made(job.spec, status)
        if backup is None:
            return seen_.BackupStays(Reason.BACKUP_NOT_FOUND, "the status does not say which backup the job made")
        return await self.deletion.delete(connection_key(job.body), backup, job.entry.key, fence)

    async def _find(self, job: JobInHand, status: JobStatus) -> seen_.Look:
        await self._ensure_synced()
        kind, spec, uid, submission = job.kind, job.spec, job.entry.uid, status.submission or Submission()
        lock = kind.lock_of(spec, submission.step, record=submission)
        self._locks.hold(job.entry, lock, spec)
        # The jobs of the object's own earlier attempts are not what is looked for.
        spent = {*(a.job_id for a in (status.attempts or [])[:-1]), *(submission.other_handles or [])}

        def free(name: str) -> bool:
            return name not in spent and self._ownership.is_unclaimed(uid, name)

        look = await kind.look(job.account, spec, submission, free)
        if isinstance(look, seen_.Found) and look.evidence is Evidence.INFERRED:
            look = alone(kind, spec, self._ownership.rivals(uid, lock), look)
        if isinstance(look, seen_.Found):
            doubt = self._ownership.doubt(submission.intent_time)
            if doubt and look.evidence is Evidence.INFERRED:
                return seen_.Undecided(f"{', '.join(look.handle.values())} was found, but {doubt}")
            names = claims_in(look.handle)
            if not all(self._ownership.is_free(uid, name) for name in names):
                return seen_.Undecided("the job that was found has just been taken by another object")
            for name in names:
                self._ownership.claim(uid, name)
            if submission.credentials_secret:
                look = await self._credentials.check(job.body, submission.credentials_secret, look)
        log.info("%s: looked for submission %s: %s", job.entry.key, submission.token, type(look).__name__)
        return look

    async def _adopt(self, job: JobInHand, status: JobStatus, job_id: str) -> Observation:
        await self._ensure_synced()
        uid = job.entry.uid
        if not self._ownership.is_free(uid, job_id):
            return seen_.Blocked(Reason.ALREADY_HELD, f"another object follows job {job_id} already")
        seen = await job.kind.adopt(job.account, job.spec, job_id, status)
        if isinstance(seen, seen_.Seen) and not self._ownership.claim(uid, job_id):
            return seen_.Blocked(Reason.ALREADY_HELD, f"another object follows job {job_id} already")
        return seen


def _token(status: JobStatus, step: str) -> str:
    """Of the submission to come: a later send of the same step keeps its token."""
    earlier = status.submission
    return earlier.token if earlier and earlier.sends and earlier.step == step and earlier.token else uuid.uuid4().hex


def _named(owner: Owner | None, key: Key) -> str:
    """Who holds up the object `key`, as far as people of its namespace may know."""
    if owner is None:
        return "an object that was deleted"
    return (
        f"{owner.kind} {owner.name}" if owner.connection.namespace == key.namespace else "a job of another namespace"
    )
