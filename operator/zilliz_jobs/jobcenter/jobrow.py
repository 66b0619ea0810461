"""One row of the job-centre page, from whichever list, and the name of the ProjectJob that shows it.

A job is identified by its type and its id. What a list does not tell is empty; where several lists show a job, each
field comes from the list that tells most of jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.projectjob import OwnerStatus

MAX_NAME = 253
MAX_LABEL = 63
HASH = 12  # hex digits

Identity = tuple[str, str]


@dataclass(frozen=True)
class JobRow:
    """`id`: what the lists know the job by; `job_id`: the cloud's id of the job, where it is told. `state` None: the
    cloud's word is unknown. `position`: its place in its list, the first being the newest. `raw`: as the cloud wrote
    it."""

    type: str
    id: str
    job_id: str = ""
    description: str = ""
    state: State | None = None
    cloud_status: str = ""
    progress: int | None = None
    cluster_id: str = ""
    project_id: str = ""
    region_id: str = ""
    target: str = ""
    created_by: str = ""
    create_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    reason: str = ""
    message: str = ""
    owner: OwnerStatus | None = None
    position: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        return self.type, self.id

    @property
    def finished(self) -> bool:
        return self.state is not None and self.state.finished

    @property
    def moment(self) -> datetime | None:
        """The time by which jobs are sorted: the end, else the beginning; None where neither is told."""
        return self.end_time or self.start_time or self.create_time


_STATE = ("state", "cloud_status", "reason", "message")
"""Fields that must come from one list: the state of one with the reason of another would be wrong."""


def merged(rows: Sequence[JobRow]) -> JobRow:
    """One row made of several for the same job, that of the list which tells most first; at least one. Pure."""
    first = rows[0]
    if len(rows) == 1:
        return first
    told = next((row for row in rows if row.state is not None), first)
    changes: dict[str, Any] = {name: getattr(told, name) for name in _STATE}
    for one in fields(JobRow):
        if one.name not in (*_STATE, "position"):
            values = (getattr(row, one.name) for row in rows)
            changes[one.name] = next(
                (value for value in values if value not in ("", None, {})), getattr(first, one.name)
            )
    return replace(first, **changes)


def row_name(center: str, identity: Identity) -> str:
    """The name of the ProjectJob: the same for the same job of the same JobCenter."""
    longest = MAX_NAME - HASH - 1
    cut = center if len(center) <= longest else center[:longest].rstrip("-.")
    parts = identity if cut == center else (*identity, center)  # a name that was cut is no longer unique
    return f"{cut}-{_digest(*parts)}"


def label_of(center: str) -> str:
    """The value of the label that the rows of a JobCenter carry."""
    if len(center) <= MAX_LABEL:
        return center
    return f"{center[: MAX_LABEL - HASH - 1].rstrip('-.')}-{_digest(center)}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:HASH]
