"""What the outside told: answers of the cloud, as closed unions of frozen values.

One union per question. `decide` matches on them; `kinds` make them; `jobs` carries them from one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core.reasons import Reason

Handle = dict[str, str]
"""What the cloud knows a job by: jobId where it gave one, else backupId, clusterId, collection, ..."""

Baseline = dict[str, list[str]]
"""What the cloud showed before a submission; a look-up compares with it. Small and bounded."""


@dataclass(frozen=True)
class Notice:
    """What a person should know about a submission although it goes on: an event, and part of a condition's text."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Nothing:
    """Nothing was learnt yet in this pass."""


# -- how is the job? -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """The job as the cloud shows it. `state` None: a word that nobody knows, kept in `cloud_status`. Not `whole`: it
    was seen on a list, which lacks part of what a read of the job itself tells."""

    state: State | None
    cloud_status: str = ""
    job_id: str = ""
    progress: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    estimated_end: datetime | None = None
    message: str = ""
    reason: Reason | None = None
    created_by: str = ""
    canceling: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    whole: bool = True
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Revived:
    """A list showed a job at work whose end was seen, and a read of the job confirmed it: `seen`."""

    seen: Seen


@dataclass(frozen=True)
class Missing:
    """The cloud answered, and does not know the job."""


@dataclass(frozen=True)
class Unreadable:
    """No answer that tells anything: throttled, down, garbled, key rejected. Says nothing about the job."""

    reason: Reason
    message: str
    retry_after: float | None = None


# -- may it be submitted? --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """All that a submission needs is at hand, and the object has its submission lock."""

    token: str
    holder: str
    baseline: Baseline = field(default_factory=dict)
    cloud_time: datetime | None = None
    credentials_secret: str | None = None
    notices: tuple[Notice, ...] = ()
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    """What is submitted after all, where that is not the step that was to be prepared."""


@dataclass(frozen=True)
class Blocked:
    """Something is missing or busy; nothing was sent. `reason` is one of `reasons`."""

    reason: Reason
    message: str
    retry_after: float | None = None


@dataclass(frozen=True)
class AlreadyDone:
    """What the job is to bring about is so already; there is nothing to submit."""

    message: str


@dataclass(frozen=True)
class Impossible:
    """It cannot be submitted, and waiting does not help."""

    reason: Reason
    message: str


# -- the four answers of a POST that starts work ---------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """`credentials`: what the cloud tells only this once; for a Secret, never for a status. `jobs.credentials` stores
    them before anybody else sees the answer."""

    handle: Handle
    result: dict[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials_stored: bool = False


@dataclass(frozen=True)
class NotSent:
    """Proven: not one byte of the request reached the cloud's application."""

    reason: Reason
    message: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Refused:
    """The cloud said no, so nothing began. `heals`: the same request can succeed later, without an edit. `instead`:
    facts for the record, by which the same request is to be sent once more in another form."""

    reason: Reason
    message: str
    heals: bool = False
    retry_after: float | None = None
    instead: Baseline = field(default_factory=dict)


@dataclass(frozen=True)
class EffectUnknown:
    """The request may have taken effect, or not."""

    message: str


# -- where did the submission go? ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    handle: Handle
    evidence: Evidence
    result: dict[str, Any] = field(default_factory=dict)
    credentials_stored: bool = False
    as_wanted: bool = False
    """What is to be brought about is so, whose doing it ever was."""


@dataclass(frozen=True)
class Absent:
    """A complete look found nothing that could be it."""


@dataclass(frozen=True)
class Undecided:
    """A complete look cannot tell; `message` says why, for people."""

    message: str
    candidates: tuple[Handle, ...] = ()
    """Those of which all that is told fits."""


@dataclass(frozen=True)
class Elsewhere:
    """A complete look shows a state that is neither the one before nor the wanted one: somebody else was at work."""

    message: str
    reason: Reason = Reason.CHANGED_ELSEWHERE


@dataclass(frozen=True)
class LateLook:
    """A look for what an earlier send brought about after all. `found`: the ids of each that fits and is nobody's.
    Not `complete`: it could not be told, so it is to be looked again."""

    found: tuple[tuple[str, ...], ...] = ()
    complete: bool = True


# -- what became of a cancel? ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CancelAccepted:
    pass


@dataclass(frozen=True)
class CancelRefused:
    reason: Reason
    message: str


@dataclass(frozen=True)
class CancelUnclear:
    """No answer that tells anything; a cancel may be repeated. `reason`: where it is the key that is rejected."""

    message: str
    retry_after: float | None = None
    reason: Reason | None = None


# -- what became of the deletion of a backup? ------------------------------------------------------------------------


@dataclass(frozen=True)
class BackupMayEnd:
    """Whole lists show that it is there, and nothing is known to read it."""


@dataclass(frozen=True)
class BackupGone:
    """Proven: the cloud has it no more."""


@dataclass(frozen=True)
class BackupStays:
    """It was not deleted, and why. Not `sent`: no request left, so that an earlier one may still be on its way."""

    reason: Reason
    message: str
    sent: bool = True


@dataclass(frozen=True)
class BackupUnclear:
    """The request may have taken effect, or not; it may be repeated."""

    message: str


Reading = Seen | Missing | Unreadable
Preparation = Prepared | AlreadyDone | Impossible | Blocked
SubmitAnswer = Accepted | NotSent | Refused | EffectUnknown
Look = Found | Absent | Elsewhere | Undecided | Unreadable
CancelAnswer = CancelAccepted | CancelRefused | CancelUnclear
DeletionAnswer = BackupGone | BackupStays | BackupUnclear
Observation = (
    Nothing
    | Reading
    | Revived
    | Preparation
    | SubmitAnswer
    | Look
    | LateLook
    | CancelAnswer
    | BackupMayEnd
    | DeletionAnswer
)
