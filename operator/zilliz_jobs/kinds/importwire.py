"""Imports on the wire: a spec to a request of either API generation, and their answers to one set of facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from zilliz_jobs.api.importjob import MAX_LISTED_FILES, ImportJobSpec
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.imports import ImportDetail, ImportProgress, ImportRequest, ImportTarget
from zilliz_jobs.cloud.imports_v1 import ImportProgressV1, ImportRequestV1
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.kinds.answers import estimate

MAX_REASON = 512


def sources(spec: ImportJobSpec) -> list[str]:
    if spec.object_storage:
        return spec.object_storage.urls
    return spec.volume.paths if spec.volume else []


def target_of(spec: ImportJobSpec) -> ImportTarget:
    return ImportTarget(cluster_id=spec.cluster_id, project_id=spec.project_id, region_id=spec.region_id)


def v2_request(spec: ImportJobSpec, secrets: Mapping[str, str]) -> ImportRequest:
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
    """One import, whichever API told of it."""

    state: State | None
    cloud_status: str
    progress: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    message: str = ""
    names: frozenset[str] = frozenset()
    result: dict[str, Any] = field(default_factory=dict)

    def seen(self, job_id: str, start: datetime | None, now: datetime | None) -> Seen:
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
        names=frozenset(f.file_name for f in files if f.file_name),
        result=result,
    )


def facts_v1(progress: ImportProgressV1) -> Facts:
    """The v1 answer has no state word: an error means failed, a completion time without one means completed."""
    if progress.error_message:
        state, word = State.FAILED, "ImportFailed"
    elif progress.complete_time is not None:
        state, word = State.SUCCESSFUL, "ImportCompleted"
    else:
        state, word = State.IN_PROGRESS, "ImportRunning"
    files = progress.details or ((progress,) if progress.file_name else ())
    named = [
        ImportDetail(
            file_name=f.file_name,
            file_size=f.file_size,
            state=word,
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
        names=frozenset(f.file_name for f in named if f.file_name),
        result={"files": [_file(f) for f in _failed_first(named)[:MAX_LISTED_FILES]]} if named else {},
    )


def described_by_job(job: Job) -> Facts:
    return Facts(
        state=state_of(job.status),
        cloud_status=job.status,
        progress=job.progress,
        start_time=job.start_time,
        end_time=job.end_time,
        message=job.reason,
    )


def same_files(spec: ImportJobSpec, names: frozenset[str]) -> bool:
    """Whether every file that the cloud names can come from the spec's sources; it may name paths or bare names."""
    paths = [urlsplit(source).path.strip("/") or source for source in sources(spec)]
    return all(any(_is_of(name.strip("/"), path) for path in paths) for name in names)


def _is_of(name: str, source: str) -> bool:
    bare = urlsplit(name).path.strip("/") or name
    return bare == source or source.endswith(f"/{bare}") or bare.endswith(f"/{source}") or f"{source}/" in f"{bare}/"


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
        "reason": f.reason[:MAX_REASON] or None,
    }
    return {name: value for name, value in facts.items() if value is not None}
