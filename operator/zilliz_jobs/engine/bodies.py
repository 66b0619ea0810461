"""Reading raw objects: keys, and a snapshot of what the core must know. Lenient, for people can edit everything."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import GROUP, parse_time
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.core.observation import Waits
from zilliz_jobs.core.snapshot import Link, Rules, Snapshot
from zilliz_jobs.kinds.base import AnyKind

Body = dict[str, Any]

FINALIZER = f"{GROUP}/cancel"
CANCEL = f"{GROUP}/cancel-requested"
RETRY = f"{GROUP}/retry-requested"
RESOLVE = f"{GROUP}/resolve-submission"
RESTORED_LABEL = "velero.io/restore-name"
LABEL_MARKS = ("argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
ANNOTATION_MARKS = ("argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name")


class Key(NamedTuple):
    """One object of one kind."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def key_of(body: Body) -> Key:
    meta = body["metadata"]
    return Key(body["kind"], meta["namespace"], meta["name"])


def connection_key(body: Body) -> Key:
    ref = ((body.get("spec") or {}).get("connectionRef") or {}).get("name") or "default"
    return Key("ZillizConnection", body["metadata"]["namespace"], str(ref))


def status_of(body: Body) -> JobStatus:
    """The status; an unusable one counts as empty, but never its submission record alone."""
    raw = body.get("status")
    if not isinstance(raw, dict):
        return JobStatus()
    try:
        return JobStatus.model_validate(raw)
    except ValidationError as error:
        broken = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
        # What cannot be read of the record must not read as "never sent": the parse error goes up.
        if broken & {"submission", "jobId", "completionTime", "attempts"}:
            raise
        return JobStatus.model_validate({name: value for name, value in raw.items() if name not in broken})


@dataclass(frozen=True)
class Surroundings:
    """What a snapshot takes from outside the object."""

    link: Link
    gate: Waits | None
    tries: int
    rules: Rules


def snapshot(kind: AnyKind, body: Body, around: Surroundings) -> Snapshot:
    """Everything `decide` may know. Raises ValidationError where the submission record is unreadable."""
    meta = body["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    spec, problem = None, ""
    try:
        spec = parse_spec(kind.resource, body)
    except SpecError as error:
        problem = str(error)
    tracked = any(m in labels for m in LABEL_MARKS) or any(m in annotations for m in ANNOTATION_MARKS)
    return Snapshot(
        spec=spec,  # type: ignore[arg-type]  # the kind's resource names a JobSpec
        spec_error=problem,
        status=status_of(body),
        traits=kind.traits,
        created=parse_time(meta.get("creationTimestamp")) or datetime.now(UTC),
        link=around.link,
        generation=meta.get("generation") or 1,
        target=kind.target(spec) if spec else "",
        description=kind.description(spec) if spec else "",
        has_source=kind.has_source(spec) if spec else False,
        deleting_since=parse_time(meta.get("deletionTimestamp")),
        finalizer=FINALIZER in (meta.get("finalizers") or []),
        cancel_token=annotations.get(CANCEL),
        retry_token=annotations.get(RETRY),
        resolve_token=annotations.get(RESOLVE),
        restored=RESTORED_LABEL in labels,
        tracked=tracked or labels.get("app.kubernetes.io/managed-by") == "Helm",
        gate=around.gate,
        tries=around.tries,
        jitter=zlib.crc32(str(meta.get("uid", "")).encode()) / 2**32,
        rules=around.rules,
    )


def is_settled(body: Body) -> bool:
    """Nothing is left to do for the object, seen without parsing it: most objects of a big cluster are finished."""
    meta, status = body["metadata"], body.get("status") or {}
    annotations = meta.get("annotations") or {}
    return bool(
        status.get("completionTime")
        and status.get("observedGeneration") == meta.get("generation")
        and not meta.get("deletionTimestamp")
        and FINALIZER not in (meta.get("finalizers") or [])
        and (body.get("spec") or {}).get("ttlSecondsAfterFinished") is None
        and _mirrored(annotations.get(CANCEL), status.get("cancel"))
        and _mirrored(annotations.get(RETRY), status.get("retry"))
        and _mirrored(annotations.get(RESOLVE), status.get("resolution"))
    )


def _mirrored(token: str | None, request: Any) -> bool:
    if not token:
        return True
    return isinstance(request, dict) and request.get("token") == token[:256]


def slim(body: Body) -> Body:
    """The body without what the operator never reads; it is kept for every unfinished object."""
    meta = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    annotations = meta.get("annotations") or {}
    if "kubectl.kubernetes.io/last-applied-configuration" in annotations:
        meta["annotations"] = {k: v for k, v in annotations.items() if not k.endswith("last-applied-configuration")}
    return {**body, "metadata": meta}


# -- is a change of status worth a write? ----------------------------------------------------------------------------

_MINOR = frozenset(
    {
        "progressPercent",
        "cloudStatus",
        "lastProgressTime",
        "estimatedCompletionTime",
        "startTime",
        "createdBy",
        "result",
        "reason",
        "message",
        "conditions",
        "attempts",
    }
)
_RUNNING_WORDS = frozenset({"Submitted", "Found", "Adopted", "Pending", "InProgress"})


def weigh(old: Body, new: Body) -> str:
    """ "none": a reader sees the same; "minor": progress of a job that goes on as it did; "major": all else."""
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not changed - {"estimatedCompletionTime", "lastProgressTime"}:
        return "none"
    words = {old.get("reason"), new.get("reason")}
    if changed <= _MINOR and words <= _RUNNING_WORDS and _stands(old) == _stands(new):
        return "minor"
    return "major"


def _stands(status: Body) -> list[tuple[Any, Any, Any]]:
    conditions = status.get("conditions") or []
    return [(c.get("type"), c.get("status"), c.get("observedGeneration")) for c in conditions]
