"""The named steps of a job's way at which the operator is killed, told from what it says on the wire. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from zilliz_jobs.api.model import GROUP, VERSION

JOBS = f"/apis/{GROUP}/{VERSION}/namespaces/"
LEASES = "/apis/coordination.k8s.io/"


class Sort(StrEnum):
    """What a request is for."""

    INTENT = "intent"
    HANDLE = "handle"
    STATUS = "status"
    FINALIZER_ON = "finalizer on"
    FINALIZER_OFF = "finalizer off"
    SECRET = "secret"
    ROW = "row"
    SUBMIT = "submit"
    CANCEL = "cancel"
    DELETION = "deletion"
    WORKER_MADE = "Job of a worker"
    WORKER_TOLD = "Secret of a worker"
    WORKER_STARTED = "start of a worker"
    WORKER_ENDED = "end of a worker"
    LEASE = "lease"
    WATCH = "watch"
    OTHER = "other"


class Step(StrEnum):
    """`…` of a request means: it arrived, and nothing was done; without: it was done, and not answered."""

    BEFORE_INTENT = "before the intent"
    INTENT_STORED = "intent stored"
    REQUEST_LOST = "request sent, not arrived"
    REQUEST_TAKEN = "request taken, not answered"
    ANSWER_HAD = "answer had, not recorded"
    RECORDED = "answer recorded"
    SECRET_EMPTY = "before the Secret is filled"
    SECRET_FILLED = "Secret filled, not recorded"
    CANCEL_LOST = "cancel sent, not arrived"
    CANCEL_TAKEN = "cancel taken, not answered"
    DELETION_LOST = "deletion of a backup sent, not arrived"
    DELETION_TAKEN = "deletion of a backup taken, not answered"
    ROW_WANTED = "before a row is made"
    ROW_MADE = "row made, not filled"
    FINALIZER_WANTED = "before the finalizer"
    FINALIZER_SET = "finalizer set"
    FINALIZER_KEPT = "before the finalizer goes"
    FINALIZER_GONE = "finalizer gone"
    JOB_WANTED = "before the Job of a worker is made"
    JOB_MADE = "Job of a worker made, not answered"
    CONFIG_WANTED = "before the Secret of a worker is made"
    CONFIG_MADE = "Secret of a worker made, not answered"
    START_LOST = "start of a worker sent, not arrived"
    STARTED = "worker started, not answered"
    END_LOST = "end of a worker sent, not arrived"
    END_TAKEN = "end of a worker taken, not answered"


OF_WORKERS = frozenset(
    {Step.JOB_WANTED, Step.JOB_MADE, Step.CONFIG_WANTED, Step.CONFIG_MADE}
    | {Step.START_LOST, Step.STARTED, Step.END_LOST, Step.END_TAKEN}
)
"""What comes only where there are migrations by VTS."""

AT_RANDOM = "at random"
BEFORE = {
    Sort.INTENT: Step.BEFORE_INTENT,
    Sort.SUBMIT: Step.REQUEST_LOST,
    Sort.HANDLE: Step.ANSWER_HAD,
    Sort.SECRET: Step.SECRET_EMPTY,
    Sort.CANCEL: Step.CANCEL_LOST,
    Sort.DELETION: Step.DELETION_LOST,
    Sort.ROW: Step.ROW_WANTED,
    Sort.FINALIZER_ON: Step.FINALIZER_WANTED,
    Sort.FINALIZER_OFF: Step.FINALIZER_KEPT,
    Sort.WORKER_MADE: Step.JOB_WANTED,
    Sort.WORKER_TOLD: Step.CONFIG_WANTED,
    Sort.WORKER_STARTED: Step.START_LOST,
    Sort.WORKER_ENDED: Step.END_LOST,
}
AFTER = {
    Sort.INTENT: Step.INTENT_STORED,
    Sort.SUBMIT: Step.REQUEST_TAKEN,
    Sort.HANDLE: Step.RECORDED,
    Sort.SECRET: Step.SECRET_FILLED,
    Sort.CANCEL: Step.CANCEL_TAKEN,
    Sort.DELETION: Step.DELETION_TAKEN,
    Sort.ROW: Step.ROW_MADE,
    Sort.FINALIZER_ON: Step.FINALIZER_SET,
    Sort.FINALIZER_OFF: Step.FINALIZER_GONE,
    Sort.WORKER_MADE: Step.JOB_MADE,
    Sort.WORKER_TOLD: Step.CONFIG_MADE,
    Sort.WORKER_STARTED: Step.STARTED,
    Sort.WORKER_ENDED: Step.END_TAKEN,
}


_OF_JOBS = {"POST": Sort.WORKER_MADE, "PATCH": Sort.WORKER_STARTED, "DELETE": Sort.WORKER_ENDED}


@dataclass(frozen=True)
class Intent:
    """A submission that an object was to record. `attempt` is 0 where the write did not name it."""

    token: str
    plural: str
    name: str
    attempt: int = 0
    step: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def sort_at_kube(request: Request) -> Sort:
    if request.query.get("watch", "").lower() in ("true", "1"):
        return Sort.WATCH
    if request.method in ("PUT", "PATCH") and request.path.startswith(LEASES):
        return Sort.LEASE
    if request.method == "POST" and request.path.startswith(JOBS) and request.path.endswith("/projectjobs"):
        return Sort.ROW
    if request.path.startswith("/apis/batch/"):
        return _OF_JOBS.get(request.method, Sort.OTHER)
    if request.method == "POST" and request.path.endswith("/secrets") and _makes_config(request):
        return Sort.WORKER_TOLD
    if request.method != "PATCH":
        return Sort.OTHER
    body = request.json
    if "/secrets/" in request.path:
        return Sort.SECRET if isinstance(body, dict) and body.get("data") else Sort.OTHER
    if not request.path.startswith(JOBS):
        return Sort.OTHER
    if isinstance(body, list):
        return Sort.HANDLE if any(op.get("path") == "/status/submission/token" for op in body) else Sort.STATUS
    if not isinstance(body, dict):
        return Sort.OTHER
    if request.path.endswith("/status"):
        record = (body.get("status") or {}).get("submission") or {}
        return Sort.INTENT if record.get("evidence") == "Sending" else Sort.STATUS
    if "finalizers" in (body.get("metadata") or {}):
        return Sort.FINALIZER_ON if body["metadata"]["finalizers"] else Sort.FINALIZER_OFF
    return Sort.OTHER


def worker_in(request: Request) -> str:
    """The name of the worker's Job, and of its Secret, that a request is about."""
    body = request.json
    made = isinstance(body, dict) and request.method == "POST"
    return str((body.get("metadata") or {}).get("name") or "") if made else request.path.rpartition("/")[2]


def _makes_config(request: Request) -> bool:
    return worker_in(request).startswith("zmg-")


def sort_at_cloud(request: Request) -> Sort:
    """Whatever has an effect carries a token."""
    if request.method == "DELETE" and "/backups/" in request.path:
        return Sort.DELETION
    if request.method != "POST" or not request.headers.get("idempotency-key"):
        return Sort.OTHER
    return Sort.CANCEL if request.path.endswith("/cancel") else Sort.SUBMIT


def intent_in(request: Request) -> Intent | None:
    """The intent that a status write is to store; only one with a new token names it."""
    body = request.json
    record = (body.get("status") or {}).get("submission") if isinstance(body, dict) else None
    if not isinstance(record, dict) or not record.get("token"):
        return None
    parts = request.path.removeprefix(JOBS).split("/")
    plural, name = parts[1], unquote(parts[2])
    return Intent(record["token"], plural, name, record.get("attempt") or 0, record.get("step") or "")


def intent_of(body: dict[str, Any], plural: str) -> list[Intent]:
    """The intents that an object shows, those of earlier steps too."""
    status = body.get("status") or {}
    records = [status.get("submission"), *(row.get("submission") for row in status.get("steps") or [])]
    return [
        Intent(r["token"], plural, body["metadata"]["name"], r.get("attempt") or 1, r.get("step") or "Submit")
        for r in records
        if r and r.get("token")
    ]
