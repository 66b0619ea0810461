"""What is to be done about one job object: a new status, at most one action, when to look again."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.reasons import Reason


@dataclass(frozen=True)
class Prepare:
    """Gather what a submission needs: Secrets, its submission lock, the baseline. Changes nothing in the cloud.
    Answer: Preparation."""

    step: str


@dataclass(frozen=True)
class Submit:
    """Write the status (it holds the intent), then POST. Answer: SubmitAnswer."""


@dataclass(frozen=True)
class Find:
    """Look for the open submission. Changes nothing. Answer: Look."""


@dataclass(frozen=True)
class LookForLate:
    """Look whether a send that counted as absent, or was given up, had an effect after all. Changes nothing. Answer:
    LateLook."""


@dataclass(frozen=True)
class Observe:
    """Look at the job. Changes nothing. Answer: Reading.

    Not `at_once`: nothing hangs on this look, so it may wait for its turn, or come from a list that shows the job.
    """

    at_once: bool = False


@dataclass(frozen=True)
class Adopt:
    """Read the job of this id, check its type, and that it belongs to no other object. Answer: Seen, Missing,
    Blocked."""

    job_id: str


@dataclass(frozen=True)
class Cancel:
    """Ask the cloud to cancel the job; may be repeated. Answer: CancelAnswer."""


@dataclass(frozen=True)
class Delete:
    """Delete the object itself; its time to live is over."""


@dataclass(frozen=True)
class CheckBackup:
    """Look whether the backup that the job made may be deleted. Changes nothing. Answer: BackupMayEnd, BackupGone,
    BackupStays, Unreadable."""


@dataclass(frozen=True)
class EndBackup:
    """Write the status (it holds the intent), then delete the backup. May be repeated. Answer: DeletionAnswer."""


Action = Prepare | Submit | Find | LookForLate | Observe | Adopt | Cancel | Delete | CheckBackup | EndBackup

SUBMIT_STEP = "Submit"
RETRY_STEP = "Retry"


@dataclass(frozen=True)
class Plan:
    """`look`: seconds until the job is to be looked at again, by whatever means; `wake`: seconds until the next pass
    whatever the cloud shows. None: never. `finalizer`: True adds it before the status is written,
    False removes it after, None leaves it. `note`: worth an event of its own, since no status shows it."""

    status: JobStatus
    action: Action | None = None
    look: float | None = None
    wake: float | None = None
    finalizer: bool | None = None
    note: Reason | None = None

    @property
    def again(self) -> float | None:
        """Seconds until anything is to be done for the object."""
        return min((seconds for seconds in (self.look, self.wake) if seconds is not None), default=None)
