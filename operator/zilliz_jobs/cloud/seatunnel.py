"""A cluster of SeaTunnel that runs the engine VTS, by its REST (read in source: submit-job, job-info, stop-job).

The caller chooses the id of a job. A second submission of one that runs changes nothing, and one of a job that ended
is an error for as long as the cluster remembers it (read in source; a day by default). So after a lost answer the job
is asked for by its id, and a submission never makes two jobs.

The REST has no authentication: who reaches it can read the keys in it. It is named by the chart alone. What it says
of an error is never passed on, since it may quote a config.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from zilliz_jobs.cloud.answerbody import body_of
from zilliz_jobs.cloud.effects import EffectReply, NotSent, Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.passage import Fence, Fenced, Passage
from zilliz_jobs.cloud.trust import trusted
from zilliz_jobs.core.reasons import Reason

SECONDS, CONNECT_SECONDS = 30.0, 5.0
_NEVER_OPENED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
_CODE = re.compile(r"ErrorCode:\[([A-Za-z_]{1,40}(?:-[A-Za-z_]{1,40}){0,3}-[0-9]{1,4})\]")


@dataclass(frozen=True)
class EngineJob:
    """A job as the cluster shows it. `status`: its word. `read`, `written`: rows, None where it does not say. `code`:
    of the innermost error."""

    job_id: int
    status: str
    read: int | None = None
    written: int | None = None
    code: str = ""


class SeaTunnel:
    """The REST at `url`, http or https, with the path that the cluster serves it under. Close it with `close`.

    `wire`: carries the requests; only tests pass one.
    """

    def __init__(self, url: str, *, wire: httpx2.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._traced = wire is None
        self._client = httpx2.AsyncClient(
            transport=wire,
            verify=trusted() if wire is None else True,
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=0),
            timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "zilliz-jobs-operator"},
        )

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._client.aclose()

    async def submit(self, job_id: int, name: str, config: str, fence: Fence) -> EffectReply:
        """Start the job `job_id` with this config, which holds credentials. Never raises for what the network does.

        May be repeated with the same id while the job runs. `fence` is asked just before the first byte leaves.
        Refused where the cluster says no; whether that is because it ended before, `job` tells.
        """
        doing = f"submit job {job_id} to SeaTunnel"
        passage = Passage(fence)
        query = {"jobId": str(job_id), "jobName": name}
        request = self._request("POST", "/submit-job", query, config.encode())
        request.extensions["trace"] = passage.trace
        try:
            passage.ask()
            status, answer = await self._send(request)
        except Fenced as closed:
            return NotSent(Reason.NOT_SUBMITTED, f"cannot {doing}: {closed}")
        except Exception as error:
            if not passage.begun and (self._traced or isinstance(error, _NEVER_OPENED)):
                return NotSent(Reason.CLOUD_UNREACHABLE, f"cannot {doing}: {type(error).__name__}")
            return Uncertain(f"cannot tell whether SeaTunnel did {doing!r}: {type(error).__name__}")
        if status == 200 and str(answer.get("jobId")) == str(job_id):
            return Taken({"jobId": str(job_id)})
        if 400 <= status < 500:
            return Refused(None, status, f"cannot {doing}: HTTP {status}{_with_code(answer)}")
        return Uncertain(f"cannot tell whether SeaTunnel did {doing!r}: HTTP {status}{_with_code(answer)}")

    async def job(self, job_id: int) -> EngineJob | None:
        """The job as it is now; None where the cluster does not know it. May be repeated. Raises Transient,
        ProtocolMismatch."""
        doing = f"read job {job_id} of SeaTunnel"
        status, answer = await self._asked(self._request("GET", f"/job-info/{job_id}"), doing)
        if status != 200 or str(answer.get("jobId")) != str(job_id):
            raise ProtocolMismatch(f"cannot {doing}: HTTP {status}", http_status=status)
        if not (word := answer.get("jobStatus")):
            return None
        metrics = answer.get("metrics")
        told: Mapping[str, Any] = metrics if isinstance(metrics, dict) else {}
        return EngineJob(
            job_id,
            str(word),
            _rows(told.get("SourceReceivedCount")),
            _rows(told.get("SinkWriteCount")),
            _newest_code(answer.get("errorMsg")),
        )

    async def stop(self, job_id: int) -> None:
        """Ask for the job's end, without a savepoint; it is over when `job` says so. May be repeated; to a job that
        is over it does nothing. Raises Transient, ProtocolMismatch."""
        doing = f"stop job {job_id} of SeaTunnel"
        body = json.dumps({"jobId": job_id, "isStopWithSavePoint": False}).encode()
        status, _ = await self._asked(self._request("POST", "/stop-job", content=body), doing)
        if status != 200:
            raise ProtocolMismatch(f"cannot {doing}: HTTP {status}", http_status=status)

    async def _asked(self, request: httpx2.Request, doing: str) -> tuple[int, Mapping[str, Any]]:
        try:
            status, answer = await self._send(request)
        except (httpx2.RequestError, OSError, RuntimeError, TimeoutError) as error:
            raise Transient(f"cannot {doing}: {type(error).__name__}") from None
        if status in (408, 429) or status >= 500:
            raise Transient(f"cannot {doing}: HTTP {status}", http_status=status)
        return status, answer

    async def _send(self, request: httpx2.Request) -> tuple[int, Mapping[str, Any]]:
        async with asyncio.timeout(SECONDS):
            response = await self._client.send(request, stream=True)
            content = await body_of(response)
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        return response.status_code, answer if isinstance(answer, dict) else {}

    def _request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx2.Request:
        headers = {"Content-Type": "application/json"} if content else {}
        return self._client.build_request(
            method, self._url + path, params=dict(query) if query else None, content=content, headers=headers
        )


def _with_code(answer: Mapping[str, Any]) -> str:
    code = _newest_code(answer.get("message"))
    return f", {code}" if code else ""


def _newest_code(text: object) -> str:
    """The innermost code of an error's text: causes stand after what they cause."""
    found = _CODE.findall(text) if isinstance(text, str) else []
    return found[-1] if found else ""


def _rows(value: object) -> int | None:
    """Numbers come as texts (read in source)."""
    text = str(value)
    return int(text) if text.isdecimal() and text.isascii() else None
