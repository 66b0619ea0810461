"""The decision: one job object and what was just learnt lead to a new status and at most one action.

Pure and total. `jobs.actions` carries the action out and comes back with its answer as the next observation, until
there is no action left; so a job's whole life is a walk through this one function.

    absorb the observation -> heed the requests -> mind the deadlines and gates -> submit, or choose what else
    -> set the conditions
"""

from __future__ import annotations

from datetime import datetime

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State
from zilliz_jobs.core.absorb import absorb
from zilliz_jobs.core.accounts import in_its_account, with_account
from zilliz_jobs.core.attempts import ended, prepared, said, with_attempt
from zilliz_jobs.core.choose import choose, submitting
from zilliz_jobs.core.conditions import with_conditions
from zilliz_jobs.core.deadlines import overdue, start_due, swept_by
from zilliz_jobs.core.gates import closed_gate, may_submit
from zilliz_jobs.core.lateeffects import began_watch
from zilliz_jobs.core.observation import Absent, BackupGone, Missing, Nothing, Observation, Prepared
from zilliz_jobs.core.plan import Plan
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import heed
from zilliz_jobs.core.snapshot import Snapshot, is_finished, is_open, is_requested, is_unsent
from zilliz_jobs.core.steps import cleans_up, is_between, next_step


def decide(s: Snapshot, seen: Observation, *, now: datetime) -> Plan:
    """The plan for `s` after `seen`. Same arguments, same plan; raises nothing."""
    s = in_its_account(s)
    status = _described(s)
    status = absorb(s, status, seen if s.link.problem is None else _proven(seen), now)
    status = began_watch(s, status)
    status = heed(s, status, now)
    status = heed(s, _timed(s, status, now), now)  # a deadline may end what a request waited for
    status = _gated(s, status, now)
    if isinstance(seen, Prepared) and may_submit(s, status, now):
        status, choice = prepared(status, seen, seen.step or next_step(s, status), now), submitting(s, status)
    else:
        choice = choose(s, status, seen, now)
    status = with_conditions(s, with_attempt(with_account(s, status)), now)
    return Plan(
        status=status,
        action=choice.action,
        look=choice.look,
        wake=choice.wake,
        finalizer=choice.finalizer,
        note=choice.note,
    )


def _proven(seen: Observation) -> Observation:
    """What counts of what was seen while the connection has a problem: that something is not there proves nothing,
    since the answer may be another account's."""
    return Nothing() if isinstance(seen, Missing | Absent | BackupGone) else seen


def _described(s: Snapshot) -> JobStatus:
    """What the status says whatever happens: its target, and Pending from first sight."""
    status = s.status
    if status.state is None:
        status = status.but(state=State.PENDING)
    if s.spec is not None:
        status = status.but(target=s.target or None, description=s.description or None)
    return with_attempt(status)


def _timed(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    """The end of what was not submitted in time, or whose submission stays unknown."""
    if is_finished(status):
        return status
    if s.withdrawn is not None and is_unsent(status) and s.deleting_since is None:
        return ended(s, status, State.CANCELED, s.withdrawn.reason, s.withdrawn.message, now)
    bound = swept_by(s, status)
    if bound and now >= bound:
        message = f"not done within {s.rules.cleanup_seconds} s; the last obstacle was: {status.message or 'none'}"
        return ended(s, status, State.FAILED, Reason.LEFT_BEHIND, message, now)
    if s.deleting_since:
        return status
    if is_open(status):
        return _unknown_too_long(s, status, now)
    if is_between(status) and s.traits.can_cancel and (late := overdue(s, status, now)):
        return ended(s, status.but(submission=None), State.CANCELED, Reason.DEADLINE_EXCEEDED, late.phrase, now)
    due = start_due(s, status)
    if due and now >= due:
        message = f"not submitted within its start deadline; the last obstacle was: {_obstacle(s, status, now)}"
        return ended(s, status.but(submission=None), State.FAILED, Reason.DEADLINE_EXCEEDED, message, now)
    return status


def _obstacle(s: Snapshot, status: JobStatus, now: datetime) -> str:
    """What kept the job from being submitted, as far as is known, written or not."""
    gate = closed_gate(s, status, now)
    known = s.obstacle or status.message or (gate.message if gate else "")
    return known or "none; the operator had no time for it before"


def _gated(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    """What holds the job back at the moment, in words."""
    if is_finished(status) or s.deleting_since:
        return status
    if not is_unsent(status):
        return _cut_off(s, status)
    gate = closed_gate(s, status, now)
    if gate:
        return said(status, gate.reason, gate.message)
    if status.reason and not _gate_is_over(status):
        return status
    return said(status, Reason.CLEANING_UP if cleans_up(s, status) else Reason.WAITING, "")


def _gate_is_over(status: JobStatus) -> bool:
    """The status still names a gate that is open by now."""
    gates = (
        Reason.INVALID_SPEC,
        Reason.SUSPENDED,
        Reason.HELD,
        Reason.CRD_OUTDATED,
        Reason.CONNECTION_NOT_FOUND,
        Reason.CONNECTION_NOT_READY,
        Reason.CONNECTION_SUSPENDED,
        Reason.ANOTHER_ACCOUNT,
    )
    return status.reason in gates


def _cut_off(s: Snapshot, status: JobStatus) -> JobStatus:
    """While the cloud cannot be asked, what the status last said may be old; a person should hear so.

    A job counts as missing only while the connection is ready, so the time to look for it begins anew.
    """
    submission, problem = status.submission, s.link.problem
    if problem is None or submission is None:
        return status
    status = status.but(submission=submission.but(missing_since=None))
    if submission.evidence in (Evidence.REFUSED, Evidence.UNKNOWN):
        return status  # the verdict, or the advice, is worth more
    return said(status, problem.reason, problem.message)


def _unknown_too_long(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    """An unknown submission ends with the start deadline, or by a policy that was set to Fail afterwards."""
    if not status.submission or status.submission.evidence is not Evidence.UNKNOWN:
        return status
    due = start_due(s, status)
    fails = s.on_unknown is OnSubmissionUnknown.FAIL and not is_requested(status.resolution)
    if (due and now >= due) or fails:
        message = "no look-up could tell whether the cloud took the submission"
        return ended(s, status, State.FAILED, Reason.SUBMISSION_UNKNOWN, message, now)
    return status
