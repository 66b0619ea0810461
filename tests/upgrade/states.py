"""The states in which an upgrade may find an object: how each comes about, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.support.everykind import FOREVER, ROUTES, ROWS, SAMPLE_BY_STEPS, WHY, Row, Walker
from tests.support.user import Body, Job

from zilliz_local.cloud.ledger import Entry

STOP, UNKNOWN = "stop", "SubmissionUnknown"
SAME_SECOND = "in the same second"


@dataclass(frozen=True)
class State:
    """`begins`: brings an object into the state under the earlier operator. `goes_on`: what must become of it under
    this one. `last_step`: into a state that lasts for some seconds only, so it is taken right before
    the earlier operator ends. `sends`: whether this one submits something then."""

    begins: Callable[[Walker], Job]
    goes_on: Callable[[Walker, Job, Body], None]
    last_step: Callable[[Walker, Job], None] | None = None
    sends: bool = False


# -- nothing was sent


def _suspended(walker: Walker) -> Job:
    job = walker.apply(suspend=True)
    job.until_reason("Suspended")
    return job


def _is_submitted(walker: Walker, job: Job, before: Body) -> None:
    assert job.status()["reason"] == "Suspended"
    job.edit(suspend=False)
    job.until_ended("Successful")


# -- it was sent


def _running(walker: Walker) -> Job:
    walker.cloud.next_job(walker.row.job, pending_seconds=0, run_seconds=FOREVER)
    job = walker.apply()
    job.until("runs", lambda s: (s.get("submission") or {}).get("handle") and s.get("state") == "InProgress")
    return job


def _is_followed_to_its_end(walker: Walker, job: Job, before: Body) -> None:
    status = job.until("is seen by this operator", lambda s: s["state"] == "InProgress")
    assert status["submission"]["handle"] == before["submission"]["handle"]
    assert status.get("jobId") == before.get("jobId")
    walker.finish_cloud_job()
    job.until_ended("Successful")


def _is_cancelled(walker: Walker, job: Job, before: Body) -> None:
    job.ask("cancel-requested", STOP)
    if walker.row.cancel == "Canceled":
        assert job.until_ended("Canceled")["cancel"]["outcome"] == "Completed"
        return
    assert job.until_request("cancel", "Refused", STOP)["cancel"]["reason"] == walker.row.cancel
    walker.finish_cloud_job()
    job.until_ended("Successful")


def _held(walker: Walker) -> Job:
    walker.cloud.next_job(walker.row.job, pending_seconds=0, run_seconds=FOREVER)
    job = walker.apply(deletionPolicy="Cancel")
    job.until("runs", lambda s: (s.get("submission") or {}).get("handle") and s.get("state") == "InProgress")
    return job


def _is_cancelled_with_its_object(walker: Walker, job: Job, before: Body) -> None:
    job.delete()
    job.until_gone()
    walker.user.until("its job is cancelled", lambda: walker.cloud.job_status(before["jobId"]) == "CANCELED")


def _ready(walker: Walker) -> Job:
    """It needs nothing but the end of its suspension."""
    job = _suspended(walker)
    for backup in walker.user.read(walker.user.path("backupjobs"))["items"]:
        if backup["metadata"]["name"] != job.name:
            Job(walker.user, "BackupJob", backup["metadata"]["name"]).until_ended("Successful")
    return job


def _sends(walker: Walker, job: Job) -> None:
    route = ROUTES[walker.row.job]
    walker.cloud.fault(route, "latency_after", seconds=600)
    before = len(_effects(walker))
    job.edit(suspend=False)
    walker.user.until("the cloud has it", lambda: len(_effects(walker)) > before)
    walker.cloud.fault("*", "latency", times=None, seconds=600)  # nor is it found by a look-up


def _effects(walker: Walker) -> list[Entry]:
    """Of the requests that start jobs of the row's kind."""
    route = ROUTES[walker.row.job]
    return walker.cloud.ask(lambda sim: sim.ledger.effects(route=route, client="api"))


def _is_found_or_asked_about(walker: Walker, job: Job, before: Body) -> None:
    assert not before["submission"].get("handle"), "its answer came before the earlier operator had ended"
    told = job.until("is found or asked about", lambda s: s.get("completionTime") or s.get("reason") == UNKNOWN)
    if not walker.row.shows:
        assert told["reason"] == UNKNOWN
    elif told.get("reason") == UNKNOWN:
        assert job.kind == "ImportJob", told  # one that begins in the second of its submission may be another's
        assert SAME_SECOND in told["message"]
    else:
        assert told["state"] == "Successful", told


def _unknown(walker: Walker) -> Job:
    walker.cloud.fault(ROUTES[walker.row.job], "drop_after")
    job = walker.apply()
    job.until_reason(UNKNOWN)
    return job


def _is_decided(walker: Walker, job: Job, before: Body) -> None:
    """The question stays as it was, and its answer counts."""
    assert job.status()["submission"]["token"] == before["submission"]["token"]
    (ours,) = _effects(walker)
    job.ask("resolve-submission", f"{before['submission']['token']}=adopt:{ours.job_id}")
    job.until_ended("Successful")


# -- it is over


def _over(walker: Walker) -> Job:
    job = walker.apply()
    job.until_ended("Successful")
    return job


def _failed(walker: Walker) -> Job:
    row = walker.row
    walker.cloud.next_job(row.failing, failure=WHY, **({} if row.told else {"run_seconds": 60}))
    job = walker.apply()
    job.until_ended(row.ends)
    return job


def _cancelled(walker: Walker) -> Job:
    job = _running(walker)
    job.ask("cancel-requested", STOP)
    job.until_ended("Canceled")
    return job


def _stays_over(walker: Walker, job: Job, before: Body) -> None:
    """Nothing is sent, and the end is told as it was."""
    job.ask("cancel-requested", "too-late")
    now = job.until_request("cancel", "Refused", "too-late")
    for field in ("state", "completionTime", "jobId", "message", "attempts", "result", "steps"):
        assert now.get(field) == before.get(field), field


def _can_be_retried(walker: Walker, job: Job, before: Body) -> None:
    job.ask("retry-requested", "again")
    if walker.row.retry == "again":
        job.until("has a second attempt", lambda s: len(s["attempts"]) == 2)
        assert [one["state"] for one in job.until_ended("Successful")["attempts"]] == [before["state"], "Successful"]
        return
    assert job.until_request("retry", "Refused", "again")["retry"]["reason"] == walker.row.retry
    assert job.status()["state"] == before["state"]


STATES = {
    "suspended": State(_suspended, _is_submitted, sends=True),
    "running": State(_running, _is_followed_to_its_end),
    "running, to be cancelled": State(_running, _is_cancelled),
    "running, cancelled with its object": State(_held, _is_cancelled_with_its_object),
    "unknown": State(_unknown, _is_decided),
    "over": State(_over, _stays_over),
    "failed": State(_failed, _can_be_retried, sends=True),
    "cancelled": State(_cancelled, _stays_over),
    "answer outstanding": State(_ready, _is_found_or_asked_about, last_step=_sends),
}
EVERY_ROW = ("running", "answer outstanding")
ONE_ROW = {
    "suspended": "import",
    "running, to be cancelled": "export",
    "running, cancelled with its object": "backup",
    "unknown": "export, public",
    "over": "clone, by steps",
    "failed": "import",
    "cancelled": "migration from a vendor",
}
"""Of these states one object each."""

Case = tuple[Row, str]


def cases() -> list[Case]:
    """Every row at work, and every other state once."""
    rows = {row.name: row for row in (*ROWS, SAMPLE_BY_STEPS)}
    chosen = [(row, state) for row in ROWS for state in EVERY_ROW]
    chosen += [(rows[name], state) for state, name in ONE_ROW.items()]
    return [(_with_backup(row, f"movies-{number}"), state) for number, (row, state) in enumerate(chosen)]


def _with_backup(row: Row, name: str) -> Row:
    """0.1.0 has exports of backups of one name wait for one another, whatever their namespaces."""
    named_by_job = "backupJobRef" in str(row.manifest["spec"])
    return replace(row, spec=row.spec | {"backup": {"backupJobRef": {"name": name}}}) if named_by_job else row


def named(case: Case) -> str:
    return f"{case[0].name}: {case[1]}"
