"""What the life machines share: the object that outlives a crash, the tick as the engine does it, time and people.

A machine holds what outlives a crash, the stored object and the cloud; everything else is made anew for each tick.
What the cloud does with a request is the machine's own: `take_effect`, `accepted`, `look`, `read`.

It is played twice: by hypothesis, which shrinks what it finds but whose examples resemble one another, and by chance.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.examples import examples
from tests.unit.core.scenes import BACKUP, NOON, spec

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State, Submission
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.plan import Action, Adopt, Cancel, Delete, Find, LookForLate, Observe, Plan, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Snapshot, Traits, attempt_of, handle_of, is_finished, is_open

SETTLE = 120
FENCE = 10
ACTIVE = (State.PENDING, State.IN_PROGRESS)
DOWN = o.Blocked(Reason.CONNECTION_NOT_READY, "the key is rejected")

SETTINGS = examples(200, steps=30)


class CrashError(Exception):
    """The process dies here; what it knew is gone."""


@dataclass
class Effect:
    """One job that the cloud began for us."""

    token: str
    attempt: int
    step: str
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
    busy: bool = False


NO_FAULTS = Faults()


def _faults(chance: Random) -> Faults:
    return Faults(
        crash_step=chance.choice([99] * 8 + [0, 1, 2, 2, 3, 4]),
        crash_point=chance.choice(["before write", "after write", "after effect"]),
        submit=chance.choice(
            ["answered"] * 3 + ["lost"] * 3 + ["lost without effect"] * 2 + ["not sent", "throttled", "refused"]
        ),
        delay=chance.choice([0, 5, 60, SETTLE - 1]),
        cancel=chance.choice(["accepted", "accepted", "unclear", "unclear without effect", "refused"]),
        unreadable=chance.choice([False] * 7 + [True]),
        busy=chance.choice([False] * 5 + [True]),
    )


def _days(count: int) -> list[list[Faults]]:
    """Some ticks in a row, and what goes wrong in each; the shortest first, for shrinking."""
    chance = Random(1)
    days = [[_faults(chance) for _ in range(chance.randint(1, 4))] for _ in range(count)]
    return [[NO_FAULTS], *sorted(days, key=len)]


DAYS = _days(500)
EITHER = (False, True)
SELDOM = (False, False, False, True)


def move(**choices: Sequence[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Something that can happen: a rule for hypothesis, and a choice for `wander`."""

    def made(happens: Callable[..., None]) -> Callable[..., None]:
        made_rule: Any = rule(**{name: st.sampled_from(values) for name, values in choices.items()})(happens)
        made_rule.choices = choices
        return made_rule  # type: ignore[no-any-return]

    return made


def birth(**choices: Sequence[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How a life begins, likewise."""

    def made(born: Callable[..., None]) -> Callable[..., None]:
        made_rule: Any = initialize(**{name: st.sampled_from(values) for name, values in choices.items()})(born)
        made_rule.birth = choices
        return made_rule  # type: ignore[no-any-return]

    return made


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


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.cloud: list[Effect] = []
        self.names = 0
        self.process = 1
        self.tries = 0
        self.rival = False
        self.readable = True  # the manifest, for this version of the operator
        self.link = Link(console=True, settle_seconds=SETTLE)
        self.licensed = False  # a person or the policy allowed another submission beside one that may run
        self.wake: float | None = 0.0
        self.kind: Traits = BACKUP
        self.stored = Stored(spec())
        self._read: tuple[dict[str, Any] | None, JobStatus] = None, JobStatus()

    # -- what there is

    @property
    def status(self) -> JobStatus:
        """Read anew for each stored one, and not for each look at it."""
        if self._read[0] is not self.stored.status:
            self._read = self.stored.status, JobStatus.model_validate(self.stored.status)
        return self._read[1]

    @property
    def submission(self) -> Submission:
        submission = self.status.submission
        assert submission is not None
        return submission

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}-{self.names}"

    def snapshot(self) -> Snapshot:
        x = self.stored
        return Snapshot(
            spec=x.spec if self.readable else None,
            spec_error="" if self.readable else "spec.colour: unknown field",
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

    # -- what the cloud does, which each machine says for itself

    def take_effect(self, delay: int) -> Effect:
        raise NotImplementedError

    def accepted(self, effect: Effect) -> o.Accepted:
        return o.Accepted({"jobId": effect.job_id})

    def look(self) -> o.Look:
        raise NotImplementedError

    def read(self, handle: dict[str, str]) -> o.Reading:
        raise NotImplementedError

    def cancel(self, faults: Faults) -> o.CancelAnswer:
        raise AssertionError("this kind has no cancel")

    def prepare(self, step: str) -> o.Preparation:
        return o.Prepared(self.name("token"), f"process-{self.process}", {}, self.now)

    # -- one tick, as the engine does it

    def reconcile(self, faults: Faults) -> None:
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
            self.check_write(plan.status)
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
                self.wake = plan.again
                self.check_rest(plan)
                nothing = o.Unreadable | o.Blocked | o.NotSent | o.Refused | o.CancelUnclear
                self.tries = self.tries + 1 if isinstance(seen, nothing) else 0
                return
            seen = self.carry_out(plan.action, faults)
            if crash == "after effect":
                raise CrashError
        raise AssertionError(f"the tick does not end: {plan}")

    def carry_out(self, action: Action, faults: Faults) -> o.Observation:
        if not self.readable and not isinstance(action, Submit):
            return o.Unreadable(Reason.INVALID_SPEC, "spec.colour: unknown field")
        unreadable = o.Unreadable(Reason.CLOUD_UNREACHABLE, "down", 3.0)
        match action:
            case Prepare(step):
                if faults.unreadable or faults.busy:
                    return o.Blocked(Reason.CLUSTER_BUSY, "the cluster is MODIFYING", 10.0)
                return self.prepare(step)
            case Submit():
                return self.post(faults)
            case Find():
                return unreadable if faults.unreadable else self.look()
            case LookForLate():
                return o.LateLook(complete=not faults.unreadable)
            case Observe():
                return unreadable if faults.unreadable else self.read(handle_of(self.status))
            case Adopt(job_id):
                return unreadable if faults.unreadable else self.read({"jobId": job_id})
            case Cancel():
                return self.cancel(faults)
            case Delete():
                raise AssertionError("ends the tick")

    def post(self, faults: Faults) -> o.SubmitAnswer:
        assert self.submission.evidence is Evidence.SENDING, "the intent was not written ahead"
        match faults.submit:
            case "answered":
                return self.accepted(self.take_effect(0))
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

    # -- what happens

    @move(ticks=DAYS)
    def events(self, ticks: list[Faults]) -> None:
        for faults in ticks:
            self.reconcile(faults)

    @move(ticks=DAYS)
    def wakes(self, ticks: list[Faults]) -> None:
        for faults in ticks:
            if self.wake is not None:
                self.now += timedelta(seconds=int(self.wake) + 1)
                self.reconcile(faults)

    @move(count=range(1, 21))
    def a_quiet_while(self, count: int) -> None:
        for _ in range(count):
            if self.wake is not None:
                self.now += timedelta(seconds=int(self.wake) + 1)
                self.reconcile(NO_FAULTS)

    @move(seconds=[1, 20, 61, 140, 700])
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @move(end=[None, None, State.SUCCESSFUL, State.FAILED])
    def the_cloud_works(self, end: State | None) -> None:
        for e in self.visible():
            if e.runs:
                e.progress = min(99, e.progress + 20)
                e.state = (
                    State.CANCELED if e.canceling and end is not State.SUCCESSFUL else end
                ) or State.IN_PROGRESS

    @move(really=SELDOM)
    def the_cloud_forgets(self, really: bool) -> None:
        """Only what somebody follows: a look-up that relies on a list must know how far back the list reaches."""
        for e in self.cloud:
            e.forgotten = e.forgotten or (really and e.job_id == self.status.job_id)

    @move(there=EITHER)
    def a_rival(self, there: bool) -> None:
        self.rival = there

    @move(broken=EITHER)
    def the_connection(self, broken: bool) -> None:
        self.link = replace(self.link, problem=DOWN if broken else None)

    @move(unreadable=SELDOM)
    def another_version_of_the_operator(self, unreadable: bool) -> None:
        self.readable = not unreadable

    @move(early=SELDOM)
    def a_person_cancels(self, early: bool) -> None:
        if early or self.status.submission:
            self.stored.annotations["cancel"] = self.name("cancel")

    @move()
    def a_person_retries(self) -> None:
        self.stored.annotations["retry"] = self.name("retry")
        if self.status.reason in (Reason.SUBMISSION_UNKNOWN, Reason.OUTCOME_UNKNOWN, Reason.JOB_LOST):
            self.licensed = True

    @move(verb=["resubmit", "abandon", "adopt:nothing", "adopt:right"])
    def a_person_resolves(self, verb: str) -> None:
        if not is_open(self.status):
            return
        token = self.submission.token
        if verb == "adopt:right":
            mine = [e.job_id for e in self.visible() if e.token == token]
            verb = f"adopt:{mine[0]}" if mine else "abandon"
        self.licensed = self.licensed or verb in ("resubmit", "abandon")
        self.stored.annotations["resolve"] = f"{token}={verb}"

    @move(suspend=SELDOM)
    def a_person_suspends(self, suspend: bool) -> None:
        self.edit(suspend=suspend)

    @move(limit=range(4), on_unknown=list(OnSubmissionUnknown))
    def a_person_edits_the_policy(self, limit: int, on_unknown: OnSubmissionUnknown) -> None:
        policy = self.stored.spec.retry_policy.but(limit=limit, on_submission_unknown=on_unknown)
        self.edit(retry_policy=policy)

    @move(really=SELDOM)
    def a_person_deletes(self, really: bool) -> None:
        if really and self.cloud and self.stored.deleting_since is None:
            self.stored.deleting_since = self.now
            self.stored.gone = not self.stored.finalizer
            self.wake = 0.0

    def edit(self, **fields: Any) -> None:
        self.stored.spec = self.stored.spec.but(**fields)
        self.stored.generation += 1

    # -- what must hold

    def check_write(self, after: JobStatus) -> None:
        """No write changes an end, but a retry that a person asked for."""
        before = self.status
        if is_finished(before) and after.state is not before.state:
            assert after.retry is not None
            assert after.retry != before.retry
        old, new = before.submission, after.submission
        if old and new and (new.attempt, new.step) == (old.attempt, old.step):
            assert new.token == old.token, "one attempt keeps its token, for a cloud that honours it"
        if attempt_of(after).number > attempt_of(before).number and is_open(before):
            rules, row = self.stored.spec.retry_policy, attempt_of(after)
            policy = rules.on_submission_unknown is OnSubmissionUnknown.RESUBMIT
            if row.automatic:  # else a person asked
                most = 1 if rules.limit is None else rules.limit
                assert row.automatic <= most, "more attempts than the policy allows"
                assert row.not_before is not None, "at once"
                assert row.not_before > self.now, "at once"
            self.licensed = self.licensed or policy

    def check_rest(self, plan: Plan) -> None:
        """A tick that ends without a wake leaves the job to a person, or the job has ended."""
        if self.wake is not None or self.stored.gone or is_finished(self.status):
            return
        assert self.stored.spec.suspend or self.stored.deleting_since or not self.readable, self.status
        assert not is_open(self.status)
        assert not handle_of(self.status)

    # -- the end

    def judge(self) -> None:
        """What holds at every moment."""
        raise NotImplementedError

    @invariant()
    def holds(self) -> None:
        self.judge()

    def the_cloud_comes_to_an_end(self) -> None:
        for e in self.cloud:
            if e.runs:
                e.state = State.CANCELED if e.canceling else State.SUCCESSFUL

    def teardown(self) -> None:
        """The faults stop: within a bounded number of wakes the job ends, or a person is needed and told so."""
        self.link, self.readable = replace(self.link, problem=None), True
        self.the_cloud_comes_to_an_end()
        if self.stored.gone:
            return
        self.edit(suspend=False)
        for _ in range(120):
            self.reconcile(NO_FAULTS)
            self.the_cloud_comes_to_an_end()
            self.judge()
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
        self.check_stuck(status)

    def check_stuck(self, status: JobStatus) -> None:
        """What has not ended waits for a person, and says so."""
        assert self.rival, f"neither ended nor stuck on a rival: {status}"
        stalled = {c.type: c.status for c in status.conditions or []}.get("Stalled")
        resubmits = self.stored.spec.retry_policy.on_submission_unknown is OnSubmissionUnknown.RESUBMIT
        assert (stalled, status.reason) == ("True", Reason.SUBMISSION_UNKNOWN) or resubmits


def wander(machine: Machine, chance: Random, moves: int = 25) -> None:
    """A life by chance: whatever happens, the operator sees it now or later."""

    def happen(method: Callable[..., None], choices: dict[str, Sequence[Any]]) -> None:
        method(**{name: chance.choice(values) for name, values in choices.items()})
        machine.judge()

    methods = [getattr(machine, name) for name, _ in inspect.getmembers(type(machine), inspect.isfunction)]
    for method in methods:
        if hasattr(method, "birth"):
            happen(method, method.birth)
    for _ in range(moves):
        happen(*chance.choice([(m, m.choices) for m in methods if hasattr(m, "choices")]))
        happen(chance.choice([machine.events, machine.wakes]), {"ticks": DAYS})
    machine.teardown()
