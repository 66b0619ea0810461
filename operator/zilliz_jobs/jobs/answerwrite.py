"""The writes that hold what the cloud answered to a submission: it is recorded nowhere else, so no error ends them.

Two sorts: the answer itself, and the second job of a submission for which another process recorded another result.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from zilliz_jobs.api.jobstatus import MAX_OTHERS, JobStatus
from zilliz_jobs.control.objects import Body, key_of, status_of
from zilliz_jobs.core.snapshot import handle_of
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import Forbidden, HandleConflict, KubeError, NotFound, Unavailable
from zilliz_jobs.kube.persist import Write

log = logging.getLogger(__name__)


class Store(Protocol):
    """What these writes need of the status writer."""

    async def store_handle(self, kind: AnyKind, body: Body, status: JobStatus, token: str) -> Body:
        """As `Statuses.write_handle`."""

    async def store(self, kind: AnyKind, body: Body, status: JobStatus) -> Body:
        """As `Statuses.write`."""

    async def read(self, kind: AnyKind, body: Body) -> Body:
        """The object as it is now. Raises KubeError."""

    def not_stored(self, kind: AnyKind, body: Body, error: KubeError, tries: int) -> None:
        """The answer could not be stored yet: say so."""


@dataclass(frozen=True)
class Patience:
    """How long to try. `seconds`: how many seconds, which may change meanwhile; `since`: from when on; `clock`:
    seconds that never go back; `went`: whether the object is known to be gone."""

    seconds: Callable[[], float]
    since: float
    clock: Callable[[], float]
    went: Callable[[], bool]

    @property
    def is_over(self) -> bool:
        """Whether the time to try has passed. It may be false again, where `seconds` has grown."""
        return self.clock() - self.since >= self.seconds()


@dataclass(frozen=True)
class AnswerWrite(Write[Body | HandleConflict]):
    """Stores what became of a request, whatever the object's version; the conflict where another process recorded a
    result first. Whatever the error, also a missing right or expired credentials, another try is wanted."""

    place: Store
    kind: AnyKind
    body: Body
    status: JobStatus
    token: str
    patience: Patience

    async def once(self) -> Body | HandleConflict:
        try:
            return await self.place.store_handle(self.kind, self.body, self.status, self.token)
        except HandleConflict as conflict:
            return conflict

    def again(self, error: KubeError, tries: int) -> None:
        if isinstance(error, NotFound):
            raise error
        if self.patience.went():
            raise NotFound("cannot store the answer: the object is gone") from error
        self.place.not_stored(self.kind, self.body, error, tries)
        if self.patience.is_over:
            raise error


@dataclass
class SecondJobWrite(Write[Body]):
    """Notes further jobs of a submission beside the one that is recorded. `live`: the object as last read."""

    place: Store
    kind: AnyKind
    live: Body
    ids: frozenset[str]
    patience: Patience
    _is_old: bool = False

    async def once(self) -> Body:
        if self._is_old:
            with contextlib.suppress(Unavailable, Forbidden):  # what was read last may still be the present state
                self.live = await self.place.read(self.kind, self.live)
        self._is_old = True
        current = status_of(self.live)
        record = current.submission
        known = {*handle_of(current).values(), *((record and record.other_handles) or [])}
        new = sorted(self.ids - known)
        if record is None or not new:
            return self.live
        others = [*(record.other_handles or []), *new]
        noted = current.but(submission=record.but(other_handles=others[:MAX_OTHERS]))
        return await self.place.store(self.kind, self.live, noted)

    def again(self, error: KubeError, tries: int) -> None:
        if isinstance(error, NotFound):
            raise error
        log.warning("%s: cannot note the second job yet: %s", key_of(self.live), error)
        if self.patience.is_over:
            raise error
