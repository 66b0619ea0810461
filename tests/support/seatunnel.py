"""A stand-in for a cluster of SeaTunnel: as much of its REST as the operator uses, with its state, and faults.

Its rules are those that were read in the engine's source: the caller chooses the id; a second submission of a job
that runs is taken and changes nothing; one of a job that ended is an error 500; a job that nobody knows is an object
with its id alone; errors quote whatever they like.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

PATH = "/seatunnel"
URL = f"http://seatunnel.example.svc:8080{PATH}"
ENDED = ("FINISHED", "CANCELED", "FAILED")


@dataclass
class Job:
    name: str
    config: Any
    status: str = "RUNNING"
    read: int = 0
    written: int = 0
    error: str = ""


@dataclass
class SeaTunnelCluster(httpx2.AsyncBaseTransport):
    """`starts`: the ids of all jobs that really began, in their order. `lost`: the next answers that get lost,
    "before" their effect or "after" it. `down`: no connection opens."""

    jobs: dict[int, Job] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    """By a part of the path, what happens to the next such request: "lost before" its effect or "lost after" it, or
    "hangs before" or "hangs after" it for ever."""
    down: bool = False
    heard: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.down:
            raise httpx2.ConnectError("no route to host", request=request)
        lost = self.lost.pop(0) if self.lost else ""
        word = next((part for part in self.faults if part in request.url.path), "")
        how, _, when = self.faults.pop(word).partition(" ") if word else ("", "", "")
        lost = when if how == "lost" else lost
        if how == "hangs" and when == "before":
            await asyncio.Event().wait()
        if lost == "before":
            raise httpx2.ReadError("reset", request=request)
        status, body = self._answer(request, await request.aread())
        if how == "hangs" and when == "after":
            await asyncio.Event().wait()
        if lost == "after":
            raise httpx2.ReadError("reset", request=request)
        return httpx2.Response(status, json=body)

    def _answer(self, request: httpx2.Request, content: bytes) -> tuple[int, Any]:
        path = request.url.path.removeprefix(PATH)
        self.heard.append(f"{request.method} {path}")
        match request.method, path.split("/")[1:]:
            case "POST", ["submit-job"]:
                return self._submit(int(request.url.params["jobId"]), request.url.params["jobName"], content)
            case "GET", ["job-info", job_id]:
                return 200, self._info(int(job_id))
            case "POST", ["stop-job"]:
                return self._stop(json.loads(content)["jobId"])
        return 404, {}

    def _submit(self, job_id: int, name: str, content: bytes) -> tuple[int, Any]:
        try:
            config = json.loads(content)
        except ValueError:
            return 400, {"status": "fail", "message": "Invalid JSON format in request body."}
        known = self.jobs.get(job_id)
        if known is not None and known.status in ENDED:
            words = f"The job id {job_id} has already been submitted and is not starting with a savepoint."
            return 500, {"status": "fail", "message": words}
        if known is None:
            self.starts.append(job_id)
            self.jobs[job_id] = Job(name, config)
        return 200, {"jobId": str(job_id), "jobName": name}

    def _info(self, job_id: int) -> Any:
        job = self.jobs.get(job_id)
        if job is None:
            return {"jobId": str(job_id)}
        told: dict[str, Any] = {"jobId": str(job_id), "jobName": job.name, "jobStatus": job.status}
        told["metrics"] = {"SourceReceivedCount": str(job.read), "SinkWriteCount": str(job.written)}
        told |= {"errorMsg": job.error} if job.status in ENDED else {"envOptions": job.config["env"]}
        return told

    def _stop(self, job_id: int) -> tuple[int, Any]:
        job = self.jobs.get(job_id)
        if job is not None and job.status not in ENDED:
            job.status = "CANCELING"
        return 200, {"jobId": str(job_id)}
