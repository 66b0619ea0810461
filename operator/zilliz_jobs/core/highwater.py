"""The most that the status of an object was ever seen to tell of what was sent for it.

A status only goes forward: an attempt is followed by a later one, what was sent stays recorded until the attempt or
the step ends, and an end stays. One that tells less than it once did was removed, edited, or brought back from an
older copy, and is never submitted from. `read_status` compares with it; nothing here is stored anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from zilliz_jobs.api.jobstatus import Evidence, JobStatus
from zilliz_jobs.core.plan import SUBMIT_STEP

_DISPROVED = frozenset({str(Evidence.NOT_SENT), str(Evidence.ABSENT)})


class HighWaterMark(NamedTuple):
    """`steps`: how many have ended. `sends`: how many are sure to stay recorded under `token`; that one is on its way
    is not, since it may prove never to have left, and then its record goes."""

    attempt: int = 1
    steps: int = 0
    ended: bool = False
    has_job: bool = False
    step: str = SUBMIT_STEP
    token: str = ""
    sends: int = 0
    disproved: bool = False
    on_its_way: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a request went out, or may have, and nobody knows what came of it."""
        return bool(self.token or self.on_its_way) and not (self.has_job or self.ended or self.disproved)

    @property
    def runs(self) -> bool:
        return self.has_job and not self.ended

    @property
    def place(self) -> tuple[int, int]:
        return self.attempt, self.steps

    def shortfall(self, status: JobStatus) -> str:
        """What of this the status does not tell (any more), in words; empty where it tells all, or more."""
        now = mark_in(status)
        if now.attempt < self.attempt:
            return f"status tells of attempt {now.attempt}, although attempt {self.attempt} had begun"
        if now.attempt > self.attempt or now.ended:
            return ""
        if self.ended:
            return "status tells of no end, although one was recorded"
        if now.steps < self.steps:
            return f"status tells of {now.steps} ended steps, although {self.steps} had ended"
        if now.steps > self.steps or now.has_job:
            return ""
        if self.has_job:
            return "status.submission.handle is gone, although the cloud had named the job"
        if not self.token or (self.disproved and now.token and now.step != self.step):
            return ""  # where nothing of one step arrived, the attempt may go another way
        if status.submission is None:
            return f"status.submission is gone, although submission {self.token} was sent"
        if status.submission.token != self.token:
            return f"status.submission.token is another one, although submission {self.token} was sent"
        if status.submission.sends < self.sends:
            return f"status.submission.sends is lower, although {self.token} was sent {self.sends} times"
        return ""


NOTHING_SENT = HighWaterMark()
"""That of an object for which nothing was ever sent."""


def mark_of(raw: Mapping[str, Any], *, own: bool = False) -> HighWaterMark:
    """What a raw status tells; lenient, since people can edit it. `own`: this process wrote it, so it knows of a
    request on its way that nobody else can find never to have left."""
    record, handle = _dict(raw.get("submission")), _dict(_dict(raw.get("submission")).get("handle"))
    rows = [row for row in _list(raw.get("attempts")) if isinstance(row, dict)]
    last = rows[-1] if rows else {}
    evidence, token = record.get("evidence"), record.get("token")
    on_its_way = evidence == Evidence.SENDING and not record.get("lookSince") and not handle
    sends = _number(record.get("sends")) - (1 if on_its_way and not own else 0)
    sure = isinstance(token, str) and bool(token) and sends > 0
    return HighWaterMark(
        attempt=max(1, _number(last.get("number")), _number(record.get("attempt"))),
        steps=len(_list(raw.get("steps"))),
        ended=bool(raw.get("completionTime")),
        has_job=bool(handle),
        step=str(record.get("step") or SUBMIT_STEP),
        token=token if sure and isinstance(token, str) else "",
        sends=sends if sure else 0,
        disproved=evidence in _DISPROVED,
        on_its_way=on_its_way,
    )


def mark_in(status: JobStatus) -> HighWaterMark:
    """`mark_of` what the status is stored as, without writing that down: around every pass it is asked for."""
    record, attempt = status.submission, status.attempts[-1].number if status.attempts else 1
    mark = HighWaterMark(max(1, attempt), len(status.steps or []), ended=status.completion_time is not None)
    if record is None:
        return mark
    on_its_way = record.evidence is Evidence.SENDING and record.look_since is None and not record.handle
    sends = record.sends - (1 if on_its_way else 0)
    sure = bool(record.token) and sends > 0
    return mark._replace(
        attempt=max(mark.attempt, record.attempt),
        has_job=bool(record.handle),
        step=record.step or SUBMIT_STEP,
        token=record.token if sure else "",
        sends=sends if sure else 0,
        disproved=record.evidence in _DISPROVED,
        on_its_way=on_its_way,
    )


def raised(known: HighWaterMark | None, new: HighWaterMark) -> HighWaterMark:
    """What is known after a status was read, perhaps an old or an edited one: it can only add to that. Pure."""
    if known is None or new.place > known.place:
        return new
    return _higher(known, new) if new.place == known.place else known


def _higher(known: HighWaterMark, new: HighWaterMark) -> HighWaterMark:
    ended, has_job = known.ended or new.ended, known.has_job or new.has_job
    another_way = known.disproved and new.token and new.step != known.step
    same = new.token == known.token and new.sends >= known.sends
    newer = new if not known.token or another_way or same else known
    return newer._replace(ended=ended, has_job=has_job)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
