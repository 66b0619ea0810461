"""One job object and its surroundings, as values: everything `decide` may know beside the observation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from zilliz_jobs.api.connection import DEFAULT_SETTLE_SECONDS, FirstSubmission
from zilliz_jobs.api.jobspec import Adopt, DeletionPolicy, JobSpec, OnSubmissionUnknown, RetryPolicy
from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, Outcome, RequestStatus, Submission
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason


class RetryRule(StrEnum):
    """Whether a failed job of a kind may be attempted again."""

    NEVER = "Never"
    FREELY = "Freely"  # imports: in place through the console API, else by submitting the same again
    RESUBMIT = "Resubmit"  # only where retryPolicy.resubmit says that a second submission is wanted


@dataclass(frozen=True)
class Traits:
    """What the cloud allows for a kind (documented: job centre page, "cancel" and "retry")."""

    can_cancel: bool = False
    why_no_cancel: Reason = Reason.KIND_HAS_NO_CANCEL
    cancel_needs_console: bool = True
    retry: RetryRule = RetryRule.NEVER
    exact_find: bool = False
    steps: tuple[str, ...] = ()
    """Of a composed kind, in order."""
    by_steps_only: bool = False
    """Whether the steps are the only way. Else they stand for the one call of the console, which is used where the
    connection allows that."""
    cleanup: str = ""
    """The last of them, if it only removes what the others made on the way. Such a kind has neither cancel nor
    retry."""
    only_in_place: bool = False
    """Whether a retry is the console's own or none, as there is no spec to submit again."""


@dataclass(frozen=True)
class Rules:
    """The operator's own figures, all in seconds unless the name says otherwise."""

    fence_seconds: int = 10
    max_sends: int = 3
    missing_grace: int = 600
    poll_min: float = 2.0
    poll_max: float = 30.0
    look_interval: float = 10.0
    unknown_look_interval: float = 120.0
    backoff_base: float = 2.0
    backoff_max: float = 60.0
    recheck: float = 60.0
    cancel_on_delete: int = 120
    look_on_delete: int = 60
    cleanup_seconds: int = 600
    late_looks: tuple[float, ...] = (30, 60, 120, 300, 900, 3600)  # after the last send


@dataclass(frozen=True)
class Link:
    """The connection as far as a job is concerned. `problem`: why the cloud cannot be asked at the moment.
    `key_fingerprint`: of the API key in use; empty where none was read yet. `projects`: ids of those that it sees."""

    problem: Blocked | None = None
    suspended: bool = False
    first_submission: FirstSubmission = FirstSubmission.SUBMIT
    settle_seconds: int = DEFAULT_SETTLE_SECONDS
    console: bool = False
    key_fingerprint: str = ""
    projects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Withdrawn:
    """The job is not wanted any more, if nothing of it was submitted: its run is over, or failed before it."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Snapshot:
    spec: JobSpec | None
    status: JobStatus
    traits: Traits
    created: datetime
    link: Link = field(default_factory=Link)
    spec_error: str = ""
    generation: int = 1
    target: str = ""
    description: str = ""
    has_source: bool = True
    deleting_since: datetime | None = None
    finalizer: bool = False
    cancel_token: str | None = None
    retry_token: str | None = None
    resolve_token: str | None = None
    cancel_asked: str | None = None  # the same two, as the job's row in a JobCenter has them
    retry_asked: str | None = None
    restored: bool = False  # brought back by a backup tool, so perhaps submitted in another life
    tracked: bool = False  # managed by a GitOps tool or Helm
    gate: Blocked | None = None  # why this operator may submit nothing at the moment
    withdrawn: Withdrawn | None = None
    tries: int = 0  # consecutive passes that learnt nothing
    obstacle: str = ""  # what stood in the way last, where the status may not tell it (yet)
    jitter: float = 0.5  # 0..1, fixed per object
    rules: Rules = field(default_factory=Rules)
    clock_set: datetime | None = None  # when the operator's clock was last set anew, by that clock

    @property
    def policy(self) -> RetryPolicy:
        return getattr(self.spec, "retry_policy", None) or RetryPolicy()

    @property
    def adopts(self) -> str | None:
        """The id of the job that the spec says to follow."""
        wanted: Adopt | None = getattr(self.spec, "adopt", None)
        return wanted.job_id if wanted else None

    @property
    def may_retry(self) -> bool:
        """Whether the rules of the kind and the spec allow another attempt at all."""
        match self.traits.retry:
            case RetryRule.NEVER:
                return False
            case RetryRule.FREELY:
                return True
            case RetryRule.RESUBMIT:
                return bool(getattr(self.policy, "resubmit", False))

    @property
    def on_unknown(self) -> OnSubmissionUnknown:
        return self.policy.on_submission_unknown or OnSubmissionUnknown.WAIT

    @property
    def resubmissions(self) -> int:
        """How many automatic attempts may follow in all where one is submitted again because its fate is unknown."""
        return 1 if self.policy.limit is None else self.policy.limit

    @property
    def cancels_on_delete(self) -> bool:
        return getattr(self.spec, "deletion_policy", None) is DeletionPolicy.CANCEL

    @property
    def settle(self) -> timedelta:
        """How long a look-up may say Absent no earlier than: the fence of a paused sender, and the cloud's delay."""
        return timedelta(seconds=self.rules.fence_seconds + self.link.settle_seconds)


def counted(s: Snapshot, since: datetime | None, now: datetime) -> datetime:
    """From when a wait that began at `since` counts: from now where the clock was set since then, as nobody knows how
    much of the wait is over. Too long a wait costs time, too short a one may submit a job twice."""
    if since is None or (s.clock_set is not None and since < s.clock_set):
        return now
    return min(since, now)


def attempt_of(status: JobStatus) -> Attempt:
    """The current attempt; the first one exists from the start."""
    return status.attempts[-1] if status.attempts else Attempt(number=1)


def handle_of(status: JobStatus) -> dict[str, str]:
    return (status.submission.handle if status.submission else None) or {}


def step_of(status: JobStatus) -> str:
    """The step whose submission the status records."""
    return status.submission.step if status.submission else SUBMIT_STEP


def is_open(status: JobStatus) -> bool:
    """A submission went out, or may have, and nobody knows yet what became of it."""
    return status.submission is not None and not handle_of(status) and not is_disproved(status.submission)


def is_unsent(status: JobStatus) -> bool:
    """Nothing of the current attempt is in the cloud, nor on its way there."""
    return not handle_of(status) and not is_open(status)


def is_disproved(submission: Submission) -> bool:
    """Proven: nothing of this submission reached the cloud, so it may be sent (again)."""
    return submission.evidence in (Evidence.NOT_SENT, Evidence.ABSENT)


def is_requested(request: RequestStatus | None) -> bool:
    """A person asked, and it is not carried out yet."""
    return request is not None and request.outcome is Outcome.REQUESTED


def is_finished(status: JobStatus) -> bool:
    return status.completion_time is not None
