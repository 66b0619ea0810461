"""One pass over one job object: decide, write, act, decide again, until there is nothing to do right now.

A crash can lose only what was learnt since the last write, and the intent, which is stored before the request, makes
it possible to find the job of a lost answer. So the order of writes matters: the intent before the request, the
handle right after it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.objects import FINALIZER, Body, connection_key, key_of, status_of
from zilliz_jobs.control.obstacles import is_fruitless, obstacle
from zilliz_jobs.control.redaction import scope, seen_without_secrets
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.accounts import is_elsewhere
from zilliz_jobs.core.cancelling import is_left_running
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.observation import CancelRefused, Nothing, Observation, Unreadable
from zilliz_jobs.core.plan import Cancel, Delete, EndBackup, Observe, Plan, Prepare, Submit
from zilliz_jobs.core.read_status import NOTHING_KNOWN, RecordError
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Rules, Snapshot, Withdrawn, is_finished, is_open, step_of
from zilliz_jobs.jobs.actions import Actions, JobInHand
from zilliz_jobs.jobs.deletions import Deletions
from zilliz_jobs.jobs.entry import JobEntry, UnstoredAnswer
from zilliz_jobs.jobs.snapshots import Surroundings, snapshot
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.jobs.submissiongates import SubmissionGates
from zilliz_jobs.jobs.unsent import UnsentIntents
from zilliz_jobs.jobs.unstored import STORE_SECONDS, UnstoredAnswers
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kube.errors import Conflict, Forbidden, Invalid, KubeError, NotFound, StrictDecoding, Unavailable
from zilliz_jobs.telemetry.metrics import Metrics

MAX_PASSES = 12
NEVER_LEFT = "Kubernetes did not confirm in time that the submission was written down, so it was not sent"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reconciled:
    """The result of a pass. `body`: the object as last stored, None when it is gone. `look`: seconds until the job is
    to be read in the cloud, None: not at all; `wake`: seconds until the next pass, None: at the next change.
    `learnt`: False where the pass achieved nothing, so that the next one waits longer."""

    body: Body | None
    wake: float | None
    learnt: bool
    look: float | None = None


@dataclass
class _Run:
    """The state of one pass."""

    entry: JobEntry
    body: Body
    base: Snapshot
    status: JobStatus
    secrets: dict[str, str] = field(default_factory=dict)
    refusal: CancelRefused | None = None  # the cloud's, of a cancel in this pass
    cancel: tuple[JobStatus, Observation] | None = None  # what was sent with which status, and its answer

    @property
    def kind(self) -> AnyKind:
        return self.entry.kind

    @property
    def snapshot(self) -> Snapshot:
        """As of now."""
        return self.base if self.status is self.base.status else replace(self.base, status=self.status)

    def in_hand(self, account: Account, spec: JobSpec) -> JobInHand:
        return JobInHand(self.entry, account, self.body, spec, self.secrets)


class JobReconciler:
    """Passes over objects of all job kinds."""

    def __init__(
        self,
        connections: Connections,
        actions: Actions,
        status_writer: JobStatusWriter,
        gates: SubmissionGates,
        metrics: Metrics,
        deletions: Deletions,
        *,
        rules: Rules,
        clock: ServerClock,
    ) -> None:
        self._connections, self.actions, self.status_writer = connections, actions, status_writer
        self._gates, self._metrics, self.deletions, self.rules, self.clock = gates, metrics, deletions, rules, clock
        self.unstored = UnstoredAnswers(status_writer, actions.in_flight, actions.wake)
        self._unsent = UnsentIntents()

    async def reconcile(self, entry: JobEntry, body: Body, tries: int, seen: Observation | None = None) -> Reconciled:
        """See `_reconcile`. What the pass said of a backup that it deletes counts until the end of the pass."""
        try:
            return await self._reconcile(entry, body, tries, seen)
        finally:
            self.actions.deletion.use.release(entry.uid, None)

    async def _reconcile(
        self, entry: JobEntry, body: Body, tries: int, seen: Observation | None = None
    ) -> Reconciled:
        """One pass over the object. `tries`: passes before it that achieved nothing; `seen`: what the poll plan saw
        since the last pass. A read of the job that no decision waits for is left to the poll plan. May be repeated.
        Raises RecordError where the status tells less than was sent; KubeError: Conflict when the object changed
        meanwhile, Unavailable when a write may be lost."""
        seen = seen or Nothing()
        seen = self._key_or_right(body, seen)
        kind, since = entry.kind, self.deletions.since(entry, body)
        link = self._connections.link(connection_key(body), parting=since is not None)
        uid, kept = entry.uid, entry.unstored
        if kept is not None and since is None:
            return Reconciled(body, None, True)  # it is woken when its answer is stored
        gate = await self._gates.of(kind.resource.kind, body)
        withdrawn, gate = (gate, None) if isinstance(gate, Withdrawn) else (None, gate)
        known = self.actions.known(uid) if kept is None else NOTHING_KNOWN
        around = Surroundings(
            link,
            gate,
            tries,
            self.rules,
            self.clock.now(),
            entry.asked,
            known,
            since,
            withdrawn,
            entry.obstacle,
            self.clock.set_at,
        )
        try:
            base = snapshot(kind, body, around)
            base = base if kept is None else replace(base, status=kept.status)
        except RecordError:
            if since is None:
                raise
            return Reconciled(await self._free(entry, body, None), None, True)
        if is_elsewhere(base):
            await self._connections.account(connection_key(body))  # no other code reads whether its key is back
        run = _Run(entry, body, base, base.status)
        seen = _without_secrets(run, seen)
        if (answer := self.unstored.take_cancel_answer(entry, base.status)) is not None:
            run.cancel, seen = (base.status, answer), answer
        if self._unsent.has(base.status):
            seen = seen_.NotSent(Reason.KUBERNETES_UNAVAILABLE, NEVER_LEFT)
        if base.spec is not None and base.status.submission is not None:
            await self.actions.hide(entry, body, base.spec)
        learnt = True
        for _ in range(MAX_PASSES):
            if isinstance(seen, seen_.Seen) and run.base.link.console:
                job = run.kind, run.body, run.base.spec, run.status
                seen = await self.actions.naming.named(*job, seen, self._connections.account)
            plan = decide(run.snapshot, seen, now=self.clock.now())
            if is_fruitless(seen):
                learnt, entry.obstacle = False, str(getattr(seen, "message", ""))
            if isinstance(plan.action, Submit):
                plan = await self._submit(run, plan)
                seen = Nothing()
                if plan.action is None:
                    return await self._settle(run, plan, not _was_fruitless(plan))
                continue
            if plan.action is None or isinstance(plan.action, Delete):
                return await self._settle(run, plan, learnt)
            if isinstance(plan.action, Observe) and not plan.action.at_once:
                return await self._settle(run, replace(plan, action=None, look=0.0), learnt)
            if isinstance(plan.action, Cancel):
                run.body = await self._write(run, plan, force=True)
            if not isinstance(plan.action, Observe):  # what is read decides anew from what is stored
                run.status = plan.status
            if isinstance(plan.action, EndBackup):
                seen = await self._end_backup(run, plan)
                continue
            seen = await self._perform(run, plan)
            run.cancel = (plan.status, seen) if isinstance(plan.action, Cancel) else run.cancel
            run.refusal = seen if isinstance(seen, CancelRefused) else run.refusal
        log.error("%s: no end after %d passes, which should not happen", key_of(body), MAX_PASSES)
        return Reconciled(run.body, self.rules.recheck, False)

    # -- parts

    async def _end_backup(self, run: _Run, plan: Plan) -> Observation:
        """Store the intent, then have the backup deleted. Until its answer is stored, no object may read it."""
        account = await self._connections.account(connection_key(run.body))
        backup = run.kind.backup_made(run.base.spec, plan.status) if run.base.spec is not None else None
        if account is None or backup is None or run.base.spec is None:
            return seen_.BackupStays(Reason.CONNECTION_NOT_READY, "the connection is not usable", sent=False)
        self.actions.deletion.use.hold(run.entry.uid, {backup.backup_id})
        fence = self.actions.deletion.fence()
        run.body = await self._write(run, plan, force=True)
        return await self.actions.end_backup(run.in_hand(account, run.base.spec), plan.status, fence)

    async def _perform(self, run: _Run, plan: Plan) -> Observation:
        assert plan.action is not None  # noqa: S101 - callers hold an action
        snap = run.snapshot
        connection, parting = connection_key(run.body), run.base.deleting_since is not None
        account = await self._connections.account(connection, parting=parting)
        problem = self._connections.link(connection, parting=parting).problem
        if account is None or problem is not None:  # or its key is another one since, and not checked yet
            message = problem.message if problem else "the connection is not usable"
            return seen_.Unreadable(Reason.CONNECTION_NOT_READY, message)
        if snap.spec is None:
            return _without_secrets(run, seen_.Unreadable(Reason.INVALID_SPEC, snap.spec_error))
        try:
            seen = await self.actions.perform(run.in_hand(account, snap.spec), snap, plan.action)
        except Conflict:
            raise
        except KubeError as error:  # also NotFound: what is missing is something that the job needs
            return obstacle(error, plan.action)
        return _without_secrets(run, self._key_or_right(run.body, seen))

    def _key_or_right(self, body: Body, seen: Observation) -> Observation:
        """If the cloud rejected the key: have it checked; if it was accepted since, it only lacks a right."""
        rejected = getattr(seen, "reason", None) is Reason.KEY_REJECTED
        if rejected and self._connections.suspect(connection_key(body)) and isinstance(seen, Unreadable):
            return replace(seen, reason=Reason.NO_PERMISSION, message=f"{seen.message}. {Reason.NO_PERMISSION.help}")
        return seen

    async def _submit(self, run: _Run, plan: Plan) -> Plan:
        """Store the intent, ask the fence, send the POST, record its answer. Once the POST is sent it is finished and
        recorded even if the process is stopped."""
        fence: Fence | None = None
        intent = plan.status.submission
        assert intent is not None  # noqa: S101 - a plan to submit holds an intent
        self._unsent.gave_up(intent)  # until it is known to be stored
        try:
            if plan.finalizer is True:
                run.body = await self.status_writer.add_finalizer(run.kind, run.body)
                run.base = replace(run.base, finalizer=True)
            fence = self.actions.in_flight.fence(self.rules.fence_seconds)
            run.body = await self.status_writer.write_intent(run.entry, run.body, plan.status)
        except KubeError as error:
            maybe_stored = fence is not None and isinstance(error, Unavailable)
            if not maybe_stored:  # else the object keeps its lock
                self.actions.release_lock(run.entry, run.status)
            if maybe_stored or isinstance(error, Conflict | NotFound | StrictDecoding):
                raise
            why = obstacle(error, Prepare(step_of(plan.status)))
            return decide(run.snapshot, why, now=self.clock.now())
        run.status = plan.status
        self._unsent.leaves(intent)
        self.unstored.forget(run.entry)  # the intent was written with all that was known
        self.actions.sends(run.body)
        self.deletions.hold(run.entry)
        return await self.actions.in_flight.shielded(self._send(run, fence))

    async def _send(self, run: _Run, fence: Fence) -> Plan:
        """Send and record. If the object is deleted meanwhile, the report waits for the answer, and is no guess."""
        gone = False
        try:
            return await self._submitted(run, fence)
        except NotFound:
            self.actions.forget(run.entry)
            gone = True
            raise
        finally:
            if self.deletions.let_go(run.entry) or gone:
                self.deletions.tell(run.base.traits, run.body, run.status, entry=run.entry)

    async def _submitted(self, run: _Run, fence: Fence) -> Plan:
        spec, parting = run.base.spec, run.base.deleting_since is not None  # when deleted, only the clean-up is sent
        account = await self._connections.account(connection_key(run.body), parting=parting)
        answer: seen_.SubmitAnswer
        withdrawn = self._connections.link(connection_key(run.body), parting=parting).problem is not None
        if account is None or spec is None or withdrawn:
            answer = seen_.NotSent(Reason.CONNECTION_NOT_READY, "the connection was withdrawn")
        else:
            answer = await self.actions.submit(run.in_hand(account, spec), run.status, fence)
        self._metrics.submissions.labels(run.kind.resource.kind, type(answer).__name__).inc()
        if getattr(answer, "reason", None) is Reason.KEY_REJECTED:
            self._connections.suspect(connection_key(run.body))
        intent, plan = run.status, decide(run.snapshot, answer, now=self.clock.now())
        self.actions.claim(run.body, plan.status)
        run.status, entry = plan.status, run.entry
        try:
            run.body = await self.unstored.store(
                entry,
                UnstoredAnswer(run.body, intent, plan.status),
                went=lambda: entry.report_due,
                patience=lambda: STORE_SECONDS if entry.deleting_from is None else 0.0,
            )
        except Forbidden:
            if not parting:
                raise
            return plan  # the rest of the time for its deletion goes to the clean-up, not to its status
        run.status = status_of(run.body, self.actions.known(entry.uid))
        if run.status.submission == plan.status.submission:
            return plan
        # Another process recorded another result for this submission: the object goes on with that.
        return decide(run.snapshot, Nothing(), now=self.clock.now())

    async def _settle(self, run: _Run, plan: Plan, learnt: bool) -> Reconciled:
        """End the pass: store the status, then do what requires that it is stored."""
        kind, wake = run.kind, plan.wake
        if plan.finalizer is True and not run.base.finalizer and run.base.deleting_since is None:
            if (held := await self.status_writer.try_finalizer(kind, run.body)) is None:
                learnt, wake = False, min(plan.wake or self.rules.recheck, self.rules.recheck)
            run.body = held or run.body
        body: Body | None = await self._write(run, plan)
        if body is not run.body:
            self.unstored.forget(run.entry)
        self.actions.release_lock(run.entry, plan.status)
        if run.base.spec is not None:
            self.actions.ended(run.entry, run.base.spec, run.base.status, plan.status)
            if kind.clears and is_finished(plan.status) and not is_finished(run.base.status):
                await self._clear(run, run.base.spec)
        if plan.finalizer is False and body is not None and FINALIZER in (body["metadata"].get("finalizers") or []):
            if run.base.deleting_since is not None:
                why = is_left_running(run.base, plan.status)
                body = await self._free(run.entry, body, plan.status, run.refusal, why)
            else:
                body = await self.status_writer.remove_finalizer(kind, body)
        if plan.note is not None and body is not None:
            self.status_writer.note(body, plan.note)
        if isinstance(plan.action, Delete) and body is not None and await self._gates.keep(body):
            wake = self.rules.recheck
        elif isinstance(plan.action, Delete) and body is not None:
            await self.status_writer.delete(kind, body)
            body = None
        return Reconciled(body, wake, learnt, plan.look)

    async def _clear(self, run: _Run, spec: JobSpec) -> None:
        parting = run.base.deleting_since is not None
        account = await self._connections.account(connection_key(run.body), parting=parting)
        if account is not None:
            await run.kind.clear(account, spec, run.base.status)

    async def _write(self, run: _Run, plan: Plan, *, force: bool = False) -> Body:
        """Store the status. Where that is refused for an object that is being deleted, its deletion goes on without
        it."""
        try:
            return await self.status_writer.write(run.entry, run.body, plan.status, force=force)
        except KubeError as error:
            if run.base.deleting_since is None or not isinstance(error, Forbidden | Invalid):
                if run.cancel is not None:
                    self.unstored.keep_cancel_answer(run.entry, *run.cancel)
                raise
            log.warning("%s: it is being deleted, and goes on without its status: %s", key_of(run.body), error)
            if plan.finalizer is False:
                self.status_writer.tell(run.kind, run.body, status_of(run.body), plan.status)
            return run.body

    async def _free(
        self,
        entry: JobEntry,
        body: Body,
        status: JobStatus | None,
        refusal: CancelRefused | None = None,
        why: str = "",
    ) -> Body | None:
        """Remove the finalizer of an object that is being deleted, then report what becomes of its job. `status`:
        None where its record cannot be read; `why`: what kept its job from being cancelled."""
        if FINALIZER not in (body["metadata"].get("finalizers") or []):
            return body
        done = False
        self.deletions.hold(entry)
        try:
            freed = await self.status_writer.remove_finalizer(entry.kind, body)
            done = True
            return freed
        finally:
            if self.deletions.let_go(entry) or done:
                self.deletions.tell(entry.kind.traits, body, status, refusal, why, entry=entry)


def _without_secrets(run: _Run, seen: Observation) -> Observation:
    return seen_without_secrets(seen, scope(run.body["metadata"]["namespace"], run.base.link.key_fingerprint))


def _was_fruitless(plan: Plan) -> bool:
    """Whether nothing was sent, so that the submission waits for a later pass."""
    return plan.status.submission is None or is_open(plan.status)
