"""The next action for a status, and when to look again. The status is settled already; nothing here changes it.

Four cases, by what is known of the submission: none yet, open, followed, finished; and one for a deletion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.backoff import exponential, poll_interval
from zilliz_jobs.core.backupttl import ending
from zilliz_jobs.core.cancelling import may_cancel_unasked
from zilliz_jobs.core.deadlines import overdue, overdue_at, start_due, swept_by, wound_up_by
from zilliz_jobs.core.facts import copies_run
from zilliz_jobs.core.gates import closed_gate
from zilliz_jobs.core.lateeffects import late_look_at
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.core.plan import Action, Adopt, Cancel, Delete, Find, LookForLate, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import cancel_wanted
from zilliz_jobs.core.resolution import adoption
from zilliz_jobs.core.snapshot import Snapshot, handle_of, is_finished, is_open, is_unsent
from zilliz_jobs.core.steps import cleans_up, is_composed, next_step

SOON = 1.0


@dataclass(frozen=True)
class Choice:
    action: Action | None = None
    look: float | None = None
    wake: float | None = None
    finalizer: bool | None = None
    note: Reason | None = None


def choose(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    """What to do next. An observation of this very pass is used, and never asked for twice."""
    if s.deleting_since is not None:
        return _deleting(s, status, seen, now)
    if is_finished(status):
        return _watching(s, status, replace(_finished(s, status, seen, now), look=_owed(s, status, seen)), seen, now)
    return _watching(s, status, _by(swept_by(s, status), _at_work(s, status, seen, now), now), seen, now)


def submitting(s: Snapshot, status: JobStatus) -> Choice:
    """The intent is in the status; the request may leave once that is stored."""
    return Choice(Submit(), finalizer=_wanted_finalizer(s, status))


def _backoff(s: Snapshot, retry_after: float | None = None) -> float:
    wait = exponential(s.tries, base=s.rules.backoff_base, cap=s.rules.backoff_max, jitter=s.jitter)
    return wait if retry_after is None else max(wait, retry_after)


def _until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else _left(moment, now)


def _left(moment: datetime, now: datetime) -> float:
    return max(SOON, (moment - now).total_seconds())


def _sooner(*waits: float | None) -> float | None:
    return min((w for w in waits if w is not None), default=None)


def _by(bound: datetime | None, choice: Choice, now: datetime) -> Choice:
    """The choice, where it is to look again no later than the bound."""
    if choice.action or bound is None:
        return choice
    return replace(choice, wake=_sooner(choice.wake, _until(bound, now)))


def _watching(s: Snapshot, status: JobStatus, choice: Choice, seen: Observation, now: datetime) -> Choice:
    """The choice, with the look for a late effect where there is nothing more urgent."""
    due = late_look_at(status)
    urgent = choice.action is not None and not (isinstance(choice.action, Observe) and not choice.action.at_once)
    if due is None or urgent or s.link.problem is not None or s.spec is None:
        return choice
    told_nothing = isinstance(seen, seen_.LateLook | seen_.Unreadable | seen_.Blocked) and now >= due
    if now >= due and not told_nothing:
        return replace(choice, action=LookForLate(), wake=None, look=None)
    if choice.action:  # its answer decides anew
        return choice
    return replace(choice, wake=_sooner(choice.wake, s.rules.recheck if told_nothing else _until(due, now)))


def _at_work(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    if handle_of(status):
        return _following(s, status, seen, now)
    if is_open(status):
        return replace(_open(s, status, seen, now), finalizer=_wanted_finalizer(s, status))
    return _before(s, status, seen, now)


def _before(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    deadline = _until(start_due(s, status), now)
    gate = closed_gate(s, status, now)
    if gate:
        return Choice(wake=_sooner(gate.wake, deadline))
    wanted = adoption(s, status)
    match seen:
        case seen_.Blocked() | seen_.NotSent() | seen_.Unreadable() | seen_.Refused():
            return Choice(wake=_sooner(_backoff(s, seen.retry_after), deadline))
        case seen_.Missing():
            return Choice(wake=_sooner(_backoff(s), deadline))
        case _ if wanted is not None:
            return Choice(Adopt(wanted))
        case _:
            return Choice(Prepare(next_step(s, status)))


def _open(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    if s.link.problem:
        return Choice(wake=s.link.problem.retry_after or s.rules.recheck)
    submission, adopt = status.submission or Submission(), adoption(s, status)
    if adopt is not None and not isinstance(seen, seen_.Unreadable):
        return Choice(Adopt(adopt))
    match seen:
        case seen_.Unreadable(retry_after=after):
            return Choice(wake=_backoff(s, after))
        case seen_.Absent() | seen_.Elsewhere() | seen_.Undecided():
            if submission.evidence is Evidence.UNKNOWN:
                return Choice(wake=s.rules.unknown_look_interval)
            settled = (submission.look_since or now) + s.settle
            return Choice(wake=min(s.rules.look_interval, _left(settled, now)))
        case _:
            return Choice(Find())


def _following(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    finalizer = _wanted_finalizer(s, status)
    if s.link.problem:
        return Choice(wake=s.link.problem.retry_after or s.rules.recheck, finalizer=finalizer)
    due = overdue_at(s, status)
    wake = _until(due[0], now) if due and now < due[0] else None
    cancels = cancel_wanted(s, status) or _deadline_cancels(s, status, now)
    match seen:
        case seen_.Unreadable() | seen_.CancelUnclear():
            again = _backoff(s, seen.retry_after)
            return Choice(look=again, wake=again if cancels else wake, finalizer=finalizer)
        case seen_.CancelAccepted() | seen_.CancelRefused():
            return Choice(look=s.rules.poll_min, wake=wake, finalizer=finalizer)
        case seen_.Seen() if cancels:
            return Choice(Cancel(), finalizer=finalizer)
        case seen_.Seen() | seen_.Missing() | seen_.Accepted():
            return Choice(look=_next_look(s, status, now), wake=wake, finalizer=finalizer)
        case _:
            at_once = cancels or s.deleting_since is not None or _seems_stalled(s, status, now)
            return Choice(Observe(at_once=at_once), finalizer=finalizer)


def _seems_stalled(s: Snapshot, status: JobStatus, now: datetime) -> bool:
    """Whether the job would count as stalled from now on. It is read before that is told, since it may have made
    progress that nobody has read yet."""
    told = any((c.type, c.status) == ("Overdue", "True") for c in s.status.conditions or [])
    return overdue(s, status, now) is Reason.STALLED and not told


def _next_look(s: Snapshot, status: JobStatus, now: datetime) -> float:
    record = status.submission or Submission()
    age = (now - (record.intent_time or now)).total_seconds()
    left = age * (100 - status.progress_percent) / status.progress_percent if status.progress_percent else age
    return poll_interval(min(age, left), least=s.rules.poll_min, most=s.rules.poll_max, jitter=s.jitter)


def _deadline_cancels(s: Snapshot, status: JobStatus, now: datetime) -> bool:
    return overdue(s, status, now) is not None and may_cancel_unasked(s, status)


def _wanted_finalizer(s: Snapshot, status: JobStatus) -> bool | None:
    if s.spec is None:
        return None  # what the spec wants on deletion cannot be read at the moment
    wanted = (s.cancels_on_delete and s.traits.can_cancel) or bool(s.traits.cleanup and is_composed(s, status))
    return wanted if wanted != s.finalizer else None


def _owed(s: Snapshot, status: JobStatus, seen: Observation) -> float | None:
    """When to read what an ended job still owes: its result, where its end was seen on a list; how its copies are."""
    if s.link.problem or not (status.result_pending or copies_run(status.result)):
        return None
    in_vain = bool(s.status.result_pending) and isinstance(seen, seen_.Seen) and not seen.whole
    owes = 0.0 if status.result_pending and not in_vain else s.rules.poll_max
    return max(owes, _backoff(s, seen.retry_after)) if isinstance(seen, seen_.Unreadable) else owes


def _finished(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    finalizer = False if s.finalizer else None
    if (backup := ending(s, status, seen, now)) is not None:  # before the object, which is all that knows of it
        return Choice(backup.action, wake=backup.wake, finalizer=finalizer)
    ttl = s.spec.ttl_seconds_after_finished if s.spec else None
    if ttl is None or status.completion_time is None:
        return Choice(finalizer=finalizer)
    # Counted from our own sight of the end: neither the cloud's clock nor our absence may change how long it lives.
    told = [c.last_transition_time for c in status.conditions or [] if (c.type, c.status) == ("Finished", "True")]
    due = max((t for t in told if t is not None), default=now) + timedelta(seconds=ttl)
    if now < due:
        return Choice(wake=_until(due, now), finalizer=finalizer)
    if s.tracked:  # Git would make it again, and the job would run twice
        return Choice(finalizer=finalizer, note=Reason.KEPT_FOR_GITOPS)
    return Choice(Delete(), finalizer=finalizer)


def _deleting(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    """Cancel what runs, but never hold a deletion for longer than its bound."""
    since = s.deleting_since or now
    if not s.finalizer:
        return Choice()
    if (
        (status.steps or status.submission)
        and not is_finished(status)
        and s.traits.cleanup
        and is_composed(s, status)
    ):
        return _winding_up(s, status, seen, now)
    is_running = bool(handle_of(status)) and not is_finished(status)
    if not s.cancels_on_delete:
        return Choice(finalizer=False)
    if is_open(status) and not is_finished(status):
        bound = since + s.settle - timedelta(seconds=s.rules.fence_seconds - s.rules.look_on_delete)
    elif is_running and may_cancel_unasked(s, status):
        bound = since + timedelta(seconds=s.rules.cancel_on_delete)
    else:
        return Choice(finalizer=False)
    if now >= bound and not isinstance(seen, seen_.Found):  # what was found at last is cancelled all the same
        return Choice(finalizer=False)
    left = _until(bound, now)
    match seen:
        case seen_.Unreadable() | seen_.CancelUnclear():
            return Choice(wake=_sooner(_backoff(s, seen.retry_after), left))
        case seen_.Absent() | seen_.Elsewhere() | seen_.Undecided():
            return Choice(wake=_sooner(s.rules.look_interval, left))
        case _ if s.link.problem:
            return Choice(wake=_sooner(s.rules.backoff_base * 2, left))
        case _:
            return Choice(Find() if is_open(status) else Cancel())


def _winding_up(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Choice:
    """The step at work is seen to its end, and what was made on the way is removed; all of it within a bound."""
    bound = wound_up_by(s)
    late = bound is not None and now >= bound
    if late or (is_unsent(status) and not cleans_up(s, status)):
        return Choice(finalizer=False)
    return _by(bound, _at_work(s, status, seen, now), now)
