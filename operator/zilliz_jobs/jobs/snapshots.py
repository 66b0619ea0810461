"""From an object to a snapshot: all that the decision may know of it.

Everything is read leniently, since people can edit every part of an object.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zilliz_jobs.api.backupjob import BackupMark
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import REPEATS_STATE, Evidence, State
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.control.objects import (
    ANNOTATION_MARKS,
    CANCEL,
    FINALIZER,
    RESOLVE,
    RETRY,
    AskedElsewhere,
    Body,
    raw_status,
    status_of,
)
from zilliz_jobs.core.ends import shows_its_end
from zilliz_jobs.core.facts import copies_run
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.read_status import NOTHING_KNOWN, Known
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import MAX_TOKEN
from zilliz_jobs.core.snapshot import Link, Rules, Snapshot, Withdrawn
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.names import MAX_NAME, is_object_name

RESTORED_LABEL = "velero.io/restore-name"
LABEL_MARKS = (
    "app.kubernetes.io/instance",  # what Argo CD marks with unless it is told otherwise, before version 3
    "argocd.argoproj.io/instance",
    "kustomize.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/name",
)


@dataclass(frozen=True)
class Surroundings:
    """The part of a snapshot that does not come from the object, see `Snapshot`. `tries`: passes in a row that
    achieved nothing; `now`: the API server's time."""

    link: Link
    gate: Blocked | None
    tries: int
    rules: Rules
    now: datetime
    asked: AskedElsewhere = (None, None)
    known: Known = NOTHING_KNOWN
    """What is known to have been sent for the object; its status must not tell less."""
    deleting_since: datetime | None = None
    """When this process first knew that the object is being deleted; None: by its deletionTimestamp."""
    withdrawn: Withdrawn | None = None
    obstacle: str = ""
    clock_set: datetime | None = None


def binding(spec: JobSpec | None, known: Known) -> Known:
    """What the object's status must not tell less than. Nothing for one that adopts a job and never went further: no
    request leaves for that, whatever is gone. Its retries are submissions as those of any object. Pure."""
    adopts = getattr(spec, "adopt", None) is not None
    retried = known.mark is not None and known.mark.attempt > 1
    return NOTHING_KNOWN if adopts and not retried else known


def snapshot(kind: AnyKind, body: Body, around: Surroundings) -> Snapshot:
    """Everything that `decide` may know. Pure. Raises RecordError where the record of the submission cannot be read,
    or tells less than was sent."""
    meta = body["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    spec: JobSpec | None = None
    problem = ""
    try:
        parsed = parse_spec(kind.resource, body)
        spec = parsed if isinstance(parsed, JobSpec) else None
    except SpecError as error:
        problem = str(error)
    status = status_of(body, binding(spec, around.known))
    secret = kind.credentials_secret(spec, meta["name"]) if spec is not None and not status.submission else None
    if secret is not None and not is_object_name(secret):  # told before anything is waited for
        spec, problem = None, _bad_secret_name(secret)
    tracked = not (labels.keys().isdisjoint(LABEL_MARKS) and annotations.keys().isdisjoint(ANNOTATION_MARKS))
    return Snapshot(
        spec=spec,
        spec_error=problem,
        status=status,
        traits=kind.traits_of(spec) if spec else kind.traits,
        created=parse_time(meta.get("creationTimestamp")) or around.now,
        link=around.link,
        generation=meta.get("generation") or 1,
        target=shown(kind.target(spec)) if spec else "",
        description=shown(kind.description(spec)) if spec else "",
        has_source=kind.has_source(spec) if spec else False,
        deleting_since=around.deleting_since or parse_time(meta.get("deletionTimestamp")),
        finalizer=FINALIZER in (meta.get("finalizers") or []),
        cancel_token=_token(annotations, CANCEL),
        retry_token=_token(annotations, RETRY),
        cancel_asked=around.asked[0],
        retry_asked=around.asked[1],
        resolve_token=_token(annotations, RESOLVE),
        restored=RESTORED_LABEL in labels,
        tracked=tracked or labels.get("app.kubernetes.io/managed-by") == "Helm",
        gate=around.gate,
        withdrawn=around.withdrawn,
        obstacle=around.obstacle,
        clock_set=around.clock_set,
        tries=around.tries,
        jitter=zlib.crc32(str(meta.get("uid", "")).encode()) / 2**32,
        rules=around.rules,
    )


def _bad_secret_name(name: str) -> str:
    shown = name if len(name) <= 63 else f"{name[:30]}...{name[-30:]} ({len(name)} characters)"
    return (
        f"Kubernetes takes no Secret of the name {shown} for the one-time credentials: set credentialsSecretName to "
        f"a name of at most {MAX_NAME} lower-case letters, digits, '-' and '.'"
    )


def _records(status: Body) -> list[Body]:
    """The records of all submissions, also of steps that ended; read leniently, since people can edit a status."""
    steps = status.get("steps")
    rows = [row.get("submission") for row in steps if isinstance(row, dict)] if isinstance(steps, list) else []
    return [record for record in (status.get("submission"), *rows) if isinstance(record, dict)]


def is_settled(body: Body, asked: AskedElsewhere = (None, None)) -> bool:
    """Whether nothing is left to do for the object. Does not parse it: most objects of a big cluster are finished.

    `asked`: the tokens on the ProjectJob of its job.
    """
    meta, status, spec = body["metadata"], raw_status(body), body.get("spec")
    annotations = meta.get("annotations") or {}
    return bool(
        status.get("completionTime")
        and shows_its_end(status)
        and not status.get("resultPending")
        and not copies_run(status.get("result"))
        and not _ends_its_backup(spec, status)
        and not any(record.get("lateLookTime") for record in _records(status))
        and status.get("observedGeneration") == meta.get("generation")
        and not meta.get("deletionTimestamp")
        and FINALIZER not in (meta.get("finalizers") or [])
        and (not isinstance(spec, dict) or spec.get("ttlSecondsAfterFinished") is None)
        and _mirrored(_token(annotations, CANCEL), status.get("cancel"))
        and _mirrored(_token(annotations, RETRY), status.get("retry"))
        and _mirrored(_token(annotations, RESOLVE), status.get("resolution"))
        and _mirrored(asked[0], status.get("cancel"), "elsewhere")
        and _mirrored(asked[1], status.get("retry"), "elsewhere")
    )


def _ends_its_backup(spec: Any, status: Body) -> bool:
    """Whether the backup that the job made is to be deleted, or is being deleted, by the object's own TTL."""
    result = status.get("result")
    result = result if isinstance(result, dict) else {}
    if result.get("backupState") == BackupMark.DELETING and result.get("deletionTime"):
        return True
    record = status.get("submission")
    proven = isinstance(record, dict) and record.get("evidence") == Evidence.ANSWERED
    wanted = isinstance(spec, dict) and spec.get("backupTTLSeconds") is not None
    return bool(
        wanted
        and proven
        and status.get("state") == State.SUCCESSFUL
        and result.get("backupId")
        and result.get("backupState") != BackupMark.DELETED
    )


def _token(annotations: Body, name: str) -> str | None:
    value = annotations.get(name)
    return None if value is None else str(value)


def _mirrored(token: str | None, request: Any, other: str = "annotation") -> bool:
    """Whether the status names the token; `other`: the field that holds it where the last request was another's."""
    if not token:
        return True
    return isinstance(request, dict) and token[:MAX_TOKEN] in (request.get("token"), request.get(other))


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
_WHY = frozenset({"reason", "message", "conditions"})
_RUNNING_WORDS = frozenset({None, "Found", "Adopted"}) | REPEATS_STATE  # None: it only repeats the state


def weigh(old: Body, new: Body) -> str:
    """How much a change of the status matters to a reader. "none": nothing to see; "minor": progress of a job that
    goes on as before, so that a later pass has it too, which nothing promises once the job has ended; "turn": an
    object that is new, or waited for something else, now waits for a submission lock, normally for a moment; "major":
    all else. Pure."""
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not changed - {"estimatedCompletionTime", "lastProgressTime"}:
        return "none"
    words = {old.get("reason"), new.get("reason")}
    goes_on = not new.get("completionTime")
    if goes_on and changed <= _MINOR and words <= _RUNNING_WORDS and _stands(old) == _stands(new):
        return "minor"
    if new.get("reason") == Reason.SUBMISSION_IN_PROGRESS and (not old.get("conditions") or changed <= _WHY):
        return "turn"
    return "major"


def _stands(status: Body) -> list[tuple[Any, Any, Any]]:
    conditions = [c for c in status.get("conditions") or [] if isinstance(c, dict)]
    return [(c.get("type"), c.get("status"), c.get("observedGeneration")) for c in conditions]
