"""What would become of a request for a job as it is now: asked of the operator's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import JobStatus, Outcome
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.control.objects import Body, status_of
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.requests import Verdict, judge_cancel, judge_retry
from zilliz_jobs.core.snapshot import Link, Rules, is_finished, is_open
from zilliz_jobs.jobs.snapshots import Surroundings, snapshot


@dataclass(frozen=True)
class Judged:
    """`open_submission`: the token of a submission whose fate is not known; "" where there is none."""

    cancel: Verdict
    retry: Verdict
    open_submission: str = ""

    @property
    def may_cancel(self) -> bool:
        return self.cancel[0] is not Outcome.REFUSED

    @property
    def may_retry(self) -> bool:
        return self.retry[0] is not Outcome.REFUSED


def judged(job: JobView, connection: Body | None, now: datetime) -> Judged | None:
    """None where the record of the job cannot be read. `connection`: its ZillizConnection; without one the console's
    API counts as off."""
    try:
        snap = snapshot(job.kind, job.body, _around(connection, now))
        status = snap.status
    except RecordError:
        return None
    return Judged(judge_cancel(snap, status), judge_retry(snap, status), open_submission(status))


def open_submission(status: JobStatus) -> str:
    """After the end of the job there is nothing to decide, though what it left in the cloud may be as unknown."""
    return status.submission.token if status.submission and is_open(status) and not is_finished(status) else ""


def token_of_open(job: JobView) -> str:
    """The token of the submission that a person may decide; "" where none is open. Raises RecordError."""
    return open_submission(status_of(job.body))


def _around(connection: Body | None, now: datetime) -> Surroundings:
    spec = (connection or {}).get("spec")
    console = spec.get("consoleApi") if isinstance(spec, dict) else None
    enabled = isinstance(console, dict) and console.get("enabled") is True
    return Surroundings(link=Link(console=enabled), gate=None, tries=0, rules=Rules(), now=now)
