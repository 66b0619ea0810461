"""A person decides an unknown submission: the annotation `<submission.token>=adopt:<jobId>|resubmit|abandon`.

It names the submission it decides, so that one left behind in Git decides nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, JobStatus, Outcome
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, is_open


@dataclass(frozen=True)
class Resolution:
    submission_token: str
    verb: str  # adopt, resubmit, abandon
    job_id: str = ""


def parse_resolution(text: str) -> Resolution | None:
    """None for what is not of the form `<token>=adopt:<jobId>|resubmit|abandon`."""
    token, _, decision = text.partition("=")
    verb, colon, job_id = decision.partition(":")
    if not token or verb not in ("adopt", "resubmit", "abandon"):
        return None
    if (verb == "adopt") != bool(colon and job_id.strip()) or (colon and verb != "adopt"):
        return None
    return Resolution(token.strip(), verb, job_id.strip())


def resolved(status: JobStatus, outcome: Outcome, reason: Reason, message: str, now: datetime) -> JobStatus:
    """The open resolve request, if any, with this outcome."""
    request = status.resolution
    if request is None or request.outcome is not Outcome.REQUESTED:
        return status
    answer = request.but(outcome=outcome, reason=str(reason), message=shortened(message, MAX_MESSAGE), time=now)
    return status.but(resolution=answer)


def adoption(s: Snapshot, status: JobStatus) -> str | None:
    """The id of the job that the object is to follow and does not yet: by its spec, or by the annotation."""
    if s.adopts and status.submission is None and attempt_of(status).number == 1:
        return s.adopts
    request = status.resolution
    if request and request.outcome is Outcome.REQUESTED and is_open(status) and status.submission:
        decision = parse_resolution(request.token)
        if decision and decision.verb == "adopt" and decision.submission_token == status.submission.token:
            return decision.job_id
    return None
