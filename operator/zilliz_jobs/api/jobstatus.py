"""The status of every job kind, with the write-ahead record of its submission.

The schema of a status has no enum, pattern, length, range or format, since one bad word would refuse the whole
write. Whoever builds a status normalises and truncates instead; whoever reads one is lenient.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from zilliz_jobs.api.model import Model, Time

MAX_ATTEMPTS = 10
MAX_MESSAGE = 1024
MAX_NOTICES = 10
MAX_OTHERS = 10
STARTED = (
    "When the cloud started the job; where it does not tell, and of jobs that it gives no id, when the operator "
    "submitted it."
)


class State(StrEnum):
    """The five states of the job centre, and ours for a job whose end the cloud forgot."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"

    @property
    def finished(self) -> bool:
        return self not in (State.PENDING, State.IN_PROGRESS)


REPEATS_STATE = frozenset({"InProgress", "Pending", "Submitting", "Submitted", "Successful"})
"""Reasons that a status leaves out: they say no more than its state. Its conditions have them."""


def reason_in(raw: Mapping[str, Any]) -> str | None:
    """The reason of a raw status; where it is left out, that of its condition Succeeded. Lenient and pure."""
    if (reason := raw.get("reason")) is not None:
        return str(reason)
    rows = raw.get("conditions")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    told = next((row.get("reason") for row in rows if row.get("type") == "Succeeded"), None)
    return told if isinstance(told, str) and told in REPEATS_STATE else None


class Outcome(StrEnum):
    """What became of a request made by annotation."""

    REQUESTED = "Requested"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    REFUSED = "Refused"
    FAILED = "Failed"


class Evidence(StrEnum):
    """What the submission record rests on. The last four come with a handle."""

    SENDING = "Sending"  # written ahead; the answer of the POST is not recorded
    NOT_SENT = "NotSent"  # proven: the request never left
    ABSENT = "Absent"  # proven by look-ups: the cloud did not take it
    REFUSED = "Refused"  # a later send was refused; what became of the earlier ones is open
    UNKNOWN = "Unknown"  # no look-up can tell
    ANSWERED = "Answered"  # the cloud's own answer named the handle
    MARKER = "Marker"  # found again by a mark that only we set
    INFERRED = "Inferred"  # found again by time and shape; not proven ours
    ADOPTED = "Adopted"  # named by a person


def _one_of(enum: type[StrEnum]) -> Any:
    """A word of `enum`; None for any other, so that a status edited by hand still parses."""

    def lenient(value: object) -> StrEnum | None:
        try:
            return enum(str(value))
        except ValueError:
            return None

    return BeforeValidator(lenient)


_WORD = WithJsonSchema({"type": "string"})
StateWord = Annotated[State | None, _one_of(State), _WORD]
OutcomeWord = Annotated[Outcome | None, _one_of(Outcome), _WORD]
EvidenceWord = Annotated[Evidence | None, _one_of(Evidence), _WORD]


class Condition(Model):
    type: str = Field(description="The aspect of the object that this condition reports.")
    status: str = Field(description="True, False or Unknown.")
    reason: str = Field(default="", description="One CamelCase word for programs.")
    message: str = Field(default="", description="One sentence for people.")
    last_transition_time: Time = Field(default=None, description="When the status last changed.")
    observed_generation: int | None = Field(default=None, description="The generation this was set for.")


class Notice(Model):
    reason: str = Field(description="One CamelCase word for programs.")
    message: str = Field(description="One sentence for people.")


class Submission(Model):
    """The write-ahead record: what was about to be sent, written before it was sent."""

    attempt: int = Field(default=1, description="The attempt that this submission belongs to.")
    step: str = Field(default="Submit", description="Submit, or Retry for a retry in place.")
    token: str = Field(default="", description="Unique mark of this submission; sent as Idempotency-Key.")
    holder: str = Field(default="", description="The operator process that wrote the record.")
    intent_time: Time = Field(default=None, description="When the record was written (API server's clock).")
    cloud_time: Time = Field(default=None, description="The cloud's clock at the read before the submission.")
    sends: int = Field(default=0, description="How often the request may have left, this one included.")
    baseline: dict[str, list[str]] | None = Field(
        default=None, description="What the cloud showed before; a look-up compares with it."
    )
    projects: list[str] | None = Field(
        default=None, description="Some projects that the API key saw, which tell the account; never the key."
    )
    evidence: EvidenceWord = Field(default=None, description="What the record rests on by now.")
    handle: dict[str, str] | None = Field(
        default=None, description="What the cloud knows the job by: jobId, backupId, ..."
    )
    credentials_secret: str | None = Field(
        default=None, description="The Secret for the credentials that the cloud tells once, with its answer."
    )
    secret_versions: dict[str, str] | None = Field(
        default=None, description="uid and resourceVersion of each Secret whose values were sent, by its name."
    )
    credentials_stored: bool | None = Field(default=None, description="Whether they are in it.")
    other_handles: list[str] | None = Field(
        default=None,
        description="Further jobs which the cloud named for this submission, or which may be of it; look at them.",
    )
    notices: list[Notice] | None = Field(
        default=None, description="What a person should know about this submission although it goes on."
    )
    late_look_time: Time = Field(
        default=None, description="When to look next whether an earlier send had an effect after all; none: never."
    )
    look_since: Time = Field(default=None, description="Since when the outcome is being looked up.")
    absent_since: Time = Field(default=None, description="When a look-up first found nothing.")
    name_taken_time: Time = Field(
        default=None, description="When a later send was refused because a name is taken: by an earlier send of ours."
    )
    missing_since: Time = Field(default=None, description="Since when the cloud does not know the job.")
    cancel_time: Time = Field(
        default=None, description="When the cloud answered a cancel that a deadline or a deletion asked for."
    )


class Attempt(Model):
    number: int = Field(description="Counts from 1.")
    job_id: str | None = Field(default=None, description="The cloud's id of the job.")
    state: StateWord = Field(default=None, description="As the state of the object, for this attempt.")
    start_time: Time = Field(default=None, description="When it started; see startTime of the job.")
    completion_time: Time = Field(default=None, description="When it ended.")
    reason: str | None = Field(default=None, description="Why it ended so; one CamelCase word.")
    message: str | None = Field(default=None, description="Why it ended so; a sentence.")
    not_before: Time = Field(default=None, description="It is not submitted before this time (back-off).")
    secret_versions: dict[str, str] | None = Field(
        default=None, description="Of its submission: the Secrets whose values the cloud was given."
    )
    unresolved_since: Time = Field(
        default=None, description="The cloud's clock before the first send whose effect may still come."
    )
    tokens: list[str] | None = Field(
        default=None,
        description="Of a job of several steps, once the attempt is over: by which it marked what it made.",
    )
    automatic: int | None = Field(
        default=None, description="How many automatic retries led here since a person last asked."
    )


class StepStatus(Model):
    """A step of a composed job that has ended; the one at work has its record in `submission`."""

    name: str = Field(description="What the step does.")
    state: StateWord = Field(default=None, description="How it ended; as the state of the object.")
    reason: str | None = Field(default=None, description="Why it ended so; one CamelCase word.")
    message: str | None = Field(default=None, description="Why it ended so; a sentence.")
    completion_time: Time = Field(default=None, description="When it ended.")
    seen_time: Time = Field(default=None, description="When its end was seen (API server's clock).")
    handle: dict[str, str] | None = Field(
        default=None, description="What the cloud knows the step's work by: jobId, backupId, ..."
    )
    submission: Submission | None = Field(default=None, description="The record of its submission.")


class RequestStatus(Model):
    """A request by annotation, mirrored once per token."""

    token: str = Field(description="The annotation's value.")
    annotation: str | None = Field(
        default=None,
        description="Where the request came from the other object of the same job (its ProjectJob, or the object "
        "that owns that): what this object's own annotation said then. It is no new request.",
    )
    elsewhere: str | None = Field(
        default=None,
        description="The last token that came from the other object of the same job, where it is not `token`.",
    )
    time: Time = Field(default=None, description="When the outcome was last changed.")
    outcome: OutcomeWord = Field(default=None, description="Requested, Accepted, Completed, Refused or Failed.")
    reason: str | None = Field(default=None, description="One CamelCase word for programs.")
    message: str | None = Field(default=None, description="One sentence for people.")


class JobStatus(Model):
    """Common to all job kinds; `result` takes the kind's own model in its CRD.

    In memory the reason is always there; as Kubernetes stores it, not where it only repeats the state.
    """

    observed_generation: int | None = Field(default=None, description="The generation that this status is of.")
    state: StateWord = Field(
        default=None,
        description="Pending, InProgress, Successful, Failed or Canceled, as the job centre says; Unknown when the "
        "cloud forgot the job before its end was seen.",
    )
    target: str | None = Field(default=None, description="What the job works on, in one line.")
    job_id: str | None = Field(default=None, description="The cloud's id of the job; empty where it gave none.")
    cloud_status: str | None = Field(default=None, description="The cloud's own word, untouched.")
    progress_percent: int | None = Field(default=None, description="0 to 100.")
    last_progress_time: Time = Field(default=None, description="When the progress last changed.")
    description: str | None = Field(default=None, description="What the job does, in one line.")
    created_by: str | None = Field(default=None, description="Who started the job, where the cloud tells.")
    reason: str | None = Field(
        default=None,
        description="Why the job is in this state; one CamelCase word. Left out while it only repeats the state "
        "(InProgress, Pending, Submitting, Submitted, Successful); the conditions always have it.",
    )
    message: str | None = Field(default=None, description="Why the job is in this state; a sentence.")
    start_time: Time = Field(default=None, description=STARTED)
    completion_time: Time = Field(default=None, description="When the job ended.")
    estimated_completion_time: Time = Field(default=None, description="When it ends if it goes on like this.")
    attempts: list[Attempt] | None = Field(default=None, description="The last ten attempts, the newest last.")
    steps: list[StepStatus] | None = Field(
        default=None, description="The steps that have ended, where a job is made of several."
    )
    cancel: RequestStatus | None = Field(default=None, description="The last cancel request.")
    retry: RequestStatus | None = Field(default=None, description="The last retry request.")
    resolution: RequestStatus | None = Field(default=None, description="The last resolve-submission request.")
    result: dict[str, Any] | None = Field(default=None, description="What the job made.")
    result_pending: bool | None = Field(
        default=None, description="True while the end was seen on a list only, and the result is yet to be read."
    )
    submission: Submission | None = Field(default=None, description="The record of the submission.")
    conditions: list[Condition] | None = Field(
        default=None,
        description="Accepted, Submitted, Succeeded, Finished, Suspended, Overdue, CredentialsAvailable; Ready, "
        "Reconciling, Stalled.",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_reason(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("reason") is None and (reason := reason_in(raw)):
            return {**raw, "reason": reason}
        return raw

    def wire(self) -> dict[str, Any]:
        return _short(super().wire())

    def wire_after(self, before: JobStatus, raw: dict[str, Any]) -> dict[str, Any]:
        """The same as `wire`, where `raw` is the JSON form of the status before: it is taken over where nothing has
        changed, which is cheap to see. `raw` is left as it is."""
        old, new = vars(before), vars(self)
        changed = {name for name in new if new[name] is not old[name] and new[name] != old[name]}
        if not changed:
            return raw
        names = {JSON_NAMES[name] for name in changed}
        told = self.model_dump(mode="json", by_alias=True, exclude_none=True, include=changed)
        return _short({name: value for name, value in raw.items() if name not in names} | told)


JSON_NAMES = {name: field.alias or name for name, field in JobStatus.model_fields.items()}


def _short(raw: dict[str, Any]) -> dict[str, Any]:
    """Without a reason that only repeats the state."""
    if raw.get("reason") in REPEATS_STATE:
        del raw["reason"]
    return raw
