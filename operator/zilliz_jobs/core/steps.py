"""Composed jobs: several submissions one after another, where the cloud has no one call for the whole.

The step at work has its record where every job has it, in `status.submission`; a step that ended moves to
`status.steps`. So each step is submitted, found and followed as any job is, and only its end is special: it is the
next step's beginning. The last step may be a clean-up, which decides nothing about the job's own end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, JobStatus, State, StepStatus, Submission
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import RetryRule, Snapshot, Traits, handle_of, is_finished, is_unsent, step_of


def is_composed(s: Snapshot, status: JobStatus) -> bool:
    """Whether the job goes by the kind's steps. Where there is another way, the first submission settles that: the
    console's one call does the whole where it may be used at that time."""
    if not s.traits.steps or s.traits.by_steps_only or status.steps:
        return bool(s.traits.steps)
    if status.submission is not None:
        return status.submission.step in s.traits.steps
    return not s.link.console


def has_begun(status: JobStatus) -> bool:
    """A step of several is done, so the job is under way although nothing may be in the cloud at the moment."""
    return bool(status.steps) and not is_finished(status)


def is_between(status: JobStatus) -> bool:
    """A step of several is done, and nothing of the next one is in the cloud, or on its way there."""
    return has_begun(status) and is_unsent(status)


def is_addressable(s: Snapshot, status: JobStatus) -> bool:
    """Whether what is in the cloud can be cancelled by what is known of it: a job by its id, a step by its handle."""
    return bool(status.job_id) or s.traits.by_steps_only


def next_step(s: Snapshot, status: JobStatus) -> str:
    """What is to be submitted next: a retry in place where the console can do it and the last attempt had an id, the
    step whose turn it is, or simply the job."""
    if is_composed(s, status):
        return _after(s, status.steps or []) or s.traits.cleanup or _in_turn(s, status.steps or [])
    attempts = status.attempts or []
    in_place = s.traits.retry is RetryRule.FREELY and s.link.console and len(attempts) > 1 and attempts[-2].job_id
    return RETRY_STEP if in_place else SUBMIT_STEP


def step_at_work(s: Snapshot, status: JobStatus) -> str:
    """What went out last, or may have; where nothing is out, what is next."""
    submission = status.submission
    return next_step(s, status) if submission is None or is_unsent(status) else submission.step


def cleans_up(s: Snapshot, status: JobStatus) -> bool:
    """Whether the clean-up is what the job is at."""
    return has_begun(status) and step_at_work(s, status) == s.traits.cleanup


def overall(s: Snapshot, status: JobStatus, progress: int | None) -> int | None:
    """The progress of the whole job, of which the step at work has done `progress` percent."""
    if progress is None or not is_composed(s, status):
        return progress
    return (100 * len(status.steps or []) + progress) // len(s.traits.steps)


@dataclass(frozen=True)
class End:
    """How a step, or the job, ended."""

    state: State
    reason: str
    message: str
    time: datetime


def with_row(s: Snapshot, status: JobStatus, end: End, now: datetime) -> JobStatus:
    """The status with the step at work moved to `steps`."""
    submission, name = status.submission, step_at_work(s, status)
    reason, message = end.reason, end.message
    if name == s.traits.cleanup and end.state is not State.SUCCESSFUL:
        reason = str(Reason.LEFT_BEHIND)
        message = ": ".join(filter(None, (left_behind(s.traits, status), end.message)))
    row = StepStatus(
        name=name,
        state=end.state,
        reason=reason,
        message=shortened(message, MAX_MESSAGE),
        completion_time=end.time,
        seen_time=now,
        handle=handle_of(status) or None,
        submission=_kept(submission) if submission else None,
    )
    return status.but(steps=[*(status.steps or []), row])


def _kept(record: Submission) -> Submission:
    """What stays of the record of a step that ended: the baseline only while a late effect of it is looked for."""
    return record.but(handle=None, baseline=record.baseline if record.late_look_time else None)


def is_over(s: Snapshot, status: JobStatus) -> bool:
    """Whether no step is left to take."""
    return _after(s, status.steps or []) is None


def verdict(s: Snapshot, status: JobStatus, now: datetime) -> End:
    """The end of the whole job, once no step is left: that of the first step that did not end well, else the last."""
    proper = _proper(s.traits)
    main = [row for row in status.steps or [] if row.name in proper]
    if not main:  # somebody edited the status
        return End(State.UNKNOWN, str(Reason.OUTCOME_UNKNOWN), "the record of its steps is gone", now)
    row = next((row for row in main if row.state is not State.SUCCESSFUL), main[-1])
    state, reason, message = row.state or State.UNKNOWN, row.reason or "", row.message or ""
    if state is State.SUCCESSFUL and row.name != proper[-1]:
        state, reason = State.CANCELED, str(Reason.CANCELED)
        message = f"the object was deleted after step {row.name}"
    elif state is not State.SUCCESSFUL and len(main) > 1:
        message = f"step {row.name}: {message}"
    for swept in status.steps or []:
        if swept.name == s.traits.cleanup and swept.state is not State.SUCCESSFUL:
            message = f"{message}; {swept.message}"
    return End(state, reason, message, row.completion_time or now)


def last_job_id(s: Snapshot, status: JobStatus) -> str | None:
    """The cloud's id of the last job that did a part of the work proper."""
    ids = [(row.handle or {}).get("jobId") for row in status.steps or [] if row.name in _proper(s.traits)]
    return next((name for name in reversed(ids) if name), None)


def left_behind(traits: Traits, status: JobStatus) -> str:
    """What was made on the way only and may still be in the cloud, in words; empty for nothing. What the last step of
    the work proper made is the product."""
    on_the_way = _proper(traits)[:-1]
    handles = [row.handle or {} for row in status.steps or [] if row.name in on_the_way]
    if step_of(status) in on_the_way:
        handles.append(handle_of(status))
    made = [word for handle in handles for word in _words(handle)]
    return f"{', '.join(dict.fromkeys(made))} is still in the cloud; remove it by hand" if made else ""


def _words(handle: dict[str, str]) -> list[str]:
    """What a person finds it by: its name, else the job that made it."""
    names = [f"{name} {value}" for name, value in handle.items() if name not in ("jobId", "clusterId")]
    if "jobId" in handle and not names:
        return [f"what job {handle['jobId']} made"]
    return names


def _proper(traits: Traits) -> list[str]:
    """The steps that are the job; not the clean-up."""
    return [name for name in traits.steps if name != traits.cleanup]


def _after(s: Snapshot, rows: list[StepStatus]) -> str | None:
    """The step that follows what was done so far; None where the job is over. A failure, and a deletion of the
    object, cut the rest short but for the clean-up."""
    steps, cleanup = s.traits.steps, s.traits.cleanup
    if not rows:
        return steps[0]
    last = rows[-1]
    if last.name == steps[-1] or last.name not in steps:
        return None
    if last.state is State.SUCCESSFUL and s.deleting_since is None:
        return steps[steps.index(last.name) + 1]
    return cleanup if cleanup and any(row.handle for row in rows) else None


def _in_turn(s: Snapshot, rows: list[StepStatus]) -> str:
    """The step whose turn it would be; the last one where all are done."""
    done = {row.name for row in rows}
    return next((name for name in s.traits.steps if name not in done), s.traits.steps[-1])
