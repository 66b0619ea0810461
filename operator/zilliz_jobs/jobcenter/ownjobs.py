"""Summaries of all job objects, also finished ones.

They are a source of rows where the cloud has no list of all jobs, and a row whose job belongs to an object shows what
the summary says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from zilliz_jobs.api.jsonbytes import packed, unpacked
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body, Key, connection_key, raw_status
from zilliz_jobs.jobcenter.ownjob import OwnJob, own_of
from zilliz_jobs.kinds.base import AnyKind


@dataclass(slots=True, eq=False)
class _Kept:
    """What the job centre keeps of one job object. `raw`: its summary; `is_old`: the object has changed since;
    `asking`: the rows with requests for its job that were not answered yet."""

    connection: Key
    raw: bytes
    is_old: bool = False
    asking: frozenset[Key] = frozenset()


class OwnJobs:
    """All summaries, as bytes, by uid and by connection.

    A job at work changes far more often than anybody asks for its summary, so that is made anew when it is asked for.
    `body`: the object of this name as it is known, None where it has ended or is not known.
    """

    def __init__(self, kinds: Mapping[str, AnyKind], body: Callable[[Key], Body | None]) -> None:
        self._kinds, self._body = kinds, body
        self._kept: dict[str, _Kept] = {}
        self._of_connection: defaultdict[Key, dict[_Kept, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of all summaries."""
        return sum(len(kept.raw) for kept in self._kept.values())

    def on_upsert(self, body: Body) -> None:
        """A job object was made, changed or seen. Idempotent."""
        kept = self._kept.get(body["metadata"]["uid"])
        if (
            kept is not None
            and not raw_status(body).get("completionTime")
            and kept.connection == connection_key(body)
        ):
            kept.is_old = True
        else:
            self.summary(body)

    def summary(self, body: Body) -> OwnJob | None:
        """Keep and return the summary of a job object as it is; None for an object of another kind. Idempotent."""
        kind = self._kinds.get(body.get("kind", ""))
        if kind is None or not kind.row_type:
            return None
        own, connection = own_of(kind, body), connection_key(body)
        raw = packed(own)
        kept = self._kept.get(own.uid)
        if kept is None:
            kept = self._kept[own.uid] = _Kept(connection, raw)
        elif kept.connection != connection:
            self._unlink(kept)
        kept.connection, kept.raw, kept.is_old = connection, raw, False
        self._of_connection[connection][kept] = None
        return own

    def asks(self, uid: str, row: Key, *, still: bool) -> None:
        """Whether the row has requests for the object's job that were not answered yet. Idempotent."""
        if (kept := self._kept.get(uid)) is not None:
            kept.asking = kept.asking | {row} if still else frozenset()

    def forget(self, uid: str) -> frozenset[Key]:
        """The object is gone; returns the rows with requests for its job. Idempotent."""
        kept = self._kept.pop(uid, None)
        if kept is None:
            return frozenset()
        self._unlink(kept)
        return kept.asking

    def get(self, uid: str) -> OwnJob | None:
        """The summary of the object with this uid, if it is known."""
        kept = self._kept.get(uid)
        return None if kept is None else self._newest(kept)

    def kinds_by_type(self) -> dict[str, AnyKind]:
        """The kinds whose jobs are on the page, by the type that they have there."""
        return {kind.row_type: kind for kind in self._kinds.values() if kind.row_type}

    def resource(self, kind: str) -> Resource | None:
        """The resource of this kind of job object; None for another kind."""
        known = self._kinds.get(kind)
        return known.resource if known else None

    def connections(self) -> list[Key]:
        """The connections of all known objects."""
        return list(self._of_connection)

    def of(self, connection: Key) -> Iterator[OwnJob]:
        """The jobs of one connection that the cloud has or had."""
        for kept in list(self._of_connection.get(connection, ())):
            own = self._newest(kept)
            if own.row:
                yield own

    def _newest(self, kept: _Kept) -> OwnJob:
        own = _unpacked(kept.raw)
        if kept.is_old and (body := self._body(own.key)) is not None and body["metadata"]["uid"] == own.uid:
            own = self.summary(body) or own
        return own

    def _unlink(self, kept: _Kept) -> None:
        del self._of_connection[kept.connection][kept]
        if not self._of_connection[kept.connection]:
            del self._of_connection[kept.connection]


def _unpacked(raw: bytes) -> OwnJob:
    own = OwnJob(*unpacked(raw))
    return own._replace(ids=tuple(own.ids))
