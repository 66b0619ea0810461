"""All that is kept in memory of one job object. What belongs to the object goes with its entry."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.jsonbytes import unpacked
from zilliz_jobs.control.objects import AskedElsewhere, Body, Key
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.jobs.standing import Standing
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.polling.tracked import JobNews


@dataclass(frozen=True)
class UnstoredAnswer:
    """An answer of the cloud that is not in the status yet. `body`: the object with the intent, as it was when the
    request left; `intent`: its status then; `status`: what is to be stored."""

    body: Body
    intent: JobStatus
    status: JobStatus


@dataclass(slots=True, eq=False)
class JobEntry:
    """One job object, from its first event until it is gone; an object of the same name that comes later has an entry
    of its own. So whoever had an entry in hand over an await asks the cache whether it still has that very entry.

    There is one for each object of the cluster, so it has slots; of a finished object few are set.
    Times are of the loop's clock unless it says otherwise.
    """

    key: Key
    uid: str
    kind: AnyKind
    version: str = ""
    """metadata.resourceVersion of the newest state that is known; empty: no state counts as newer."""
    standing: Standing | None = None
    """What the metrics count of it."""

    raw: bytes | None = None
    """While it is unfinished: the object as last seen or stored. Bytes take a tenth of the memory of dicts."""
    connection: Key | None = None
    """While it is unfinished: the connection that it refers to."""
    asked: AskedElsewhere = (None, None)
    """The requests on the ProjectJob of its job that were not answered yet."""
    running_job: str | None = None
    """The id of the job that a list shows as running although the object is finished; to be read by the next pass."""

    news: JobNews | None = None
    """What the poll plan saw since the last pass."""
    unreadable: bool = False
    """Whether nothing is done for it, since its status cannot be relied on."""
    obstacle: str = ""
    """What held up the last pass, whether or not the status says so."""

    report_held: bool = False
    """Whether a report about its deletion waits for the answer to a request."""
    report_due: bool = False
    """Whether it went meanwhile."""
    deleting_from: float | None = None
    """By the steady clock: when this process first knew that it is being deleted."""

    unstored: UnstoredAnswer | None = None
    cancel_answer: tuple[object, Observation] | None = None
    """The cloud's answer to a cancel, which could not be stored either, and which cancel that was."""
    written_at: float | None = None
    """By the status writer's clock: when its status was last stored."""
    held_back: bool = False
    """Whether the last pass found what its status does not tell yet: progress soon after other progress, for one."""
    lock_told_from: float | None = None
    """By the status writer's clock: since when its status could say that it waits for a submission lock."""

    as_written: str | None = None
    """The version of it whose status is, field by field, what this process would write for it."""

    searched: tuple[int, str] | None = None
    """The generation of known secrets in which its status was last searched for them, and its version then."""

    concealed: int | None = None
    """The generation of its spec whose secrets are known, so that they are searched for."""

    preparing_from: float | None = None
    """Since when it tries to prepare a submission."""
    line: str | None = None
    """The submission lock in whose queue it waits."""
    turn: str | None = None
    """The submission lock that it was woken to take."""
    awaits: str | None = None
    """What it waits for the end of: jobs under this submission lock, or the object of this name."""

    @property
    def is_unfinished(self) -> bool:
        """Whether something is left to do for it, so that its body is kept."""
        return self.raw is not None

    def is_at(self, version: tuple[str, str]) -> bool:
        """Whether what is kept is of this version, a uid and a resourceVersion."""
        return self.is_unfinished and bool(self.version) and version == (self.uid, self.version)

    def body(self) -> Body | None:
        """A copy of the object as last seen; None where it is finished."""
        body: Body | None = None if self.raw is None else unpacked(self.raw)
        return body

    def settle(self) -> None:
        """Nothing is left to do: keep what a finished object needs. Its place in the queues of submission locks is
        `LockQueue`'s to end, and an answer that is not stored yet stays. Idempotent."""
        self.raw = self.connection = self.news = None
        self.unreadable, self.obstacle = False, ""
        self.written_at = self.lock_told_from = self.preparing_from = None
