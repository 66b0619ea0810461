"""Objects as the operator itself left them, by the thousand, without the time that it would take to make them so.

One job is made in earnest: an operator submits it and records what became of it. Its object is then the mould of
others, which differ in their name, the id of their job, the mark of their submission, and their start.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from tools.bench.cloud import CLUSTER, FILE
from tools.bench.kube import Body
from tools.bench.stage import Stage, manifest, until

COLLECTION = "films"
NAME = "mould"
PATIENCE = 60.0
FOR_EVER = 1e6


def import_spec(collection: str = COLLECTION) -> Body:
    """One private file into a collection, as people write it."""
    storage = {"urls": [FILE], "credentialsSecretRef": {"name": "bucket"}}
    return {"clusterId": CLUSTER, "collection": collection, "objectStorage": storage}


@dataclass(frozen=True)
class Mould:
    text: str
    job_id: str
    token: str

    @classmethod
    def of(cls, body: Body) -> Mould:
        meta = {
            name: body["metadata"][name]
            for name in ("labels", "annotations", "finalizers")
            if name in body["metadata"]
        }
        kept = {name: body[name] for name in ("apiVersion", "kind", "spec", "status")}
        return cls(
            json.dumps(kept | {"metadata": meta}), body["status"]["jobId"], body["status"]["submission"]["token"]
        )

    def cast(self, name: str, job_id: str, start: str = "") -> Body:
        """`start`: when the cloud began the job, where its object shall show that."""
        body: Body = json.loads(self.text.replace(self.job_id, job_id).replace(self.token, uuid.uuid4().hex))
        body["metadata"]["name"] = name
        for place in (body["status"], *(body["status"].get("attempts") or [])):
            if start and "startTime" in place:
                place["startTime"] = start
        return body


async def mould(stage: Stage, state: str) -> Mould:
    """Of an import that waits in the cloud (Pending), or one that is over (Successful)."""
    await stage.cloud.next_import(pending=FOR_EVER if state == "Pending" else 0, run=0)
    await stage.kube.create(manifest("ImportJob", NAME, import_spec()))
    body: Body = {}

    async def is_made() -> bool:
        nonlocal body
        body = await stage.kube.get("importjobs", NAME)
        status = body.get("status") or {}
        return bool(status.get("jobId")) and status.get("state") == state

    with stage.operator():
        await until(f"the first ImportJob is {state}", is_made, seconds=PATIENCE)
    body = await stage.kube.get("importjobs", NAME)
    await stage.kube.delete("importjobs", NAME)
    made = Mould.of(body)
    await stage.cloud.forget(made.job_id)
    return made


def finished_id(index: int) -> str:
    """The id of a job that the cloud has forgotten, as it does some time after the end of an import."""
    return f"job-finished{index:014d}"


def name_of(index: int) -> str:
    return f"import-{index:05d}"
