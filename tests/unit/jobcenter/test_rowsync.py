"""Rows that somebody removes while a page of the job centre is written. If these fail, a pass breaks off half-way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.mirroring import Changes, Wanted
from zilliz_jobs.jobcenter.pages import PageRows
from zilliz_jobs.jobcenter.rowsync import RowSync

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


def stored(name: str) -> Body:
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"u-{name}"},
        "spec": {"jobId": name},
        "status": {},
    }


class Cluster:
    """Rows, and a moment at which one of them is removed: `while_read` (details) or `while_written`."""

    def __init__(self, *names: str) -> None:
        self.rows = {name: stored(name) for name in names}
        self.page = PageRows(
            Key(JOB_CENTER.kind, "shop", "page"), "u-page", Key("ZillizConnection", "shop", "default")
        )
        self.page.synced = True
        for body in self.rows.values():
            self.page.note(body)
        self.while_read: Callable[[], None] = lambda: None
        self.while_written: Callable[[], None] = lambda: None
        self.deleted: list[str] = []
        no_owners: Any = type("Owners", (), {"get": lambda *_: None, "resource": lambda *_: None})()
        self.sync: Any = RowSync(None, self, no_owners, self, lambda: NOW)  # type: ignore[arg-type]

    def remove(self, name: str) -> None:
        """As the watch tells it."""
        self.rows.pop(name)
        self.page.known.pop(name)

    # -- the reader of details

    def wants(self, row: JobRow) -> bool:
        return row.state is State.FAILED

    async def read(self, account: object, row: JobRow) -> None:
        self.while_read()

    # -- the writer of rows

    async def change(self, namespace: str, name: str, change: object, body: object = None) -> Body | None:
        self.while_written()
        return self.rows.get(name)

    async def delete(self, namespace: str, name: str, uid: str) -> None:
        self.deleted.append(name)
        self.while_written()

    async def carry_out(self, changes: Changes) -> str:
        told: str = await self.sync.carry_out(stored("page"), self.page, changes, None, {})
        return told


def wanted(name: str, state: State = State.FAILED) -> Wanted:
    return Wanted(name, JobRow(type="Import", id=name, job_id=name, state=state), ("Imports",))


async def test_a_row_that_goes_while_details_are_read_stops_no_other() -> None:
    cluster = Cluster("films", "actors")
    cluster.while_read = lambda: cluster.remove("films") if "films" in cluster.rows else None
    assert await cluster.carry_out(Changes(update=(wanted("films"), wanted("actors")))) == ""
    assert [*cluster.page.known] == ["actors"]


@pytest.mark.parametrize("again", [False, True])
async def test_a_row_that_goes_while_it_is_written_is_made_again_later(again: bool) -> None:
    """Removed and made again by somebody: it is another row, so all rows are listed anew."""
    cluster = Cluster("films")

    def remove() -> None:
        cluster.remove("films")
        if again:
            cluster.rows["films"] = stored("films")

    cluster.while_written = remove
    assert await cluster.carry_out(Changes(update=(wanted("films", State.SUCCESSFUL),))) == ""
    assert cluster.page.known == {}
    assert cluster.page.synced is not again


async def test_a_row_that_went_is_not_deleted_again() -> None:
    cluster = Cluster("films", "actors")
    cluster.while_written = lambda: cluster.remove("actors") if "actors" in cluster.rows else None
    assert await cluster.carry_out(Changes(delete=("films", "actors"))) == ""
    assert cluster.deleted == ["films"]
    assert cluster.page.known == {}
