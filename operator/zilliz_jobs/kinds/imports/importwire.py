"""Imports on the wire: a spec to a request of either API generation, and their answers to one set of facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from zilliz_jobs.api.importjob import MAX_LISTED_FILES, ImportJobSpec
from zilliz_jobs.api.jobstatus import JobStatus, State
from zilliz_jobs.cloud.azure import BLOB_HOST
from zilliz_jobs.cloud.imports import ImportDetail, ImportProgress, ImportRecord, ImportRequest, ImportTarget
from zilliz_jobs.cloud.imports_v1 import ImportDetailV1, ImportProgressV1, ImportRequestV1, ImportTask
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.snapshot import step_of
from zilliz_jobs.kinds.answers import estimate, same_word

TOKEN_SCHEMES = ("gs://",)
TOKEN_HOSTS = ("storage.cloud.google.com", "storage.googleapis.com", BLOB_HOST)


def sources(spec: ImportJobSpec) -> list[str]:
    """URLs of an object storage, or paths in a volume; empty where an adopted job names none."""
    if spec.object_storage:
        return spec.object_storage.urls
    return spec.volume.paths if spec.volume else []


def takes_token_alone(spec: ImportJobSpec) -> bool:
    """Whether a short-term token opens the storage without the keys: Google's access token, Azure's SAS token."""
    urls = spec.object_storage.urls if spec.object_storage else []
    return bool(urls) and all(url.startswith(TOKEN_SCHEMES) or _host(url).endswith(TOKEN_HOSTS) for url in urls)


def target_of(spec: ImportJobSpec) -> ImportTarget:
    """A cluster, or project and region of an on-demand one (documented)."""
    return ImportTarget(cluster_id=spec.cluster_id, project_id=spec.project_id, region_id=spec.region_id)


def v2_request(spec: ImportJobSpec, secrets: Mapping[str, str]) -> ImportRequest:
    """The body of import/create, v2. `secrets`: values by key; it holds them, and must not be logged."""
    each = [[source] for source in sources(spec)]  # documented: an inner list holds exactly one file or folder
    limit = spec.options.timeout_seconds if spec.options else None
    return ImportRequest(
        cluster_id=spec.cluster_id,
        project_id=spec.project_id,
        region_id=spec.region_id,
        db_name=spec.database,
        collection_name=spec.collection,
        partition_name=spec.partition,
        object_urls=each if spec.object_storage else None,
        access_key=secrets.get("accessKey"),
        secret_key=secrets.get("secretKey"),
        token=secrets.get("token"),
        volume_name=spec.volume.name if spec.volume else None,
        data_paths=each if spec.volume else None,
        options={"timeout": f"{limit}s"} if limit else None,
    )


def why_not_v1(spec: ImportJobSpec) -> str:
    """What of the spec the v1 API cannot do; empty when it can do all."""
    problems = [
        what
        for what, present in (
            ("an on-demand target", not spec.cluster_id),
            ("a database", spec.database not in (None, "default")),
            ("a volume", spec.volume is not None),
            ("more than one URL", len(sources(spec)) > 1),
            ("options", spec.options is not None),
        )
        if present
    ]
    return f"the v1 import API takes no {', no '.join(problems)}; use importApi V2" if problems else ""


def v1_request(spec: ImportJobSpec, secrets: Mapping[str, str]) -> ImportRequestV1:
    """The body of the v1 import, for a spec that `why_not_v1` says nothing against. It takes no short-term token."""
    return ImportRequestV1(
        cluster_id=spec.cluster_id or "",
        collection_name=spec.collection,
        partition_name=spec.partition,
        object_url=sources(spec)[0],
        access_key=secrets.get("accessKey"),
        secret_key=secrets.get("secretKey"),
    )


@dataclass(frozen=True)
class Facts:
    """One import, whichever API told of it. `state` None: a word that nobody knows, in `cloud_status`. `progress`:
    percent. Times are the cloud's. `names`: of its files, none where they cannot be told apart. `result`: as the
    status shows it."""

    state: State | None
    cloud_status: str
    progress: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    message: str = ""
    names: frozenset[str] = frozenset()
    result: dict[str, Any] = field(default_factory=dict)

    def seen(self, job_id: str, start: datetime | None, now: datetime | None) -> Seen:
        """The same as an observation of the job. `start`: when it began, where these facts do not tell; `now`: for
        the estimated end, None for none. Both are the cloud's times."""
        start = self.start_time or start
        return Seen(
            state=self.state,
            cloud_status=self.cloud_status,
            job_id=job_id,
            progress=self.progress,
            start_time=start,
            end_time=self.end_time,
            estimated_end=estimate(start, now, self.progress),
            message=self.message,
            result=self.result,
        )


def facts_v2(progress: ImportProgress) -> Facts:
    """The v2 progress. It has no start. The rows of a file are those that were imported, or else all of it; their sum
    is told of a successful import only."""
    state = state_of(progress.state)
    files = progress.details or ((progress,) if progress.file_name else ())
    rows = [f.imported_rows if f.imported_rows is not None else f.total_rows for f in files]
    done = state is State.SUCCESSFUL and any(r is not None for r in rows)
    result: dict[str, Any] = {"importedRows": sum(r or 0 for r in rows)} if done else {}
    if files:
        result["files"] = [_file(f) for f in _failed_first(files)[:MAX_LISTED_FILES]]
    return Facts(
        state=state,
        cloud_status=progress.state,
        progress=progress.progress,
        end_time=progress.complete_time if state is not None and state.finished else None,
        message=_why(progress.reason, files) if state is State.FAILED else "",
        names=_names(files),
        result=result,
    )


def facts_v1(progress: ImportProgressV1) -> Facts:
    """The v1 answer has no state word: an error means failed, a completion time without one means completed."""
    files = progress.details or ((progress,) if progress.file_name else ())
    word = _word_v1(progress)
    if word == "ImportCompleted" and any(f.error_message for f in files):
        word = "ImportFailed"
    state = state_of(word)
    named = [
        ImportDetail(
            file_name=f.file_name,
            file_size=f.file_size,
            state=_word_v1(f),
            progress=f.ready_percentage,
            reason=f.error_message,
        )
        for f in files
    ]
    return Facts(
        state=state,
        cloud_status=word,
        progress=progress.ready_percentage,
        end_time=progress.complete_time,
        message=_why(progress.error_message, named) if state is State.FAILED else "",
        names=_names(named),
        result={"files": [_file(f) for f in _failed_first(named)[:MAX_LISTED_FILES]]} if named else {},
    )


def _names(files: Any) -> frozenset[str]:
    """The files' names; none where one answer names several, since a comma can be part of a name too."""
    names = frozenset(f.file_name for f in files if f.file_name)
    return frozenset() if len(names) == 1 and "," in next(iter(names)) else names


def _word_v1(progress: ImportDetailV1) -> str:
    if progress.error_message:
        return "ImportFailed"
    return "ImportRunning" if progress.complete_time is None else "ImportCompleted"


def described_by_job(job: Job) -> Facts:
    """The import as Describe Job tells it: with its start, and without files and rows."""
    return Facts(
        state=state_of(job.status),
        cloud_status=job.status,
        progress=job.progress,
        start_time=job.start_time,
        end_time=job.end_time,
        message=job.reason,
    )


def on_list(row: ImportRecord | ImportTask, status: JobStatus) -> Seen | None:
    """An import as a row of either list shows it. None: the end that a retry in place was asked for, perhaps."""
    state = state_of(row.state)
    if state is State.FAILED and step_of(status) == RETRY_STEP:
        return None
    progress, reason = (row.progress, row.reason) if isinstance(row, ImportRecord) else (None, "")
    return Seen(
        state=state,
        cloud_status=same_word(state, row.state, status),
        job_id=row.job_id,
        progress=progress,
        message=reason if state is State.FAILED else "",
        whole=False,
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _failed_first(files: Any) -> list[ImportDetail]:
    return sorted(files, key=lambda f: state_of(f.state) is not State.FAILED)


def _why(reason: str, files: Any) -> str:
    """The cloud's reason; with the failing file where the reason does not name it already."""
    broken = [f for f in files if f.reason and state_of(f.state) is State.FAILED]
    if not broken:
        return reason
    first = broken[0]
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    text = reason if first.file_name in reason else f"{first.file_name}: {first.reason}"
    return f"{text}{more}"


def _file(f: ImportDetail) -> dict[str, Any]:
    facts = {
        "name": f.file_name or None,
        "sizeBytes": f.file_size,
        "state": f.state or None,
        "progressPercent": f.progress,
        "rows": f.imported_rows if f.imported_rows is not None else f.total_rows,
        "reason": f.reason or None,
    }
    return {name: value for name, value in facts.items() if value is not None}
