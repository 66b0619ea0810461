"""The product test: every point of a job's life, times everything that can be learnt, asked, edited or broken there.

Each invariant is one function whose docstring says what must hold; a failure prints the combination by name. The
whole product has some hundred million members, so an even, deterministic share of it is walked: all combinations of
kind, point of life and observation, each with a few of the other factors' settings.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BROKEN,
    CANCELED,
    DONE,
    FOUND,
    INFERRED,
    KINDS,
    LOST,
    NOON,
    NOT_SENT,
    PREPARED,
    REFUSED,
    RUNNING,
    THROTTLED,
    Scene,
    a_job,
    adopted,
    broken,
    disproved,
    forgotten,
    inferred,
    looking,
    running,
    seen,
    sending,
    spec,
    submitted,
    succeeded,
    through_the_wire,
    unknown,
)

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, RequestStatus, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.plan import Adopt, Cancel, Delete, Find, Observe, Plan, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, RetryRule, Snapshot, Traits

REASONS = frozenset(reason.value for reason in Reason)
WORDY = "a very long message " * 200
SHARE = int(os.environ.get("PRODUCT_SHARE", "4"))  # settings of the other factors per (kind, life, observation)


@dataclass(frozen=True)
class Case:
    name: str
    before: Snapshot
    seen: o.Observation
    now: datetime
    plan: Plan

    @property
    def was(self) -> JobStatus:
        return self.before.status

    @property
    def after(self) -> JobStatus:
        return self.plan.status


# -- the factors -----------------------------------------------------------------------------------------------------


def between_attempts(kind: Traits) -> Scene:
    return broken(kind, limit=2, resubmit=True)


def many_attempts(kind: Traits) -> Scene:
    scene = broken(kind, resubmit=True)
    for count in range(12):
        scene = scene.later(60).but(retry_token=f"r{count}").see(o.Nothing(), PREPARED, ACCEPTED, BROKEN)
    return scene


def resent(kind: Traits) -> Scene:
    return disproved(kind).see(PREPARED)


def doubted(kind: Traits) -> Scene:
    return resent(kind).see(REFUSED)


def cancel_waits(kind: Traits) -> Scene:
    return looking(kind).but(cancel_token="c0").see()


def cancel_accepted(kind: Traits) -> Scene:
    return running(kind).but(cancel_token="c0").see(o.Nothing(), RUNNING, o.CancelAccepted())


def overdue(kind: Traits) -> Scene:
    return running(kind, active_deadline_seconds=60).later(100).see(o.Nothing(), RUNNING, o.CancelAccepted())


def missing(kind: Traits) -> Scene:
    return running(kind).see(o.Missing())


def adopt_waits(kind: Traits) -> Scene:
    return a_job(kind, adopt="job-9").see(o.Nothing(), o.Missing())


def adopted_between(kind: Traits) -> Scene:
    return adopted(kind, limit=1, resubmit=True).see(BROKEN)


def abandoned(kind: Traits) -> Scene:
    scene = unknown(kind)
    return scene.but(resolve_token=f"{scene.submission.token}=abandon").see()


def retried_in_place(kind: Traits) -> Scene:
    return broken(kind, resubmit=True).but(retry_token="r0").see(o.Nothing(), PREPARED, LOST)


LIVES: dict[str, Callable[[Traits], Scene]] = {
    "new": a_job,
    "first seen": lambda kind: a_job(kind).see(),
    "suspended": lambda kind: a_job(kind, suspend=True).see(),
    "waiting for a secret": lambda kind: a_job(kind).see(o.Nothing(), o.Waits(Reason.SECRET_NOT_FOUND, "no secret")),
    "throttled": lambda kind: sending(kind).see(THROTTLED),
    "intent open": sending,
    "looking": looking,
    "absent once": lambda kind: looking(kind).see(o.Absent()),
    "unknown": unknown,
    "disproved": disproved,
    "sent again": resent,
    "refused when sent again": doubted,
    "unknown after a refusal": lambda kind: doubted(kind).later(130).see(o.Nothing(), o.Undecided("two")),
    "submitted": submitted,
    "running": running,
    "inferred": inferred,
    "found without an id": lambda kind: looking(kind).see(o.Found({"backupId": "b"}, Evidence.MARKER)),
    "cancel waits for the look-up": cancel_waits,
    "cancel accepted": cancel_accepted,
    "overdue": overdue,
    "missing": missing,
    "adopt waits": adopt_waits,
    "adopted": adopted,
    "adopted, between attempts": adopted_between,
    "between attempts": between_attempts,
    "retried in place, answer lost": retried_in_place,
    "successful": succeeded,
    "failed": broken,
    "rejected": lambda kind: sending(kind).see(REFUSED),
    "canceled": lambda kind: cancel_accepted(kind).see(CANCELED),
    "canceled before submission": lambda kind: a_job(kind).but(cancel_token="c0").see(),
    "forgotten": forgotten,
    "abandoned": abandoned,
    "failed after many attempts": many_attempts,
}

OBSERVATIONS: dict[str, o.Observation] = {
    "nothing": o.Nothing(),
    "in the queue": seen(State.PENDING, "PENDING", message=WORDY),
    "running": RUNNING,
    "cancelling": seen(word="CANCELING", progress=50),
    "a strange word": seen(None, "WOBBLING"),
    "successful": DONE,
    "failed": BROKEN,
    "cancelled": CANCELED,
    "outcome forgotten": seen(State.UNKNOWN, ""),
    "missing": o.Missing(),
    "unreadable": o.Unreadable(Reason.CLOUD_UNREACHABLE, WORDY, 3.0),
    "prepared": o.Prepared("t9", "holder", {}, NOON),
    "waits": o.Waits(Reason.SECRET_NOT_FOUND, WORDY),
    "accepted": ACCEPTED,
    "accepted another": o.Accepted({"jobId": "job-2"}),
    "not sent": NOT_SENT,
    "refused": o.Refused(Reason.REJECTED, WORDY),
    "throttled": THROTTLED,
    "effect unknown": o.EffectUnknown(WORDY),
    "found": FOUND,
    "inferred": INFERRED,
    "absent": o.Absent(),
    "undecided": o.Undecided(WORDY),
    "done already": o.AlreadyDone(WORDY),
    "changed elsewhere": o.Elsewhere(WORDY),
    "cancel accepted": o.CancelAccepted(),
    "cancel refused": o.CancelRefused(Reason.NO_PERMISSION, WORDY),
    "cancel unclear": o.CancelUnclear(WORDY, 9.0),
}

Change = Callable[[Scene], Scene]


def _same(scene: Scene) -> Scene:
    return scene


EDITS: dict[str, Change] = {
    "spec as it is": _same,
    "suspend": lambda x: x.edit(suspend=True),
    "retries": lambda x: x.edit(limit=3, resubmit=True),
    "unknown fails": lambda x: x.edit(on_unknown=OnSubmissionUnknown.FAIL),
    "unknown resubmits": lambda x: x.edit(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=1, resubmit=True),
    "start deadline": lambda x: x.edit(start_deadline_seconds=90),
    "running deadlines": lambda x: x.edit(active_deadline_seconds=200, stall_deadline_seconds=30),
    "ttl": lambda x: x.edit(ttl_seconds_after_finished=100),
    "cancel on delete": lambda x: x.edit(deletion_policy=DeletionPolicy.CANCEL),
    "cancel on delete, deadline, ttl": lambda x: x.edit(
        deletion_policy=DeletionPolicy.CANCEL, active_deadline_seconds=60, ttl_seconds_after_finished=0
    ),
    "a broken manifest": lambda x: x.but(spec=None, spec_error=WORDY, generation=7),
}


def _resolve(decision: str) -> Change:
    def annotate(x: Scene) -> Scene:
        token = x.status.submission.token if x.status.submission else "t-none"
        return x.but(resolve_token=f"{token}={decision}")

    return annotate


REQUESTS: dict[str, Change] = {
    "nothing asked": _same,
    "cancel": lambda x: x.but(cancel_token="c9"),
    "retry": lambda x: x.but(retry_token="r9"),
    "cancel and retry": lambda x: x.but(cancel_token="c9", retry_token="r9"),
    "resubmit": _resolve("resubmit"),
    "abandon": _resolve("abandon"),
    "adopt": _resolve("adopt:job-7"),
    "a stale resolution": lambda x: x.but(resolve_token="old=resubmit"),
    "a bad resolution": lambda x: x.but(resolve_token="nonsense"),
    "too long tokens": lambda x: _resolve("adopt:" + "j" * 300)(x.but(cancel_token="c" * 300, retry_token="r" * 257)),
}

LINKS: dict[str, Change] = {
    "console": _same,
    "no console": lambda x: x.but(link=Link()),
    "connection broken": lambda x: x.but(link=Link(problem=o.Waits(Reason.CONNECTION_NOT_READY, WORDY))),
    "connection suspended": lambda x: x.but(link=Link(suspended=True, console=True)),
    "first submission held": lambda x: x.but(link=Link(first_submission=FirstSubmission.HOLD, console=True)),
    "find first": lambda x: x.but(link=Link(first_submission=FirstSubmission.FIND, console=True)),
    "operator may not submit": lambda x: x.but(gate=o.Waits(Reason.CRD_OUTDATED, "old", 5.0)),
    "restored": lambda x: x.but(restored=True),
}

MARKS: dict[str, Change] = {
    "alive": _same,
    "no source": lambda x: x.but(has_source=False),
    "gitops, third try": lambda x: x.but(tracked=True, tries=3),
    "finalizer": lambda x: x.but(finalizer=True),
    "deleted": lambda x: x.but(deleting_since=x.now),
    "deleted, finalizer": lambda x: x.but(deleting_since=x.now - timedelta(seconds=5), finalizer=True),
    "deleted long ago, finalizer": lambda x: x.but(deleting_since=x.now - timedelta(seconds=400), finalizer=True),
}

AGES: dict[str, Change] = {
    "at once": _same,
    "after 100 s": lambda x: x.later(100),
    "after an hour": lambda x: x.later(3600),
}

OTHERS = (EDITS, REQUESTS, LINKS, MARKS, AGES)
OTHERS_SIZE = math.prod(len(factor) for factor in OTHERS)
STEP = 7919  # a prime that divides no factor, so steps walk evenly through all of them


def _setting(number: int) -> list[tuple[str, Change]]:
    chosen = []
    for factor in OTHERS:
        number, index = divmod(number, len(factor))
        chosen.append(list(factor.items())[index])
    return chosen


SETTINGS = [_setting(number) for number in range(OTHERS_SIZE)]


def combinations(kind: Traits) -> Iterator[Case]:
    scenes = {name: life(kind) for name, life in LIVES.items()}
    number = KINDS.index(kind) * 31
    for life, scene in scenes.items():
        for told, observation in OBSERVATIONS.items():
            for _ in range(SHARE):
                number = (number + STEP) % OTHERS_SIZE
                there, names = scene.later(1), [life, told]
                # Age before the rest, so that what people do happens now; deletion is dated by `now`.
                for name, change in reversed(SETTINGS[number]):
                    there = change(there)
                    names.append(name)
                plan = decide(there.snapshot, observation, now=there.now)
                yield Case(", ".join(names), there.snapshot, observation, there.now, plan)


# -- what must hold --------------------------------------------------------------------------------------------------

INVARIANTS: list[Callable[[Case], bool]] = []


def invariant(check: Callable[[Case], bool]) -> Callable[[Case], bool]:
    INVARIANTS.append(check)
    return check


def handle(status: JobStatus) -> dict[str, str]:
    return (status.submission.handle if status.submission else None) or {}


def opened(status: JobStatus) -> bool:
    """Written anew, not taken from the code under test."""
    proven = (Evidence.NOT_SENT, Evidence.ABSENT)
    return status.submission is not None and not handle(status) and status.submission.evidence not in proven


def unsent(status: JobStatus) -> bool:
    return not handle(status) and not opened(status)


def finished(status: JobStatus) -> bool:
    return status.completion_time is not None


def number_of(status: JobStatus) -> int:
    return status.attempts[-1].number if status.attempts else 1


def waits_for_a_person(s: Snapshot, status: JobStatus) -> bool:
    """What may rest without a wake: only an edit, an annotation or a change of the connection can move it."""
    invalid, suspended = s.spec is None, s.spec is not None and s.spec.suspend
    return unsent(status) and (invalid or suspended or s.link.suspended or status.reason == Reason.HELD)


def retry_accepted(c: Case) -> bool:
    asked = c.after.retry
    return bool(asked and asked.outcome is Outcome.ACCEPTED and asked != c.was.retry)


@invariant
def same_arguments_same_plan(c: Case) -> bool:
    """A decision that is not pure cannot be trusted after a crash."""
    return decide(c.before, c.seen, now=c.now) == c.plan


@invariant
def a_status_is_written_once(c: Case) -> bool:
    """Looking again at once writes nothing new, or every tick would write and wake itself."""
    again = decide(replace(c.before, status=c.after), o.Nothing(), now=c.now).status
    return again == c.after


@invariant
def an_action_or_a_wake(c: Case) -> bool:
    """After an action its answer decides, so a plan has one of the two; and a wake is never in the past."""
    return c.plan.wake is None or (c.plan.action is None and c.plan.wake > 0)


@invariant
def submits_only_what_is_written_ahead(c: Case) -> bool:
    """A POST without its own fresh intent in the status is a job that nobody would look for after a crash."""
    if not isinstance(c.plan.action, Submit):
        return True
    submission = c.after.submission
    return (
        isinstance(c.seen, o.Prepared)
        and submission is not None
        and submission.evidence is Evidence.SENDING
        and submission.intent_time == c.now
        and submission.holder == c.seen.holder
        and submission.token != ""
        and 1 <= submission.sends <= c.before.rules.max_sends
        and submission.attempt == number_of(c.after)
        and not submission.handle
    )


@invariant
def an_intent_is_sent(c: Case) -> bool:
    """An intent that is written and not sent would be looked for in vain."""
    fresh = opened(c.after) and not opened(c.was)
    return not fresh or isinstance(c.plan.action, Submit)


@invariant
def never_submits_what_may_be_there(c: Case) -> bool:
    """While a submission is open or followed, or the job has ended, another one would be the second."""
    if not isinstance(c.plan.action, Submit | Prepare):
        return True
    decided = c.after.resolution != c.was.resolution or c.before.on_unknown is OnSubmissionUnknown.RESUBMIT
    proven = isinstance(c.seen, o.NotSent | o.Refused | o.Absent)
    fresh = isinstance(c.plan.action, Submit) or unsent(c.after)
    ended = number_of(c.after) > number_of(c.was)
    return fresh and not finished(c.after) and (unsent(c.was) or decided or proven or ended)


@invariant
def never_submits_what_is_held_back(c: Case) -> bool:
    """Suspended, held, invalid, deleted, cut off, to be adopted or cancelled: nothing is sent."""
    if not isinstance(c.plan.action, Submit | Prepare):
        return True
    s = c.before
    asked = c.after.cancel is not None and c.after.cancel.outcome is Outcome.REQUESTED
    held = s.restored or s.link.first_submission is FirstSubmission.HOLD
    return (
        s.spec is not None
        and not s.spec.suspend
        and not s.link.problem
        and not s.link.suspended
        and not s.gate
        and s.deleting_since is None
        and not asked
        and not (number_of(c.after) == 1 and (held or s.spec.adopt))
    )


@invariant
def an_open_submission_is_closed_by_proof_or_decision(c: Case) -> bool:
    """Dropping a submission that may have had an effect is how a job is submitted twice, or lost."""
    if not opened(c.was) or finished(c.was):
        return True
    submission = c.was.submission
    assert submission is not None
    same = c.after.submission is not None and c.after.submission.token == submission.token
    if same and (opened(c.after) or handle(c.after)):
        return True
    awaited = submission.evidence is Evidence.SENDING and submission.look_since is None
    answered = awaited and isinstance(c.seen, o.NotSent | o.Refused)
    since, settle = submission.look_since, timedelta(seconds=10 + c.before.link.settle_seconds)
    settled = since is not None and c.now - since >= settle
    looked = isinstance(c.seen, o.Absent) and submission.absent_since is not None and settled
    by_policy = isinstance(c.seen, o.Undecided) and c.before.on_unknown is OnSubmissionUnknown.RESUBMIT
    by_person = c.after.resolution is not None and c.after.resolution.outcome is Outcome.COMPLETED
    return answered or looked or by_policy or by_person or retry_accepted(c) or finished(c.after)


@invariant
def a_handle_is_never_lost(c: Case) -> bool:
    """What the cloud called the job stays in the record, or at least its id in the table of attempts."""
    if not handle(c.was):
        return True
    kept = handle(c.after).items() >= handle(c.was).items()
    tabled = any(a.job_id == c.was.job_id for a in c.after.attempts or [])
    return kept or (number_of(c.after) > number_of(c.was) and tabled)


@invariant
def every_named_job_is_kept(c: Case) -> bool:
    """Two answers for one submission are two jobs; a person must be able to look at both."""
    if not isinstance(c.seen, o.Accepted) or c.was.submission is None:
        return True
    submission = c.after.submission
    name = c.seen.handle["jobId"]
    past = any(a.job_id == name for a in c.after.attempts or [])
    if number_of(c.after) > number_of(c.was) or opened(c.was) or past:
        return True
    return submission is not None and (name in handle(c.after).values() or name in (submission.other_handles or []))


@invariant
def a_finished_state_stays(c: Case) -> bool:
    """An end that changes later is a lie that a script has acted upon."""
    if not finished(c.was) or retry_accepted(c):
        return True
    fields = ("state", "completion_time", "reason", "message", "job_id", "result", "progress_percent", "attempts")
    return all(getattr(c.was, name) == getattr(c.after, name) for name in fields)


@invariant
def a_finished_job_ignores_echoes(c: Case) -> bool:
    """What comes too late changes nothing, but a job that was not known of is kept."""
    if not finished(c.was) or isinstance(c.seen, o.Accepted) or retry_accepted(c):
        return True
    return c.plan == decide(c.before, o.Nothing(), now=c.now)


@invariant
def finished_jobs_say_when(c: Case) -> bool:
    """completionTime and a finished state come together, or `kubectl wait` and people disagree."""
    return finished(c.after) == (c.after.state is not None and c.after.state.finished)


@invariant
def failed_means_no_attempt_is_left(c: Case) -> bool:
    """A script that waits for Failed must not see it while the operator is about to try again."""
    if finished(c.was) or c.after.state is not State.FAILED or c.before.deleting_since:
        return True
    s, last = c.before, (c.after.attempts or [])[-1]
    never = {Reason.JOB_LOST, Reason.OUTCOME_UNKNOWN, Reason.SUBMISSION_UNKNOWN, Reason.DEADLINE_EXCEEDED}
    never |= {Reason.CHANGED_ELSEWHERE}
    allowed = s.traits.retry is RetryRule.FREELY or (
        s.traits.retry is RetryRule.RESUBMIT and getattr(s.policy, "resubmit", None)
    )
    left = (last.automatic or 0) < (s.policy.limit or 0) and allowed and s.has_source
    # A cancel that was waiting, or that came with this very snapshot, is a wish to stop.
    stopped = c.was.cancel is not None and c.was.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
    return not left or c.after.reason in never or stopped


@invariant
def automatic_retries_are_counted(c: Case) -> bool:
    """A retry that is not counted is a retry for ever."""
    before, after = (c.was.attempts or [None])[-1], (c.after.attempts or [None])[-1]
    if before is None or after is None or after.number == before.number:
        return True
    decided = c.after.resolution is not None and c.after.resolution.outcome is Outcome.COMPLETED
    by_person = retry_accepted(c) or (decided and c.after.resolution != c.was.resolution)
    if by_person:
        return not after.automatic
    if isinstance(c.seen, o.Undecided):
        return after.automatic == before.automatic
    return after.automatic == (before.automatic or 0) + 1 <= (c.before.policy.limit or 0)


@invariant
def one_attempt_keeps_its_token(c: Case) -> bool:
    """A cloud that honours the token makes one job of all the sends of an attempt."""
    before, after = c.was.submission, c.after.submission
    sent = before is not None and before.sends > 0 and after is not None and after.attempt == before.attempt
    return not sent or (before is not None and after is not None and after.token == before.token)


@invariant
def what_is_being_cancelled_is_not_tried_again(c: Case) -> bool:
    """Who cancels a job does not want its next attempt, unless he says so."""
    asked = c.was.cancel is not None and c.was.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
    decided = c.after.resolution is not None and c.after.resolution != c.was.resolution
    return not asked or number_of(c.after) == number_of(c.was) or retry_accepted(c) or decided


@invariant
def the_table_of_conditions(c: Case) -> bool:
    """Ready, Succeeded, Finished, Reconciling, Stalled exactly as documented: Argo CD, Flux and kstatus read them."""
    found = {x.type: x.status for x in c.after.conditions or []}
    row = tuple(found.get(x, "") for x in ("Ready", "Succeeded", "Finished", "Reconciling", "Stalled"))
    running_row = ("False", "Unknown", "False", "True", "")
    stalled_row = ("False", "Unknown", "False", "", "True")
    suspended_row = ("True", "Unknown", "False", "", "")
    if finished(c.after):
        ends = {
            State.SUCCESSFUL: ("True", "True", "True", "", ""),
            State.FAILED: ("False", "False", "True", "", "True"),
            State.CANCELED: ("False", "False", "True", "", "True"),
            State.UNKNOWN: ("False", "Unknown", "True", "", "True"),
        }
        return c.after.state is not None and row == ends[c.after.state]
    if opened(c.after) and c.after.submission and c.after.submission.evidence is Evidence.UNKNOWN:
        return row == stalled_row and c.after.reason == Reason.SUBMISSION_UNKNOWN
    if not unsent(c.after):
        return row == running_row
    s = c.before
    if s.deleting_since is not None:
        return row in (running_row, suspended_row, stalled_row)
    if s.spec is None:
        return row == stalled_row
    if s.spec.suspend:
        return row == suspended_row
    if s.gate or s.link.problem:
        return row == running_row
    held = s.link.suspended or c.after.reason == Reason.HELD
    return row == (suspended_row if held else running_row)


@invariant
def suspended_says_what_is_true(c: Case) -> bool:
    """Suspended=True only for what is really held back; "came too late" only for what is really in the cloud."""
    row = {x.type: x for x in c.after.conditions or []}["Suspended"]
    if row.status == "True":
        return unsent(c.after) and not finished(c.after)
    late = row.reason == Reason.RUNNING_ALREADY
    return not late or finished(c.after) or not unsent(c.after) or c.before.deleting_since is not None


@invariant
def submitted_says_what_is_true(c: Case) -> bool:
    """Submitted is True with a handle, Unknown while nobody knows, False only when nothing is there."""
    row = {x.type: x.status for x in c.after.conditions or []}["Submitted"]
    return row == ("True" if handle(c.after) else "Unknown" if opened(c.after) else "False")


@invariant
def conditions_are_of_this_generation(c: Case) -> bool:
    """kstatus calls a status current only by observedGeneration."""
    now = c.before.generation
    every = [x.observed_generation for x in c.after.conditions or []]
    return c.after.observed_generation == now and all(x == now for x in every) and len(every) >= 7


@invariant
def transition_times_move_with_their_status(c: Case) -> bool:
    """`since when` is a question people ask of a condition."""
    before = {x.type: x for x in c.was.conditions or []}
    for x in c.after.conditions or []:
        old = before.get(x.type)
        same = old is not None and old.status == x.status
        if x.last_transition_time != (old.last_transition_time if old and same else c.now):
            return False
    return True


@invariant
def every_reason_is_documented(c: Case) -> bool:
    """A reason that stands in no table cannot be looked up."""
    words = [
        c.after.reason,
        *(x.reason for x in c.after.conditions or []),
        *(a.reason for a in c.after.attempts or []),
    ]
    words += [r.reason for r in (c.after.cancel, c.after.retry, c.after.resolution) if r]
    return REASONS.issuperset(word for word in words if word is not None)


@invariant
def messages_fit(c: Case) -> bool:
    """A status that is too large is refused as a whole."""
    texts = [c.after.message, *(x.message for x in c.after.conditions or [])]
    texts += [a.message for a in c.after.attempts or []]
    for request in (c.after.cancel, c.after.retry, c.after.resolution):
        texts += [request.message, request.token * 4] if request else []  # a token has a quarter of the room
    return all(len(text) <= 1024 for text in texts if text)


@invariant
def attempts_are_a_bounded_table(c: Case) -> bool:
    """At most ten rows, numbered without gaps, never counted down; the last row is the present attempt."""
    rows = c.after.attempts or []
    numbers = [row.number for row in rows]
    whole = 1 <= len(rows) <= 10 and numbers == list(range(numbers[0], numbers[0] + len(rows)))
    steady = number_of(c.after) - number_of(c.was) in (0, 1)
    last = rows[-1]
    return whole and steady and (last.state, last.job_id) == (c.after.state, c.after.job_id)


@invariant
def no_job_hangs(c: Case) -> bool:
    """An unfinished job without an action or a wake waits for a person, or is on its way out; else it is lost."""
    if finished(c.after) or c.plan.action is not None or c.plan.wake is not None:
        return True
    if c.before.deleting_since is not None:
        return not c.before.finalizer or c.plan.finalizer is False
    return waits_for_a_person(c.before, c.after)


@invariant
def a_deadline_wakes(c: Case) -> bool:
    """A start deadline is kept also by what waits for a person, unless that person suspended it."""
    s = c.before
    if s.spec is None or s.spec.start_deadline_seconds is None or s.spec.suspend or s.deleting_since:
        return True
    if finished(c.after) or not unsent(c.after) or c.plan.action:
        return True
    return c.plan.wake is not None and c.plan.wake <= s.spec.start_deadline_seconds + 60


@invariant
def deletion_ends(c: Case) -> bool:
    """An object that cannot be deleted blocks its namespace: the finalizer goes within its bound."""
    s = c.before
    if s.deleting_since is None:
        return True
    if isinstance(c.plan.action, Submit | Prepare | Adopt | Observe | Delete) or c.plan.finalizer is True:
        return False
    if not s.finalizer:
        return c.plan.action is None and c.plan.wake is None
    late = c.now - s.deleting_since >= timedelta(seconds=max(s.link.settle_seconds + 60, 120))
    if late and not isinstance(c.seen, o.Found):  # what was found at last is cancelled, once
        return c.plan.finalizer is False and c.plan.wake is None and c.plan.action is None
    return c.plan.finalizer is False or c.plan.action is not None or c.plan.wake is not None


@invariant
def deletion_cancels_only_where_it_was_asked_for(c: Case) -> bool:
    """Retain is the default: deleting an object leaves its job alone."""
    if c.before.deleting_since is None or not isinstance(c.plan.action, Cancel):
        return True
    return getattr(c.before.spec, "deletion_policy", None) is DeletionPolicy.CANCEL


@invariant
def the_finalizer_serves_deletion_only(c: Case) -> bool:
    """A finalizer without need makes every deletion depend on the operator being up."""
    wanted = getattr(c.before.spec, "deletion_policy", None) is DeletionPolicy.CANCEL and c.before.traits.can_cancel
    if c.plan.finalizer is True:
        return wanted and not finished(c.after) and not unsent(c.after)
    following = bool(handle(c.after)) and not finished(c.after) and c.before.deleting_since is None
    return not following or not wanted or c.before.finalizer


@invariant
def survives_the_wire(c: Case) -> bool:
    """What the API server gives back is what was decided, or the next tick decides on something else."""
    return through_the_wire(c.after) == c.after


@invariant
def requests_are_mirrored(c: Case) -> bool:
    """`kubectl wait` on the token must return, also for a refusal; and a known token is never judged anew."""
    pairs = (
        (c.before.cancel_token, c.was.cancel, c.after.cancel),
        (c.before.resolve_token, c.was.resolution, c.after.resolution),
    )
    for token, _, after in pairs:
        if token and (after is None or after.token != token[:256]):
            return False
    token, after = c.before.retry_token, c.after.retry
    waits = c.after.cancel is not None and c.after.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
    return not token or waits or (after is not None and after.token == token[:256])


NEXT = {
    Outcome.REQUESTED: {Outcome.REQUESTED, Outcome.ACCEPTED, Outcome.COMPLETED, Outcome.REFUSED, Outcome.FAILED},
    Outcome.ACCEPTED: {Outcome.ACCEPTED, Outcome.COMPLETED, Outcome.REFUSED, Outcome.FAILED},
}


@invariant
def outcomes_do_not_go_back(c: Case) -> bool:
    """A refused request does not come alive, and a completed one stays completed."""

    def fine(before: RequestStatus | None, after: RequestStatus | None) -> bool:
        if before is None:
            return True
        if after is None:
            return False
        if before.token != after.token or before.outcome is None:
            return True
        return after.outcome in NEXT.get(before.outcome, {before.outcome})

    return (
        fine(c.was.cancel, c.after.cancel)
        and fine(c.was.retry, c.after.retry)
        and fine(c.was.resolution, c.after.resolution)
    )


@invariant
def a_finished_job_has_no_open_request(c: Case) -> bool:
    """A request that still says Requested after the end would be waited for in vain."""
    if not finished(c.after):
        return True
    return all(
        r is None or r.outcome not in (Outcome.REQUESTED, Outcome.ACCEPTED)
        for r in (c.after.cancel, c.after.retry, c.after.resolution)
    )


@invariant
def inferred_jobs_are_cancelled_by_people_only(c: Case) -> bool:
    """What is not proven ours may be a stranger's job."""
    if not isinstance(c.plan.action, Cancel):
        return True
    submission, asked = c.after.submission, c.after.cancel
    by_person = asked is not None and asked.outcome is Outcome.REQUESTED and c.before.deleting_since is None
    return submission is not None and (submission.evidence is not Evidence.INFERRED or by_person)


@invariant
def cancels_what_can_be_cancelled(c: Case) -> bool:
    """A cancel goes to a kind that has one, by a way that is allowed, for a job with an id that still runs."""
    if not isinstance(c.plan.action, Cancel):
        return True
    s = c.before
    way = s.link.console or not s.traits.cancel_needs_console
    running = bool(handle(c.after)) and not finished(c.after)
    return s.traits.can_cancel and way and running and c.after.job_id is not None and not s.link.problem


@invariant
def canceled_only_by_the_cloud_or_before_it(c: Case) -> bool:
    """Canceled claims that nothing runs: the cloud said so, or nothing is there."""
    if finished(c.was) or c.after.state is not State.CANCELED:
        return True
    told = isinstance(c.seen, o.Seen) and c.seen.state is State.CANCELED
    return told or (c.after.reason == Reason.CANCELED_BEFORE_SUBMISSION and not handle(c.after))


@invariant
def asks_what_makes_sense(c: Case) -> bool:
    """Looks for what is open, reads what is followed, adopts what is named, deletes what has long ended."""
    s = c.before
    match c.plan.action:
        case Find():
            return opened(c.after) and not finished(c.after)
        case Observe():
            return bool(handle(c.after)) and not finished(c.after)
        case Adopt(job_id):
            return not finished(c.after) and not handle(c.after) and job_id in ("job-9", "job-7")
        case Delete():
            ttl = s.spec.ttl_seconds_after_finished if s.spec else None
            end = c.after.completion_time
            return ttl is not None and not s.tracked and end is not None and c.now >= end + timedelta(seconds=ttl)
    return True


@invariant
def never_asks_twice_in_one_pass(c: Case) -> bool:
    """An action whose answer leads to itself would never let the tick end."""
    mine = {
        Prepare: o.Prepared | o.AlreadyDone | o.Waits,
        Submit: o.Accepted | o.NotSent | o.Refused | o.EffectUnknown,
        Find: o.Found | o.Absent | o.Elsewhere | o.Undecided,
        Observe: o.Seen | o.Missing,
        Cancel: o.CancelAccepted | o.CancelRefused | o.CancelUnclear,
    }
    answers = mine.get(type(c.plan.action))
    if answers is None or not isinstance(c.seen, answers):
        return True
    moved = number_of(c.after) > number_of(c.was)
    fits = {
        Prepare: unsent(c.was),
        Submit: False,
        Find: opened(c.was),
        Observe: bool(handle(c.was)),
        Cancel: bool(handle(c.was)) and not finished(c.was),
    }[type(c.plan.action)]
    if isinstance(c.plan.action, Cancel) and c.before.deleting_since is not None:
        return True  # a person's cancel was answered first; the deletion's own follows, once
    if isinstance(c.plan.action, Prepare):
        return not fits or moved or isinstance(c.seen, o.Prepared)
    return not fits or moved


# -- the walk --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=["backup", "import", "cluster", "migration", "restore"])
def test_every_combination_keeps_every_promise(kind: Traits) -> None:
    broken_promises: dict[str, list[str]] = {}
    count = 0
    for case in combinations(kind):
        count += 1
        for check in INVARIANTS:
            if not check(case):
                broken_promises.setdefault(check.__name__, []).append(case.name)
    told = "\n".join(f"{name} ({len(cases)}): {cases[:3]}" for name, cases in broken_promises.items())
    assert not broken_promises, f"{count} combinations\n{told}"
    assert count == len(LIVES) * len(OBSERVATIONS) * SHARE


def test_the_points_of_life_are_what_they_are_called() -> None:
    """The factors are reached through real transitions, so a change of the core could make two of them the same."""
    statuses = {name: life(KINDS[0]).status for name, life in LIVES.items()}
    assert len({repr(status.wire()) for status in statuses.values()}) == len(LIVES)
    assert statuses["between attempts"].state is State.PENDING
    assert statuses["unknown"].submission.evidence is Evidence.UNKNOWN  # type: ignore[union-attr]
    assert len(statuses["failed after many attempts"].attempts or []) == 10
    assert statuses["canceled"].state is State.CANCELED
    assert spec(KINDS[1]).adopt is None
