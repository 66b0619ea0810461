"""The summary of a job object, in a few hundred bytes, and the row of a JobCenter that it makes. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from zilliz_jobs.api.jobstatus import State, reason_in
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.api.projectjob import OwnerStatus
from zilliz_jobs.control.jobids import claims_in
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.kinds.base import AnyKind

MAX_TEXT, MAX_WORD, MAX_REASON = 256, 48, 256


class OwnJob(NamedTuple):
    """The summary of one job object. `row`: the id of its present job on the lists, "" before there is one; `ids`:
    all ids of its present job. `start`, `end`: Unix time. `requests`: a text that changes with every outcome of a
    request."""

    kind: str
    namespace: str
    name: str
    uid: str
    type: str
    row: str
    ids: tuple[str, ...]
    job_id: str
    state: str
    cloud_status: str
    reason: str
    message: str
    progress: int | None
    target: str
    description: str
    created_by: str
    start: int | None
    end: int | None
    cluster_id: str
    project_id: str
    region_id: str
    requests: str

    @property
    def key(self) -> Key:
        return Key(self.kind, self.namespace, self.name)

    def owner_in(self, namespace: str) -> OwnerStatus:
        """The reference to the object as a row in this namespace shows it."""
        place = self.name if namespace == self.namespace else f"{self.namespace}/{self.name}"
        return OwnerStatus(
            kind=self.kind,
            name=self.name,
            namespace=self.namespace,
            uid=self.uid,
            reference=f"{self.kind}/{place}",
        )

    @property
    def is_running(self) -> bool:
        """Whether the cloud has its present job, and that has not ended."""
        return bool(self.row) and self.state in ("Pending", "InProgress")


def own_of(kind: AnyKind, body: Body) -> OwnJob:
    """The summary of a job object. Everything is read leniently, since people can edit it. Pure."""
    key, status, spec = key_of(body), _dict(body.get("status")), _dict(body.get("spec"))
    uid = body["metadata"]["uid"]
    submission = _dict(status.get("submission"))
    handle = {k: v for k, v in _dict(submission.get("handle")).items() if isinstance(v, str)}
    job_id = _text(status.get("jobId"))
    composed = bool(status.get("steps")) or _text(submission.get("step")) in kind.traits.steps
    if composed:  # no job of the cloud is the whole of it
        row, ids = uid, ()
    else:
        ids = tuple(dict.fromkeys(name for name in (job_id, *claims_in(handle)) if name))
        known = bool(handle) or bool(job_id)
        row = (handle.get("backupId") or job_id or uid) if known else ""
    where = kind.place(spec, handle)
    return OwnJob(
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        uid=uid,
        type=kind.row_type,
        row=row,
        ids=ids,
        job_id="" if composed else job_id,
        state=_text(status.get("state"), MAX_WORD),
        cloud_status=_text(status.get("cloudStatus"), MAX_WORD),
        reason=_text(reason_in(status), MAX_WORD),
        message=_text(status.get("message"), MAX_REASON),
        progress=_number(status.get("progressPercent")),
        target=_text(status.get("target"), MAX_TEXT),
        description=_text(status.get("description"), MAX_TEXT),
        created_by=_text(status.get("createdBy"), MAX_TEXT),
        start=_seconds(status.get("startTime")),
        end=_seconds(status.get("completionTime")),
        cluster_id=where.cluster_id,
        project_id=where.project_id,
        region_id=where.region_id,
        requests=requests_of(status),
    )


def requests_of(status: Mapping[str, Any]) -> str:
    """A text that changes whenever the token, outcome or time of a request in this status does. Pure."""
    told = [
        (request.get("token"), request.get("outcome"), request.get("time"))
        for request in (_dict(status.get("cancel")), _dict(status.get("retry")))
    ]
    return "" if told == [(None, None, None)] * 2 else f"{hash_of(told):012x}"


def hash_of(value: object) -> int:
    """A hash of 48 bits that is the same in every process."""
    text = json.dumps(value, sort_keys=True, default=str).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest())


def row_of(own: OwnJob, namespace: str) -> JobRow:
    """The job as a row of a JobCenter in this namespace; only for a job that the cloud has. Pure."""
    return JobRow(
        type=own.type,
        id=own.row,
        job_id=own.job_id,
        description=own.description,
        state=State(own.state) if own.state in set(State) else None,
        cloud_status=own.cloud_status,
        progress=own.progress,
        cluster_id=own.cluster_id,
        project_id=own.project_id,
        region_id=own.region_id,
        target=own.target,
        created_by=own.created_by,
        start_time=_moment(own.start),
        end_time=_moment(own.end),
        reason=own.reason,
        message=own.message,
        owner=own.owner_in(namespace),
    )


def owned(row: JobRow, own: OwnJob, namespace: str) -> JobRow:
    """The row with its owner; with the owner's state too, if the job is the owner's present one. Pure."""
    if row.type != own.type or (row.id != own.row and row.id not in own.ids):
        return replace(row, owner=own.owner_in(namespace))
    theirs = row_of(own, namespace)
    return replace(
        row,
        owner=theirs.owner,
        state=theirs.state if theirs.state is not None else row.state,
        progress=own.progress,
        cloud_status=own.cloud_status,
        reason=own.reason,
        message=own.message,
        start_time=theirs.start_time or row.start_time,
        end_time=theirs.end_time,
        job_id=row.job_id or own.job_id,
        description=own.description or row.description,
        target=own.target or row.target,
        created_by=row.created_by or own.created_by,
    )


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, most: int = 128) -> str:
    return shortened(value, most) if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: object) -> int | None:
    moment = parse_time(value)
    return int(moment.timestamp()) if moment else None


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
