"""The whole life of one job, in any order: crashes, lost answers, late effects, people, and a cloud that forgets.

The machine holds what outlives a crash, the stored object and the cloud; everything else is made anew for each tick.
What is judged is the cloud's ledger: whatever happens, one attempt has at most one effect; and once the faults stop,
every job ends, or says why a person is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.core.scenes import BACKUP, IMPORT, NOON, spec

from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown, ResubmitRetryPolicy, RetryPolicy
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.plan import Action, Adopt, Cancel, Delete, Find, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Snapshot, Traits, attempt_of, handle_of, is_finished, is_open

SETTLE = 120
FENCE = 10
ACTIVE = (State.PENDING, State.IN_PROGRESS)


class CrashError(Exception):
    """The process dies here; what it knew is gone."""


@dataclass
class Effect:
    """One job that the cloud began for us."""

    token: str
    attempt: int
    job_id: str
    visible_at: datetime
    state: State = State.PENDING
    progress: int = 0
    canceling: bool = False
    forgotten: bool = False

    @property
    def runs(self) -> bool:
        return self.state in ACTIVE and not self.forgotten


@dataclass(frozen=True)
class Faults:
    """What goes wrong in one tick."""

    crash_step: int = 99
    crash_point: str = "before write"
    submit: str = "answered"
    delay: int = 0
    cancel: str = "accepted"
    unreadable: bool = False


NO_FAULTS = Faults()
FAULTS = st.builds(
    Faults,
    crash_step=st.sampled_from([99] * 8 + [0, 1, 2, 2, 3, 4]),
    crash_point=st.sampled_from(["before write", "after write", "after effect"]),
    submit=st.sampled_from(
        ["answered"] * 3 + ["lost"] * 3 + ["lost without effect"] * 2 + ["not sent", "throttled", "refused"]
    ),
    delay=st.sampled_from([0, 5, 60, SETTLE - 1]),
    cancel=st.sampled_from(["accepted", "accepted", "unclear", "unclear without effect", "refused"]),
    unreadable=st.sampled_from([False] * 7 + [True]),
)
SELDOM = st.sampled_from([False, False, False, True])


@dataclass
class Stored:
    """The object in the API server."""

    spec: Any
    status: dict[str, Any] = field(default_factory=dict)
    generation: int = 1
    finalizer: bool = False
    deleting_since: datetime | None = None
    gone: bool = False
    annotations: dict[str, str] = field(default_factory=dict)


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.cloud: list[Effect] = []
        self.names = 0
        self.process = 1
        self.tries = 0
        self.rival = False
        self.link = Link(console=True, settle_seconds=SETTLE)
        self.licensed = False  # a person or the policy allowed another submission beside one that may run
        self.wake: float | None = 0.0
        self.kind: Traits = BACKUP
        self.stored = Stored(spec())

    @initialize(
        kind=st.sampled_from([BACKUP, IMPORT]),
        limit=st.integers(0, 2),
        on_unknown=st.sampled_from(OnSubmissionUnknown),
        policy=st.sampled_from(DeletionPolicy),
        start=st.sampled_from([None, None, 300]),
        active=st.sampled_from([None, None, 100]),
        suspended=SELDOM,
    )
    def born(
        self,
        kind: Traits,
        limit: int,
        on_unknown: OnSubmissionUnknown,
        policy: DeletionPolicy,
        start: int | None,
        active: int | None,
        suspended: bool,
    ) -> None:
        self.kind = kind
        fields: dict[str, Any] = {"start_deadline_seconds": start, "active_deadline_seconds": active}
        if kind is BACKUP:
            retry: RetryPolicy = ResubmitRetryPolicy(limit=limit, resubmit=True, on_submission_unknown=on_unknown)
            fields["deletion_policy"] = policy
        else:
            retry = RetryPolicy(limit=limit, on_submission_unknown=on_unknown)
        self.stored = Stored(spec(kind, retry_policy=retry, suspend=suspended, **fields))

    # -- what there is

    @property
    def status(self) -> JobStatus:
        return JobStatus.model_validate(self.stored.status)

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}-{self.names}"

    def snapshot(self) -> Snapshot:
        x = self.stored
        return Snapshot(
            spec=x.spec,
            status=self.status,
            traits=self.kind,
            created=NOON,
            link=self.link,
            generation=x.generation,
            deleting_since=x.deleting_since,
            finalizer=x.finalizer,
            cancel_token=x.annotations.get("cancel"),
            retry_token=x.annotations.get("retry"),
            resolve_token=x.annotations.get("resolve"),
            tries=self.tries,
        )

    def visible(self) -> list[Effect]:
        return [e for e in self.cloud if e.visible_at <= self.now and not e.forgotten]

    # -- one tick, as the engine does it

    def tick(self, faults: Faults) -> None:
        if self.stored.gone:
            return
        try:
            self._tick(faults)
        except CrashError:
            self.process += 1
            self.tries = 0
            self.wake = 0.0

    def _tick(self, faults: Faults) -> None:
        seen: o.Observation = o.Nothing()
        for step in range(12):
            crash = faults.crash_point if step == faults.crash_step else ""
            plan = decide(self.snapshot(), seen, now=self.now)
            if crash == "before write":
                raise CrashError
            if plan.finalizer is True:
                assert self.stored.deleting_since is None, "the API server refuses new finalizers on the way out"
                self.stored.finalizer = True
            self.check_end_stays(plan.status)
            self.stored.status = plan.status.wire()
            if crash == "after write":
                if isinstance(plan.action, Submit) and faults.submit in ("answered", "lost"):
                    # A paused process may send while its fence is open; the effect shows within the settle time.
                    self.take_effect(FENCE - 1 + faults.delay)
                raise CrashError
            if plan.finalizer is False:
                self.stored.finalizer = False
                self.stored.gone = self.stored.deleting_since is not None
            if isinstance(plan.action, Delete):
                self.stored.gone = True
            if plan.action is None or self.stored.gone:
                self.wake = plan.wake
                self.check_hangs()
                nothing = o.Unreadable | o.Waits | o.NotSent | o.Refused | o.CancelUnclear
                self.tries = self.tries + 1 if isinstance(seen, nothing) else 0
                return
            seen = self.carry_out(plan.action, faults)
            if crash == "after effect":
                raise CrashError
        raise AssertionError(f"the tick does not end: {plan}")

    def carry_out(self, action: Action, faults: Faults) -> o.Observation:
        unreadable = o.Unreadable(Reason.CLOUD_UNREACHABLE, "down", 3.0)
        match action:
            case Prepare():
                if faults.unreadable:
                    return o.Waits(Reason.CLOUD_UNREACHABLE, "down")
                return o.Prepared(self.name("token"), f"process-{self.process}", {}, self.now)
            case Submit():
                return self.post(faults)
            case Find():
                return unreadable if faults.unreadable else self.look()
            case Observe():
                return unreadable if faults.unreadable else self.read(handle_of(self.status)["jobId"])
            case Adopt(job_id):
                return unreadable if faults.unreadable else self.read(job_id)
            case Cancel():
                return self.cancel(faults)
            case Delete():
                raise AssertionError("ends the tick")

    def take_effect(self, delay: int) -> Effect:
        submission = self.status.submission
        assert submission is not None
        running = [e for e in self.cloud if e.runs]
        assert not running or self.licensed, f"a second job beside {running}, and nobody said so"
        assert submission.evidence is Evidence.SENDING, "the intent was not written ahead"
        effect = Effect(submission.token, submission.attempt, self.name("job"), self.now + timedelta(seconds=delay))
        self.cloud.append(effect)
        return effect

    def post(self, faults: Faults) -> o.SubmitAnswer:
        match faults.submit:
            case "answered":
                return o.Accepted({"jobId": self.take_effect(0).job_id})
            case "lost":
                self.take_effect(faults.delay)
                return o.EffectUnknown("reset")
            case "lost without effect":
                return o.EffectUnknown("reset")
            case "not sent":
                return o.NotSent(Reason.CLOUD_UNREACHABLE, "no route")
            case "throttled":
                return o.Refused(Reason.RATE_LIMITED, "429", heals=True, retry_after=2.0)
            case _:
                return o.Refused(Reason.REJECTED, "no")

    def look(self) -> o.Look:
        """Honest: says Found only of what shows, Absent only of what does not, and owns up to a rival."""
        submission = self.status.submission
        assert submission is not None
        if self.rival:
            return o.Undecided("a rival does the same")
        mine = [e for e in self.visible() if e.token == submission.token]
        return o.Found({"jobId": mine[0].job_id}, Evidence.MARKER) if mine else o.Absent()

    def read(self, job_id: str) -> o.Reading:
        found = [e for e in self.visible() if e.job_id == job_id]
        if not found:
            return o.Missing()
        e = found[0]
        word = "CANCELING" if e.canceling and e.runs else e.state.upper()
        return o.Seen(e.state, word, e.job_id, e.progress, end_time=None if e.runs else self.now)

    def cancel(self, faults: Faults) -> o.CancelAnswer:
        job_id = handle_of(self.status)["jobId"]
        for e in self.visible():
            if e.job_id == job_id and e.runs and faults.cancel in ("accepted", "unclear"):
                e.canceling = True
        match faults.cancel:
            case "accepted":
                return o.CancelAccepted()
            case "refused":
                return o.CancelRefused(Reason.NO_PERMISSION, "not yours")
            case _:
                return o.CancelUnclear("reset")

    # -- what happens

    @rule(ticks=st.lists(FAULTS, min_size=1, max_size=4))
    def events(self, ticks: list[Faults]) -> None:
        for faults in ticks:
            self.tick(faults)

    @rule(ticks=st.lists(FAULTS, min_size=1, max_size=4))
    def wakes(self, ticks: list[Faults]) -> None:
        for faults in ticks:
            if self.wake is not None:
                self.now += timedelta(seconds=int(self.wake) + 1)
                self.tick(faults)

    @rule(count=st.integers(1, 20))
    def a_quiet_while(self, count: int) -> None:
        for _ in range(count):
            if self.wake is not None:
                self.now += timedelta(seconds=int(self.wake) + 1)
                self.tick(NO_FAULTS)

    @rule(seconds=st.sampled_from([1, 20, 61, 140, 700]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: any(e.runs for e in self.visible()))
    @rule(end=st.sampled_from([None, None, State.SUCCESSFUL, State.FAILED]))
    def the_cloud_works(self, end: State | None) -> None:
        for e in self.visible():
            if e.runs:
                e.progress = min(99, e.progress + 20)
                e.state = (
                    State.CANCELED if e.canceling and end is not State.SUCCESSFUL else end
                ) or State.IN_PROGRESS

    @precondition(lambda self: bool(self.status.job_id))
    @rule()
    def the_cloud_forgets(self) -> None:
        """Only what somebody follows: a look-up that relies on a list must know how far back the list reaches."""
        for e in self.cloud:
            e.forgotten = e.forgotten or e.job_id == self.status.job_id

    @rule(there=st.booleans())
    def a_rival(self, there: bool) -> None:
        self.rival = there

    @rule(broken=st.booleans())
    def the_connection(self, broken: bool) -> None:
        problem = o.Waits(Reason.CONNECTION_NOT_READY, "the key is rejected") if broken else None
        self.link = replace(self.link, problem=problem)

    @rule(early=SELDOM)
    def a_person_cancels(self, early: bool) -> None:
        if early or self.status.submission:
            self.stored.annotations["cancel"] = self.name("cancel")

    @rule()
    def a_person_retries(self) -> None:
        self.stored.annotations["retry"] = self.name("retry")
        if self.status.reason in (Reason.SUBMISSION_UNKNOWN, Reason.OUTCOME_UNKNOWN, Reason.JOB_LOST):
            self.licensed = True

    @precondition(lambda self: is_open(self.status))
    @rule(verb=st.sampled_from(["resubmit", "abandon", "adopt:nothing", "adopt:right"]))
    def a_person_resolves(self, verb: str) -> None:
        submission = self.status.submission
        assert submission is not None
        if verb == "adopt:right":
            mine = [e.job_id for e in self.visible() if e.token == submission.token]
            verb = f"adopt:{mine[0]}" if mine else "abandon"
        self.licensed = self.licensed or verb in ("resubmit", "abandon")
        self.stored.annotations["resolve"] = f"{submission.token}={verb}"

    @rule(suspend=SELDOM)
    def a_person_suspends(self, suspend: bool) -> None:
        self.edit(suspend=suspend)

    @rule(limit=st.integers(0, 3), on_unknown=st.sampled_from(OnSubmissionUnknown))
    def a_person_edits_the_policy(self, limit: int, on_unknown: OnSubmissionUnknown) -> None:
        policy = self.stored.spec.retry_policy.but(limit=limit, on_submission_unknown=on_unknown)
        self.edit(retry_policy=policy)

    @precondition(lambda self: bool(self.cloud))
    @rule(really=SELDOM)
    def a_person_deletes(self, really: bool) -> None:
        if really and self.stored.deleting_since is None:
            self.stored.deleting_since = self.now
            self.stored.gone = not self.stored.finalizer

    def edit(self, **fields: Any) -> None:
        self.stored.spec = self.stored.spec.but(**fields)
        self.stored.generation += 1

    # -- what must hold

    def check_end_stays(self, after: JobStatus) -> None:
        """No write changes an end, but a retry that a person asked for."""
        before = self.status
        if is_finished(before) and after.state is not before.state:
            assert after.retry is not None
            assert after.retry != before.retry
        old, new = before.submission, after.submission
        if old and new and new.attempt == old.attempt:
            assert new.token == old.token, "one attempt keeps its token, for a cloud that honours it"
        if attempt_of(after).number > attempt_of(before).number and is_open(before):
            policy = self.stored.spec.retry_policy.on_submission_unknown is OnSubmissionUnknown.RESUBMIT
            self.licensed = self.licensed or policy

    def check_hangs(self) -> None:
        """A tick that ends without a wake leaves the job to a person, or the job has ended."""
        if self.wake is not None or self.stored.gone or is_finished(self.status):
            return
        assert self.stored.spec.suspend or self.stored.deleting_since, self.status
        assert not is_open(self.status)
        assert not handle_of(self.status)

    @invariant()
    def one_effect_for_one_attempt(self) -> None:
        """The ledger: the bill of the user."""
        attempts = [e.attempt for e in self.cloud]
        tokens = [e.token for e in self.cloud]
        assert len(attempts) == len(set(attempts))
        assert len(tokens) == len(set(tokens))

    @invariant()
    def the_end_is_true(self) -> None:
        """What the object says of its end is what the cloud's ledger says."""
        status = self.status
        if not is_finished(status):
            return
        mine = [e for e in self.cloud if e.attempt == attempt_of(status).number]
        match status.reason:
            case Reason.SUCCESSFUL:
                assert [e.state for e in mine] == [State.SUCCESSFUL]
            case Reason.JOB_FAILED:
                assert [e.state for e in mine] == [State.FAILED]
            case Reason.CANCELED:
                assert [e.state for e in mine] == [State.CANCELED]
            case Reason.CANCELED_BEFORE_SUBMISSION | Reason.REJECTED | Reason.SUBMISSION_FAILED:
                assert mine == []
            case Reason.OUTCOME_UNKNOWN | Reason.JOB_LOST:
                assert [e.forgotten for e in mine] == [True]

    @invariant()
    def no_job_is_lost(self) -> None:
        """Every job the cloud began is followed, named, being looked for, or owned up to as unknown."""
        status = self.status
        rows = status.attempts or []
        named = {a.job_id for a in rows} | {status.job_id}
        owned = {a.number for a in rows if a.reason == Reason.SUBMISSION_UNKNOWN}
        if is_open(status):
            owned.add(attempt_of(status).number)
        oldest = rows[0].number if rows else 1
        for e in self.cloud:
            assert e.job_id in named or e.attempt in owned or e.attempt < oldest, (e, status)

    def teardown(self) -> None:
        """The faults stop: within a bounded number of wakes the job ends, or a person is needed and told so."""
        self.link = replace(self.link, problem=None)
        for e in self.cloud:
            if e.runs:
                e.state = State.CANCELED if e.canceling else State.SUCCESSFUL
        if self.stored.gone:
            return
        self.edit(suspend=False)
        for _ in range(120):
            self.tick(NO_FAULTS)
            for e in self.cloud:
                if e.runs:
                    e.state = State.CANCELED if e.canceling else State.SUCCESSFUL
            self.one_effect_for_one_attempt()
            self.no_job_is_lost()
            self.the_end_is_true()
            if self.stored.gone or is_finished(self.status):
                break
            if self.wake is not None:
                self.now += timedelta(seconds=int(self.wake) + 1)
        status = self.status
        if self.stored.gone or is_finished(status):
            assert self.stored.gone or not any(
                r and r.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
                for r in (status.cancel, status.retry, status.resolution)
            )
            return
        if self.stored.deleting_since and not self.stored.finalizer:
            return
        assert self.rival, f"neither ended nor stuck on a rival: {status}"
        stalled = {c.type: c.status for c in status.conditions or []}.get("Stalled")
        resubmits = self.stored.spec.retry_policy.on_submission_unknown is OnSubmissionUnknown.RESUBMIT
        assert (stalled, status.reason) == ("True", Reason.SUBMISSION_UNKNOWN) or resubmits


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
