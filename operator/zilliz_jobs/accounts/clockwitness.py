"""What job objects tell of the clocks of the cloud: when a job was sent, and when the cloud says that it began."""

from __future__ import annotations

from datetime import datetime

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body, connection_key, raw_status
from zilliz_jobs.core.plan import SUBMIT_STEP


class ClockWitness(JobListener):
    """Tells the connection of each job."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def on_seen(self, body: Body) -> None:
        if times := began_by_cloud(body):
            self._connections.witness(connection_key(body), *times)


def began_by_cloud(body: Body) -> tuple[datetime, datetime] | None:
    """For a job that the cloud's own answer named: the cloud's time before the request, and when the cloud says that
    the job began. None where either is not known."""
    status = raw_status(body)
    record = status.get("submission")
    if not isinstance(record, dict) or status.get("steps") or record.get("step") != SUBMIT_STEP:
        return None  # of steps and retries the start is an earlier one's
    if record.get("evidence") != Evidence.ANSWERED:
        return None
    sent, began = parse_time(record.get("cloudTime")), parse_time(status.get("startTime"))
    if began == parse_time(record.get("intentTime")):
        return None  # the cloud told no start, and this is the time of the submission
    return (sent, began) if sent and began else None
