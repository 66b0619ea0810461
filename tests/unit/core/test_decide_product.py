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
from tests.support.examples import sized
from tests.unit.core.lives import AGES, EDITS, LINKS, LIVES, MARKS, OBSERVATIONS, REQUESTS, Change, lives_of
from tests.unit.core.scenes import COMPOSED, KINDS, spec, through_the_wire

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, Outcome, RequestStatus, State, StepStatus
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.ends import mended, shows_its_end
from zilliz_jobs.core.plan import Adopt, Cancel, Delete, Find, LookForLate, Observe, Plan, Prepare, Submit
from zilliz_jobs.core.read_status import read_status
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Snapshot, Traits

REASONS = frozenset(reason.value for reason in Reason)
SHARE = int(
    os.environ.get("PRODUCT_SHARE", sized(4, 1))
)  # settings of the other factors per (kind, life, observation)


def share_of(life: str) -> int:
    """In the gate, twice as many where a life goes by steps."""
    return SHARE * (1 if life in LIVES else sized(2, 1))


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


# -- the walk through the factors ------------------------------------------------------------------------------------

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
    scenes = {name: life(kind) for name, life in lives_of(kind).items()}
    number = (*KINDS, *COMPOSED).index(kind) * 31
    for life, scene in scenes.items():
        for told, observation in OBSERVATIONS.items():
            for _ in range(share_of(life)):
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
    held = s.spec is not None and (s.spec.suspend or s.link.suspended or status.reason == Reason.HELD)
    return unsent(status) and (s.spec is None or (held and not begun(status)))


def begun(status: JobStatus) -> bool:
    """A step of several has ended, and the job has not."""
    return bool(status.steps) and not finished(status)


def composed(s: Snapshot, status: JobStatus) -> bool:
    """Goes by steps: it has no other way; or one is done or recorded; or, where nothing is, the console cannot do the
    whole."""
    steps, submission = s.traits.steps, status.submission
    recorded = submission.step in steps if submission else not s.link.console
    return bool(steps) and (s.traits.by_steps_only or bool(status.steps) or recorded)


def rows(status: JobStatus) -> list[StepStatus]:
    return status.steps or []


def moved_on(c: Case) -> bool:
    """A step ended, well or not, and is on record."""
    return len(rows(c.after)) > len(rows(c.was))


def stopped_between(c: Case) -> bool:
    """Between two steps the job was cancelled, by a person or a deadline: what would have followed stands in its
    table, and was never sent."""
    if not c.before.traits.can_cancel or len(rows(c.after)) < 2 or finished(c.was):
        return False
    done, last = rows(c.after)[-2:]
    sent = last.submission is not None or bool(last.handle) or c.after.submission is not None
    by_person = c.after.cancel is not None and c.after.cancel.outcome is Outcome.COMPLETED
    late = last.reason in (Reason.DEADLINE_EXCEEDED, Reason.STALLED)
    proven = unsent(c.was) or isinstance(c.seen, o.NotSent | o.Refused | o.Absent) or done not in rows(c.was)
    decided = c.after.resolution != c.was.resolution
    between = done.state is State.SUCCESSFUL and last.state is State.CANCELED and (proven or decided)
    return between and not sent and (by_person or late)


def begins_anew(c: Case) -> bool:
    """A retry of the whole: an attempt is over, and the next one begins with the first step."""
    over = finished(c.was) or not opened(c.after)
    return c.before.traits.retry is not RetryRule.NEVER and over and number_of(c.after) > number_of(c.was)


def submits(c: Case) -> str:
    """The step that is sent, or about to be; empty where nothing is."""
    match c.plan.action:
        case Prepare(step):
            return step
        case Submit():
            return c.after.submission.step if c.after.submission else "?"
        case _:
            return ""


def at_work(status: JobStatus) -> str:
    """The step that is in the cloud, or may be."""
    return status.submission.step if status.submission and not unsent(status) else ""


def cleans_up(c: Case) -> bool:
    """Whether the clean-up is at work, or its turn has come: all is done, something failed, or the object goes."""
    steps, cleanup = c.before.traits.steps, c.before.traits.cleanup
    if not cleanup or at_work(c.after):
        return bool(cleanup) and at_work(c.after) == cleanup
    well = all(row.state is State.SUCCESSFUL for row in rows(c.after))
    return not well or c.before.deleting_since is not None or len(rows(c.after)) == len(steps) - 1


def winds_up(c: Case) -> bool:
    """The object is being deleted, and what the job made on the way is in the cloud or may be."""
    s = c.before
    there = bool(rows(c.after)) or c.after.submission is not None
    going = s.deleting_since is not None and s.finalizer and not finished(c.after)
    return going and there and bool(s.traits.cleanup) and composed(s, c.after)


def temporary(s: Snapshot, status: JobStatus) -> set[str]:
    """What the steps before the last of the work proper made, and the clean-up removes: wanted by nobody once the job
    has ended."""
    on_the_way = s.traits.steps[:-2] if s.traits.cleanup else ()
    made = [row.handle or {} for row in rows(status) if row.name in on_the_way]
    return {value for handles in made for name, value in handles.items() if name not in ("jobId", "clusterId")}


def retry_accepted(c: Case) -> bool:
    asked = c.after.retry
    return bool(asked and asked.outcome is Outcome.ACCEPTED and asked != c.was.retry)


def may_resubmit(c: Case) -> bool:
    """The policy has an attempt left for what no look-up can tell."""
    limit, used = c.before.policy.limit, (c.was.attempts or [Attempt(number=1)])[-1].automatic or 0
    return c.before.on_unknown is OnSubmissionUnknown.RESUBMIT and used < (1 if limit is None else limit)


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
def what_is_stored_tells_the_same_by_its_change(c: Case) -> bool:
    """Only what has changed is written down anew; a field that is left out, or stays, would be a false status."""
    before = c.before.status
    return c.after.wire_after(before, before.wire()) == c.after.wire()


@invariant
def an_action_or_a_wake(c: Case) -> bool:
    """After an action its answer decides, so a plan has one of the two; and a wake is never in the past."""
    return c.plan.again is None or (c.plan.action is None and c.plan.again > 0)


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
    before, after = c.was.submission, c.after.submission
    known = opened(c.was) and before is not None and after is not None and before.token == after.token
    fresh = opened(c.after) and not known
    return not fresh or isinstance(c.plan.action, Submit)


@invariant
def never_submits_what_may_be_there(c: Case) -> bool:
    """While a submission is open or followed, or the job has ended, another one would be the second."""
    if not isinstance(c.plan.action, Submit | Prepare):
        return True
    decided = c.after.resolution != c.was.resolution
    proven = isinstance(c.seen, o.NotSent | o.Refused | o.Absent)
    fresh = isinstance(c.plan.action, Submit) or unsent(c.after)
    ended = number_of(c.after) > number_of(c.was) or moved_on(c)
    return fresh and not finished(c.after) and (unsent(c.was) or decided or proven or ended)


@invariant
def never_submits_what_is_held_back(c: Case) -> bool:
    """Suspended, held, invalid, deleted, cut off, to be adopted or cancelled: nothing is sent. A job half way is not
    held any more; of a deleted one, only the clean-up is sent."""
    if not isinstance(c.plan.action, Submit | Prepare):
        return True
    s = c.before
    asked = c.after.cancel is not None and c.after.cancel.outcome is Outcome.REQUESTED
    held = s.restored or s.link.first_submission is FirstSubmission.HOLD
    if s.spec is None or s.link.problem or s.gate or asked:
        return False
    if s.deleting_since is not None:
        return winds_up(c) and begun(c.after) and submits(c) == s.traits.cleanup
    waits = s.spec.suspend or s.link.suspended or (number_of(c.after) == 1 and (held or s.spec.adopt))
    return begun(c.after) or not waits


@invariant
def a_resubmission_by_policy_is_counted_and_waits(c: Case) -> bool:
    """Where every answer is lost, each costs; unbounded and at once they are a storm."""
    by_person = c.after.resolution != c.was.resolution or retry_accepted(c)
    unknown = isinstance(c.seen, o.Undecided) and opened(c.was) and number_of(c.after) > number_of(c.was)
    if not unknown or by_person or finished(c.after):
        return True
    before, after = (c.was.attempts or [Attempt(number=1)])[-1], (c.after.attempts or [])[-1]
    counted = after.automatic == (before.automatic or 0) + 1
    return may_resubmit(c) and counted and after.not_before is not None and after.not_before > c.now


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
    by_policy = isinstance(c.seen, o.Undecided) and may_resubmit(c)
    by_person = c.after.resolution is not None and c.after.resolution.outcome is Outcome.COMPLETED
    ended = finished(c.after) or moved_on(c)
    return answered or looked or by_policy or by_person or retry_accepted(c) or ended


@invariant
def a_handle_is_never_lost(c: Case) -> bool:
    """What the cloud called the job stays in the record, or in that of its step, or at least its id in the table of
    attempts."""
    if not handle(c.was):
        return True
    kept = handle(c.after).items() >= handle(c.was).items()
    tabled = any(a.job_id == c.was.job_id for a in c.after.attempts or [])
    new = rows(c.after)[len(rows(c.was)) :]
    stepped = any((row.handle or {}).items() >= handle(c.was).items() for row in new)
    return kept or stepped or (number_of(c.after) > number_of(c.was) and tabled)


@invariant
def every_named_job_is_kept(c: Case) -> bool:
    """Two answers for one submission are two jobs; a person must be able to look at both."""
    if not isinstance(c.seen, o.Accepted) or c.was.submission is None:
        return True
    submission = c.after.submission
    name = c.seen.handle.get("jobId") or c.seen.handle["backupId"]
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
    fields += ("steps",)
    return all(getattr(c.was, name) == getattr(c.after, name) for name in fields)


@invariant
def a_finished_job_ignores_echoes(c: Case) -> bool:
    """What comes too late changes nothing, but a job that was not known of is kept."""
    if not finished(c.was) or isinstance(c.seen, o.Accepted | o.LateLook) or retry_accepted(c):
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
    never |= {Reason.CHANGED_ELSEWHERE, Reason.NAME_TAKEN}
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
        return after.automatic == (before.automatic or 0) + 1 and may_resubmit(c)
    return after.automatic == (before.automatic or 0) + 1 <= (c.before.policy.limit or 0)


@invariant
def one_attempt_keeps_its_token(c: Case) -> bool:
    """A cloud that honours the token makes one job of all the sends of an attempt, or of one step of it."""
    before, after = c.was.submission, c.after.submission
    if before is None or after is None or before.sends == 0:
        return True
    return (before.attempt, before.step) != (after.attempt, after.step) or after.token == before.token


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
    if begun(c.after):
        return row == running_row
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
        return unsent(c.after) and not finished(c.after) and not begun(c.after)
    late = row.reason == Reason.RUNNING_ALREADY
    there = not unsent(c.after) or begun(c.after)
    return not late or finished(c.after) or there or c.before.deleting_since is not None


@invariant
def submitted_says_what_is_true(c: Case) -> bool:
    """Submitted is True with a handle, of whichever step, Unknown while nobody knows, False only when nothing is
    there."""
    row = {x.type: x.status for x in c.after.conditions or []}["Submitted"]
    taken = bool(handle(c.after)) or any(row.handle for row in rows(c.after))
    return row == ("True" if taken else "Unknown" if opened(c.after) else "False")


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
        *(row.reason for row in rows(c.after)),
    ]
    words += [r.reason for r in (c.after.cancel, c.after.retry, c.after.resolution) if r]
    return REASONS.issuperset(word for word in words if word is not None)


@invariant
def messages_fit(c: Case) -> bool:
    """A status that is too large is refused as a whole."""
    texts = [c.after.message, *(x.message for x in c.after.conditions or [])]
    texts += [a.message for a in c.after.attempts or []] + [row.message for row in rows(c.after)]
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
    if finished(c.after) or c.plan.action is not None or c.plan.again is not None:
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
    if finished(c.after) or not unsent(c.after) or c.plan.action or begun(c.after):
        return True
    return c.plan.again is not None and c.plan.again <= s.spec.start_deadline_seconds + 60


@invariant
def deletion_ends(c: Case) -> bool:
    """An object that cannot be deleted blocks its namespace: the finalizer goes within its bound. Only what was made
    on the way is followed to its end till then, and cleaned up."""
    s = c.before
    if s.deleting_since is None:
        return True
    if isinstance(c.plan.action, Delete) or c.plan.finalizer is True:
        return False
    if isinstance(c.plan.action, Submit | Prepare | Adopt | Observe) and not winds_up(c):
        return False
    if not s.finalizer:
        return c.plan.action is None and c.plan.again is None
    bound = 600 if winds_up(c) else max(s.link.settle_seconds + 60, 120)
    left = s.deleting_since + timedelta(seconds=bound) - c.now
    # What was found at last is cancelled, once.
    if left <= timedelta(0) and (winds_up(c) or not isinstance(c.seen, o.Found)):
        return c.plan.finalizer is False and c.plan.again is None and c.plan.action is None
    in_time = c.plan.again is None or c.plan.again <= max(1.0, left.total_seconds())
    return in_time and (c.plan.finalizer is False or c.plan.action is not None or c.plan.again is not None)


@invariant
def deletion_cancels_only_where_it_was_asked_for(c: Case) -> bool:
    """Retain is the default: deleting an object leaves its job alone."""
    if c.before.deleting_since is None or not isinstance(c.plan.action, Cancel):
        return True
    return getattr(c.before.spec, "deletion_policy", None) is DeletionPolicy.CANCEL


@invariant
def the_finalizer_serves_deletion_only(c: Case) -> bool:
    """A finalizer without need makes every deletion depend on the operator being up."""
    s = c.before
    cancels = getattr(s.spec, "deletion_policy", None) is DeletionPolicy.CANCEL and s.traits.can_cancel
    cleans = s.spec is not None and bool(s.traits.cleanup) and composed(s, c.after)
    wanted = cancels or cleans
    if c.plan.finalizer is True:
        return wanted and not finished(c.after) and not unsent(c.after)
    following = bool(handle(c.after)) and not finished(c.after) and c.before.deleting_since is None
    return not following or not wanted or c.before.finalizer


@invariant
def survives_the_wire(c: Case) -> bool:
    """What the API server gives back is what was decided, or the next tick decides on something else."""
    return through_the_wire(c.after) == c.after == read_status(c.after.wire())


@invariant
def an_end_reads_as_it_was_written(c: Case) -> bool:
    """Else what mends an edited end would change one that nobody edited, with every pass."""
    if mended(c.after) != c.after:
        return False
    return not finished(c.after) or shows_its_end(c.after.wire())


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
    """A cancel goes to a kind that has one, by a way that is allowed, for a job that still runs and has an id, or for
    a step that is known by its handle."""
    if not isinstance(c.plan.action, Cancel):
        return True
    s = c.before
    way = s.link.console or not s.traits.cancel_needs_console
    running = bool(handle(c.after)) and not finished(c.after)
    named = c.after.job_id is not None or s.traits.by_steps_only
    return s.traits.can_cancel and way and running and named and not s.link.problem


@invariant
def canceled_only_by_the_cloud_or_before_it(c: Case) -> bool:
    """Canceled claims that nothing runs: the cloud said so, or nothing is there."""
    if finished(c.was) or c.after.state is not State.CANCELED:
        return True
    told = isinstance(c.seen, o.Seen) and c.seen.state is State.CANCELED
    told = told or any(row.state is State.CANCELED for row in rows(c.was))
    # What the clean-up came to does not matter: nothing of the work itself is at work any more.
    idle = not opened(c.after) or at_work(c.after) == c.before.traits.cleanup
    wound_up = c.before.deleting_since is not None and bool(rows(c.after)) and idle
    return (
        told
        or wound_up
        or stopped_between(c)
        or (c.after.reason == Reason.CANCELED_BEFORE_SUBMISSION and not handle(c.after))
    )


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
            told = [x.last_transition_time for x in c.after.conditions or [] if x.type == "Finished"]
            end = max((time for time in told if time is not None), default=None)
            return ttl is not None and not s.tracked and end is not None and c.now >= end + timedelta(seconds=ttl)
    return True


@invariant
def never_asks_twice_in_one_pass(c: Case) -> bool:
    """An action whose answer leads to itself would never let the tick end."""
    mine = {
        Prepare: o.Prepared | o.AlreadyDone | o.Impossible | o.Blocked,
        Submit: o.Accepted | o.NotSent | o.Refused | o.EffectUnknown,
        Find: o.Found | o.Absent | o.Elsewhere | o.Undecided,
        Observe: o.Seen | o.Missing,
        LookForLate: o.LateLook | o.Unreadable,
        Cancel: o.CancelAccepted | o.CancelRefused | o.CancelUnclear,
    }
    answers = mine.get(type(c.plan.action))
    if answers is None or not isinstance(c.seen, answers):
        return True
    moved = number_of(c.after) > number_of(c.was) or moved_on(c)  # both can happen a few times only
    fits = {
        Prepare: unsent(c.was),
        Submit: False,
        Find: opened(c.was),
        Observe: bool(handle(c.was)),
        LookForLate: True,
        Cancel: bool(handle(c.was)) and not finished(c.was),
    }[type(c.plan.action)]
    if isinstance(c.plan.action, Cancel) and c.before.deleting_since is not None:
        return True  # a person's cancel was answered first; the deletion's own follows, once
    if isinstance(c.plan.action, Prepare):
        return not fits or moved or isinstance(c.seen, o.Prepared)
    return not fits or moved


# -- what must hold for a job of several steps -----------------------------------------------------------------------


@invariant
def a_step_that_ended_is_never_submitted_again(c: Case) -> bool:
    """A second backup is a second bill; a second restore is a second collection, or a failure."""
    return not rows(c.after) or submits(c) not in {row.name for row in rows(c.after)}


@invariant
def steps_are_submitted_in_their_order(c: Case) -> bool:
    """No restore without a backup that ended well; the clean-up comes last, also when it comes early."""
    if not submits(c) or not composed(c.before, c.after):
        return submits(c) not in c.before.traits.steps
    done, steps = rows(c.after), c.before.traits.steps
    well = all(row.state is State.SUCCESSFUL for row in done)
    if submits(c) != c.before.traits.cleanup:
        return well and submits(c) == steps[len(done)]
    whole = [row.name for row in done] == list(steps[:-1])
    return whole or not well or c.before.deleting_since is not None


@invariant
def a_token_is_never_another_steps(c: Case) -> bool:
    """A cloud that honours the token would answer a restore with the backup."""
    submission = c.after.submission
    if submission is None or not begun(c.after):
        return True
    others = {row.submission.token for row in rows(c.after) if row.submission}
    before = c.was.submission
    if before is not None and before.step != submission.step:
        others.add(before.token)
    return submission.token not in others


@invariant
def steps_are_a_table_that_only_grows(c: Case) -> bool:
    """What was done stays on record: how it ended, when, and what the cloud knows it by. One step ends at a time, and
    with it the one that a cancel keeps from following. Only a retry of the whole begins with an empty table."""
    before, after = rows(c.was), rows(c.after)
    names, steps = [row.name for row in after], list(c.before.traits.steps)
    whole = all(row.state is not None and row.state.finished for row in after)
    timed = all(row.completion_time is not None and row.seen_time is not None for row in after)
    said = all(row.reason and row.message for row in after)
    in_order = names == [name for name in steps if name in names]
    if begins_anew(c) and not after:
        return True
    most = 2 if stopped_between(c) else 1
    grown = after[: len(before)] == before and len(after) - len(before) <= most
    return grown and whole and timed and said and in_order


@invariant
def a_job_half_way_is_in_progress(c: Case) -> bool:
    """Between two steps nothing may be in the cloud, but the job has not ended, and its progress does not fall."""
    if not begun(c.after):
        return True
    least = 100 * len(rows(c.after)) // len(c.before.traits.steps)
    return c.after.state is State.IN_PROGRESS and least <= (c.after.progress_percent or 0) <= 100


@invariant
def a_job_ends_as_its_proper_steps_did(c: Case) -> bool:
    """The clean-up decides nothing: neither that the job failed, nor that it ended well. And what once went by steps
    ended well only when all of them did."""
    if not finished(c.after) or finished(c.was):
        return True
    proper = [name for name in c.before.traits.steps if name != c.before.traits.cleanup]
    recorded = c.was.submission is not None and c.was.submission.step in proper
    if not rows(c.after):
        return c.after.state is not State.SUCCESSFUL or not recorded
    ends = [row for row in rows(c.after) if row.name in proper]
    bad = [row for row in ends if row.state is not State.SUCCESSFUL]
    if bad:
        return (c.after.state, c.after.reason) == (bad[0].state, bad[0].reason)
    whole = len(ends) == len(proper)
    return c.after.state is (State.SUCCESSFUL if whole else State.CANCELED)


@invariant
def a_clean_up_is_bounded(c: Case) -> bool:
    """The end that people wait for is not held for longer than ten minutes by what they did not ask for; but so long
    the clean-up has, counted from when its turn came."""
    s = c.before
    turns = [row.seen_time for row in rows(c.was) if row.seen_time] + ([s.deleting_since] if s.deleting_since else [])
    if finished(c.after):
        given_up = moved_on(c) and "not done within" in (rows(c.after)[-1].message or "")
        return not given_up or c.now >= max(turns) + timedelta(seconds=600)
    if not begun(c.after) or not cleans_up(c):
        return True
    turns += [row.seen_time for row in rows(c.after) if row.seen_time]
    left = (max(turns) + timedelta(seconds=600) - c.now).total_seconds()
    going = c.plan.finalizer is False or (s.deleting_since is not None and not s.finalizer)
    if going or c.plan.action is not None:
        return going or left > 0
    return left > 0 and c.plan.again is not None and c.plan.again <= max(1.0, left)


@invariant
def a_deletion_cleans_up_as_long_as_it_may(c: Case) -> bool:
    """Who deletes a job half way wants nothing of it any more; nor a backup that nobody knows of."""
    s = c.before
    if s.deleting_since is None or not s.finalizer or finished(c.after) or not temporary(s, c.after):
        return True
    return c.plan.finalizer is not False or c.now >= s.deleting_since + timedelta(seconds=600)


@invariant
def nothing_that_is_left_behind_is_unnamed(c: Case) -> bool:
    """A backup that nobody knows of costs money every month; and the product is no left-over."""
    s = c.before
    if not finished(c.after) or finished(c.was) or not s.traits.cleanup or not rows(c.after):
        return True
    swept = [row for row in rows(c.after) if row.name == s.traits.cleanup]
    texts = [c.after.message or "", *(row.message or "" for row in swept)]
    if any("films_copy is still" in text or "films_copy, " in text for text in texts):
        return False
    gone = bool(swept) and swept[-1].state is State.SUCCESSFUL
    return gone or all(any(name in text for text in texts) for name in temporary(s, c.after))


@invariant
def the_spec_is_frozen_once_anything_was_sent(c: Case) -> bool:
    """The API server refuses an edit where a submission, a step or an end is recorded; so one of them is, till it is
    proven that nothing was sent, or another attempt begins."""

    def frozen(status: JobStatus) -> bool:
        return status.submission is not None or bool(status.steps) or finished(status)

    proven = unsent(c.was) or isinstance(c.seen, o.NotSent | o.Refused | o.Absent)
    again = number_of(c.after) > number_of(c.was)
    return not frozen(c.was) or frozen(c.after) or again or (proven and not rows(c.was))


# -- credentials that are told once ----------------------------------------------------------------------------------


@invariant
def credentials_are_never_called_there_when_they_are_not(c: Case) -> bool:
    """Who reads True stops looking for the password; who reads nothing never looks."""
    row = {x.type: x.status for x in c.after.conditions or []}.get("CredentialsAvailable")
    submission = c.after.submission
    if submission is None or not submission.credentials_secret:
        return row is None
    if not handle(c.after):
        return row == "Unknown"
    named = (c.after.result or {}).get("credentialsSecretName") == submission.credentials_secret
    return named and row == ("True" if submission.credentials_stored else "False")


@invariant
def credentials_are_stored_by_an_answer_that_says_so(c: Case) -> bool:
    """And once they are, no later word of the cloud takes that back."""
    before, after = c.was.submission, c.after.submission
    if after is None or before is None or (before.token, before.sends) != (after.token, after.sends):
        return after is None or not after.credentials_stored
    if handle(c.was):
        return after.credentials_stored == before.credentials_stored
    told = isinstance(c.seen, o.Accepted | o.Found) and c.seen.credentials_stored
    return not after.credentials_stored or told


# -- the walk --------------------------------------------------------------------------------------------------------


NAMES = ("backup", "import", "cluster", "migration", "restore", "clone", "sample", "move")


@pytest.mark.parametrize("kind", [*KINDS, *COMPOSED], ids=NAMES)
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
    assert count == sum(share_of(life) for life in lives_of(kind)) * len(OBSERVATIONS)


def test_the_points_of_life_are_what_they_are_called() -> None:
    """The factors are reached through real transitions, so a change of the core could make two of them the same."""
    statuses = {name: life(KINDS[0]).status for name, life in LIVES.items()}
    assert len({repr(status.wire()) for status in statuses.values()}) == len(LIVES)
    by_steps = {name: life(COMPOSED[0]).status for name, life in lives_of(COMPOSED[0]).items() if name not in LIVES}
    assert len({repr(status.wire()) for status in by_steps.values()}) == len(by_steps)
    assert by_steps["step 2: unknown"].submission.evidence is Evidence.UNKNOWN  # type: ignore[union-attr]
    assert by_steps["deleted: clean-up at work"].submission.step == "DeleteBackup"  # type: ignore[union-attr]
    assert by_steps["left behind"].state is State.SUCCESSFUL
    assert by_steps["cancelled by its deletion"].state is State.CANCELED
    assert statuses["between attempts"].state is State.PENDING
    assert statuses["unknown"].submission.evidence is Evidence.UNKNOWN  # type: ignore[union-attr]
    assert len(statuses["failed after many attempts"].attempts or []) == 10
    assert statuses["canceled"].state is State.CANCELED
    assert spec(KINDS[1]).adopt is None
