"""Describe Job (v2, documented): the one read that works for jobs of every type."""

from __future__ import annotations

from zilliz_jobs.cloud.fields import Id, Moment, Percent, Text, WireModel
from zilliz_jobs.cloud.listing import parsed
from zilliz_jobs.cloud.transport import Transport


class Job(WireModel):
    """`type` and `status` are the cloud's words (see `words`). There is no link to cluster, backup or collection."""

    job_id: Id
    type: Text = ""
    status: Text = ""
    progress: Percent = None
    start_time: Moment = None
    end_time: Moment = None
    reason: Text = ""


class Jobs:
    """Reads of single jobs; they change nothing and may be repeated."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def describe(self, job_id: str) -> Job:
        """The job. Raises NotFound where the cloud does not know it, and the rest of the tree of `errors`."""
        doing = f"read job {job_id}"
        reply = await self._transport.read("GET", "/v2/jobs/{jobId}", ids={"jobId": job_id}, bare=True, doing=doing)
        return parsed(reply.data, Job, doing=doing)
