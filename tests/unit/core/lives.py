"""The factors of the product test: the points of a job's life, what can be learnt there, and what else may be so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.unit.core.scenes import (
    ACCEPTED,
    BROKEN,
    CANCELED,
    DONE,
    FOUND,
    INFERRED,
    LOST,
    NOON,
    NOT_SENT,
    PREPARED,
    PUBLIC,
    REFUSED,
    RUNNING,
    SWEEP,
    THROTTLED,
    UNDECIDED,
    Scene,
    a_job,
    adopted,
    backed_up,
    backing_up,
    broken,
    deleted,
    disproved,
    first_step,
    forgotten,
    inferred,
    looking,
    prepared,
    restore_disproved,
    restore_lost,
    restore_unknown,
    restored,
    restoring,
    running,
    second_step,
    seen,
    sending,
    submitted,
    succeeded,
    sweeping,
    third_step,
    unknown,
)

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Traits

Life = Callable[[Traits], Scene]
Change = Callable[[Scene], Scene]

WORDY = "a very long message " * 200
OTHERS_NAME = o.Elsewhere("a collection films_copy was made meanwhile", Reason.NAME_TAKEN)
LEFT = o.Impossible(Reason.LEFT_BEHIND, "not proven ours")
PREPARED_FOR_CREDENTIALS = o.Prepared("t0", "holder", {}, NOON, credentials_secret="new-credentials")
STORED = o.Accepted({"jobId": "job-1"}, {"clusterId": "in01-new"}, credentials_stored=True)


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


def awaiting_credentials(kind: Traits) -> Scene:
    return a_job(kind).see(o.Nothing(), PREPARED_FOR_CREDENTIALS)


LIVES: dict[str, Life] = {
    "new": a_job,
    "first seen": lambda kind: a_job(kind).see(),
    "suspended": lambda kind: a_job(kind, suspend=True).see(),
    "waiting for a secret": lambda kind: a_job(kind).see(
        o.Nothing(), o.Blocked(Reason.SECRET_NOT_FOUND, "no secret")
    ),
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
    "credentials awaited": awaiting_credentials,
    "credentials stored": lambda kind: awaiting_credentials(kind).see(STORED),
    "credentials lost": lambda kind: awaiting_credentials(kind).see(LOST, FOUND),
}


def resubmitted_step(kind: Traits) -> Scene:
    return restore_unknown(kind).but(resolve_token="t2=resubmit").see()


def abandoned_step(kind: Traits) -> Scene:
    return restore_unknown(kind).but(resolve_token="t2=abandon").see()


BY_STEPS: dict[str, Life] = {
    "step 1: first seen": lambda kind: a_job(kind, link=PUBLIC).see(),
    "step 1: throttled": lambda kind: first_step(kind).see(THROTTLED),
    "step 1: intent open": first_step,
    "step 1: looking": lambda kind: first_step(kind).see(LOST),
    "step 1: disproved": lambda kind: first_step(kind).see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent()),
    "step 1: unknown": lambda kind: first_step(kind).see(LOST).later(131).see(o.Nothing(), UNDECIDED),
    "step 1: at work": backing_up,
    "step 1: found without an id": lambda kind: first_step(kind).see(LOST, o.Found(SWEEP.handle, Evidence.INFERRED)),
    "step 1: found by its job only": lambda kind: first_step(kind).see(LOST, INFERRED),
    "step 1: missing": lambda kind: backing_up(kind).see(o.Missing()),
    "step 1: failed": lambda kind: backing_up(kind).see(BROKEN),
    "step 1: taken by somebody else": lambda kind: first_step(kind).see(LOST).later(131).see(OTHERS_NAME),
    "step 1: abandoned": lambda kind: BY_STEPS["step 1: unknown"](kind).but(resolve_token="t1=abandon").see(),
    "step 1: done already": lambda kind: a_job(kind, link=PUBLIC).see(o.Nothing(), o.AlreadyDone("there is one")),
    "between two steps": backed_up,
    "between two steps, the cluster is busy": lambda kind: backed_up(kind).see(
        o.Blocked(Reason.CLUSTER_BUSY, "busy")
    ),
    "between two steps, overdue": lambda kind: backed_up(kind, active_deadline_seconds=60).later(100).see(),
    "step 2: intent open": second_step,
    "step 2: looking": restore_lost,
    "step 2: absent once": lambda kind: restore_lost(kind).see(o.Absent()),
    "step 2: disproved": restore_disproved,
    "step 2: unknown": restore_unknown,
    "step 2: sent again": lambda kind: restore_disproved(kind).see(prepared("t3")),
    "step 2: refused when sent again": lambda kind: restore_disproved(kind).see(prepared("t3"), REFUSED),
    "step 2: to be resubmitted": resubmitted_step,
    "step 2: resubmitted": lambda kind: resubmitted_step(kind).see(prepared("t3")),
    "step 2: at work": restoring,
    "step 2: half done": lambda kind: restoring(kind).see(seen(progress=50)),
    "step 2: found": lambda kind: restore_lost(kind).see(o.Found({"collection": "films_copy"}, Evidence.INFERRED)),
    "step 2: missing": lambda kind: restoring(kind).see(o.Missing()),
    "step 2: cancel waits for the look-up": lambda kind: restore_lost(kind).but(cancel_token="c0").see(),
    "step 2: failed": lambda kind: restoring(kind).see(BROKEN),
    "step 2: refused": lambda kind: second_step(kind).see(REFUSED),
    "step 2: cancelled in the console": lambda kind: restoring(kind).see(CANCELED),
    "step 2: forgotten": lambda kind: restoring(kind).see(o.Missing()).later(601).see(o.Nothing(), o.Missing()),
    "step 2: abandoned": abandoned_step,
    "step 2: ended well": restored,
}
"""Of a kind with steps, where the console does not do the whole."""


def deleted_to_clean_up() -> Scene:
    return deleted(backing_up()).see(DONE)


CLEANING_UP: dict[str, Life] = {
    "clean-up: waits": lambda _: restored().see(o.Blocked(Reason.CLOUD_UNREACHABLE, "down")),
    "clean-up: intent open": lambda _: third_step(),
    "clean-up: looking": lambda _: third_step().see(LOST),
    "clean-up: disproved": lambda _: third_step().see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent()),
    "clean-up: unknown": lambda _: third_step().see(LOST).later(131).see(o.Nothing(), UNDECIDED),
    "clean-up: at work": lambda _: sweeping(),
    "clean-up: at work after a failure": lambda _: restoring().see(BROKEN, prepared("t3"), SWEEP),
    "clean-up: missing": lambda _: sweeping().see(o.Missing()),
    "clean-up: cancel waits for the look-up": lambda _: third_step().see(LOST).but(cancel_token="c0").see(),
    "deleted: to clean up": lambda _: deleted_to_clean_up(),
    "deleted: clean-up intent open": lambda _: deleted_to_clean_up().see(prepared("t3")),
    "deleted: clean-up at work": lambda _: deleted_to_clean_up().see(prepared("t3"), SWEEP),
    "cleaned up": lambda _: sweeping().see(DONE),
    "cleaned up after a failure": lambda _: restoring().see(BROKEN, prepared("t3"), SWEEP, DONE),
    "left behind": lambda _: third_step().see(REFUSED),
    "left behind for safety": lambda _: restored().see(LEFT),
    "cancelled by its deletion": lambda _: deleted_to_clean_up().see(prepared("t3"), SWEEP, DONE),
}
"""Of a kind with steps whose last one is a clean-up."""


def lives_of(kind: Traits) -> dict[str, Life]:
    """Nobody can start for a job elsewhere what only the operator does by steps, so such a kind adopts nothing."""
    alone = {name: life for name, life in LIVES.items() if not (kind.by_steps_only and name.startswith("adopt"))}
    return {**alone, **(BY_STEPS if kind.steps else {}), **(CLEANING_UP if kind.cleanup else {})}


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
    "prepared for credentials": o.Prepared("t9", "holder", {}, NOON, credentials_secret="new-credentials"),
    "impossible": o.Impossible(Reason.LEFT_BEHIND, WORDY),
    "its name is taken": o.Impossible(Reason.NAME_TAKEN, WORDY),
    "waits": o.Blocked(Reason.SECRET_NOT_FOUND, WORDY),
    "accepted": ACCEPTED,
    "accepted another": o.Accepted({"jobId": "job-2"}),
    "accepted without an id": o.Accepted({"backupId": "backup-9"}),
    "accepted, credentials stored": STORED,
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
    "name taken meanwhile": OTHERS_NAME,
    "found, credentials stored": o.Found({"jobId": "job-1"}, Evidence.INFERRED, credentials_stored=True),
    "a late effect": o.LateLook((("job-8",),)),
    "a late look in vain": o.LateLook(complete=False),
    "cancel accepted": o.CancelAccepted(),
    "cancel refused": o.CancelRefused(Reason.NO_PERMISSION, WORDY),
    "cancel unclear": o.CancelUnclear(WORDY, 9.0),
}


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
    "link as it is": _same,
    "console": lambda x: x.but(link=Link(console=True)),
    "no console": lambda x: x.but(link=Link()),
    "connection broken": lambda x: x.but(link=Link(problem=o.Blocked(Reason.CONNECTION_NOT_READY, WORDY))),
    "connection suspended": lambda x: x.but(link=Link(suspended=True, console=True)),
    "first submission held": lambda x: x.but(link=Link(first_submission=FirstSubmission.HOLD, console=True)),
    "find first": lambda x: x.but(link=Link(first_submission=FirstSubmission.FIND, console=True)),
    "operator may not submit": lambda x: x.but(gate=o.Blocked(Reason.CRD_OUTDATED, "old", 5.0)),
    "restored": lambda x: x.but(restored=True),
}

MARKS: dict[str, Change] = {
    "alive": _same,
    "no source": lambda x: x.but(has_source=False),
    "gitops, third try": lambda x: x.but(tracked=True, tries=3),
    "finalizer": lambda x: x.but(finalizer=True),
    "deleted": lambda x: x.but(deleting_since=x.now),
    "deleted, finalizer": lambda x: x.but(deleting_since=x.now - timedelta(seconds=5), finalizer=True),
    "deleted a while ago, finalizer": lambda x: x.but(deleting_since=x.now - timedelta(seconds=400), finalizer=True),
    "deleted long ago, finalizer": lambda x: x.but(deleting_since=x.now - timedelta(seconds=600), finalizer=True),
}

AGES: dict[str, Change] = {
    "at once": _same,
    "after 100 s": lambda x: x.later(100),
    "after an hour": lambda x: x.later(3600),
}
