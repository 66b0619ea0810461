"""The rows that exist, as a fingerprint of each, so that a page of thousands takes little memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.jobcenter.mirroring import Kept, Memory
from zilliz_jobs.jobcenter.ownjob import hash_of, requests_of
from zilliz_jobs.jobcenter.rowwriter import row_status


@dataclass(frozen=True, slots=True)
class Known:
    """One row that exists. `print`: hash of what the lists told when it was last written; None: compare it again."""

    uid: str
    kept: Kept
    requests: str
    print: int | None = None


@dataclass
class PageRows:
    """The rows of one JobCenter. `synced`: all rows that exist are known."""

    key: Key
    uid: str
    connection: Key
    known: dict[str, Known] = field(default_factory=dict)
    memory: Memory | None = None
    synced: bool = False
    read: set[str] = field(default_factory=set)
    """Names of rows of failed imports whose details were read."""

    def note(self, body: Body, print_: int | None = None) -> Known:
        """A row was stored, or read, like this. Idempotent."""
        meta, status = body["metadata"], row_status(body)
        sources = frozenset(sys.intern(name) for name in status.sources or [])
        kept = Kept(meta["name"], status.state, sources, status.lists_without or 0, status.seen_time)
        known = Known(meta["uid"], kept, requests_of(body.get("status") or {}), print_)
        self.known[meta["name"]] = known
        return known

    def doubt(self, name: str) -> None:
        """The row may be stored otherwise than is known: compare it again."""
        if name in self.known:
            self.known[name] = replace(self.known[name], print=None)


def print_of(told: ProjectJobStatus, *, partial: bool) -> int:
    """The hash of what the lists told of a row."""
    return hash_of([told.wire(), partial])


class Pages:
    """The rows of all JobCenters that were reconciled since the start, in memory."""

    def __init__(self) -> None:
        self._pages: dict[Key, PageRows] = {}

    def __iter__(self) -> Iterator[PageRows]:
        return iter(list(self._pages.values()))

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, key: Key) -> PageRows | None:
        """The rows of this JobCenter, if it was reconciled since the start."""
        return self._pages.get(key)

    def open(self, key: Key, uid: str, connection: Key) -> PageRows:
        """The rows of this JobCenter; new and empty where it was not reconciled yet, or is another one of that
        name."""
        page = self._pages.get(key)
        if page is None or page.uid != uid:
            page = self._pages[key] = PageRows(key, uid, connection)
        page.connection = connection
        return page

    def close(self, key: Key) -> None:
        """Forget the rows; they are listed again at the next pass. Idempotent."""
        self._pages.pop(key, None)
