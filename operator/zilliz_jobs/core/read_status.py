"""Reading a raw status. People can edit it; what was sent must never read as "never sent", and be sent twice.

So all is read leniently but the record of the submission. Where that is damaged, or gone while the rest of the status
still speaks of it, the status is not used at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api.jobstatus import MAX_ATTEMPTS, Attempt, Evidence, JobStatus, Submission
from zilliz_jobs.api.jsonbytes import packed, unpacked
from zilliz_jobs.core.ends import mended
from zilliz_jobs.core.highwater import HighWaterMark
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.core.snapshot import attempt_of, handle_of, is_disproved, is_open

LATELY_READ = 256
"""Statuses, of some kilobytes each, that are not parsed again."""

LAST_READ = 16
"""Raw statuses, as they are in the passes that are under way."""

_RECORD = frozenset({"submission", "jobId", "completionTime", "attempts", "steps"})
_TIMES = (("intentTime", "intent_time"), ("cloudTime", "cloud_time"))
_WITH_HANDLE = frozenset({Evidence.ANSWERED, Evidence.MARKER, Evidence.INFERRED, Evidence.ADOPTED})


class RecordError(ValueError):
    """Nothing may be done for the object until a person has looked. The message names fields and ids, and no other
    value."""


class SetBackError(RecordError):
    """The status tells less than it did before: it was removed, edited, or brought back from an older copy."""


@dataclass(frozen=True)
class Known:
    """What this process knows of an object, whatever its status says. `ids`: what it has in the cloud."""

    ids: frozenset[str] = field(default_factory=frozenset)
    mark: HighWaterMark | None = None


NOTHING_KNOWN = Known()


def read_status(raw: dict[str, Any], known: Known = NOTHING_KNOWN) -> JobStatus:
    """The status. Raises RecordError where it cannot tell what was submitted; SetBackError where it tells less than
    is known."""
    if known.ids and not _tells(raw):
        raise SetBackError(f"status tells of no submission, although there was one{_named(known)}")
    status = _LATELY.read(raw)
    if known.mark is not None and (lack := known.mark.shortfall(status)):
        raise SetBackError(f"{lack}{_named(known)}")
    if status.completion_time is None and (problem := _doubt(raw, status)):
        raise RecordError(problem)
    if status.reason == Reason.RECORD_UNREADABLE:  # said by us, and mended since
        status = status.but(reason=None, message=None)
    return status


def _named(known: Known) -> str:
    return f": {first_of(sorted(known.ids))}" if known.ids else ""


class _Lately:
    """The statuses that were read or stored last, by their JSON: around one pass the same one is read several times,
    which takes ten times as long as finding it here. Objects are not changed in place, so of the last few not even
    the JSON is made again."""

    def __init__(self) -> None:
        self._kept: dict[bytes, JobStatus] = {}
        self._last: dict[int, tuple[dict[str, Any], JobStatus]] = {}
        """By identity, which is of this value for as long as the value is here."""

    def read(self, raw: dict[str, Any]) -> JobStatus:
        if (last := self._last.get(id(raw))) is not None:
            return last[1]
        text = packed(raw)
        status = self._kept.pop(text, None)
        return self._keep(raw, text, _parsed(text) if status is None else status)

    def stored(self, raw: dict[str, Any], status: JobStatus) -> None:
        self._keep(raw, packed(raw), status)

    def _keep(self, raw: dict[str, Any], text: bytes, status: JobStatus) -> JobStatus:
        self._kept[text] = status  # the newest stands last
        if len(self._kept) > LATELY_READ:
            del self._kept[next(iter(self._kept))]
        self._last[id(raw)] = raw, status
        if len(self._last) > LAST_READ:
            del self._last[next(iter(self._last))]
        return status


_LATELY = _Lately()


def was_stored(raw: dict[str, Any], status: JobStatus) -> None:
    """`status` was written, and is stored as `raw`, which is its JSON form: so it is not parsed again. What `decide`
    makes reads as it was written."""
    _LATELY.stored(raw, status)


def _parsed(text: bytes) -> JobStatus:
    """The status, with what can be told from the rest of it where a part is gone."""
    raw = unpacked(text)
    try:
        status = JobStatus.model_validate(raw)
    except ValidationError as error:
        places = sorted({tuple(str(part)[:40] for part in e["loc"]) for e in error.errors(include_input=False)})
        broken = {place[0] for place in places if place}
        if hurt := [place for place in places if place and place[0] in _RECORD]:
            raise RecordError(f"status.{'.'.join(hurt[0])} cannot be read") from None
        status = JobStatus.model_validate({name: value for name, value in raw.items() if name not in broken})
    status = mended(status)
    if status.completion_time is not None:
        return status
    if raw.get("completionTime") is not None:
        raise RecordError("status.completionTime is no time")
    return _with_job(_with_row(status))


def _with_row(status: JobStatus) -> JobStatus:
    """The attempts, where somebody cut them, with a row for the one that the record is of. How many of them were
    automatic is not known then: as many as can have been, so that none is made too many."""
    record, current = status.submission, attempt_of(status)
    if record is None or record.attempt <= current.number:
        return status
    row = Attempt(number=record.attempt, job_id=status.job_id, automatic=record.attempt - 1)
    return status.but(attempts=[*(status.attempts or []), row][-MAX_ATTEMPTS:])


def _with_job(status: JobStatus) -> JobStatus:
    """A job id without its record, since somebody removed that, is a job all the same, though not proven ours."""
    last = status.attempts[-1] if status.attempts else None
    job_id = status.job_id or (last.job_id if last and last.completion_time is None else None)
    if not job_id or handle_of(status):
        return status
    record = status.submission or Submission(attempt=last.number if last else 1)
    record = record.but(handle={"jobId": job_id}, evidence=Evidence.INFERRED)
    return status.but(submission=record, job_id=job_id)


def _doubt(raw: dict[str, Any], status: JobStatus) -> str:
    """Why an unfinished status cannot be relied on, in words; empty where it can."""
    record = status.submission
    if record is None:
        told = any(c.type == "Submitted" and c.status in ("True", "Unknown") for c in status.conditions or [])
        if told and not status.steps:
            return "status.submission is gone, although condition Submitted tells of one"
        if status.state is not None and status.state.finished:
            return f"status.state is {status.state}, but status.completionTime and status.submission are gone"
        return ""
    written = raw.get("submission") or {}  # none where a job id stood without it
    if any(written.get(name) is not None and getattr(record, field) is None for name, field in _TIMES):
        return "a time in status.submission is no time"
    if record.evidence in _WITH_HANDLE and not handle_of(status):
        return f"status.submission.handle is gone, although its evidence is {record.evidence}"
    if is_open(status) and not is_disproved(record) and not record.token:
        return "status.submission.token is gone"
    return ""


def _tells(raw: dict[str, Any]) -> bool:
    """Whether there is a trace of a request, or of its end, in whatever shape."""
    rows = raw.get("attempts")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return any(raw.get(name) for name in ("submission", "jobId", "completionTime", "steps")) or any(
        row.get("jobId") or row.get("completionTime") for row in rows
    )


def is_spoilt(raw: dict[str, Any], known: Known) -> bool:
    try:
        read_status(raw, known)
    except RecordError:
        return True
    return False
