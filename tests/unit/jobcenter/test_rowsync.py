"""Rows that somebody removes while a page of the job centre is written. If these fail, a pass breaks off half-way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.projectjob import OwnerStatus
from zilliz_jobs.cloud.errors import CloudError, Rejected, Transient
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.shard import EVERYTHING
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.mirroring import Changes, Wanted
from zilliz_jobs.jobcenter.pages import PageRows
from zilliz_jobs.jobcenter.rowsync import RowSync
from zilliz_jobs.jobcenter.rowwriter import row_status
from zilliz_jobs.kube.errors import NotFound

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


def stored(name: str) -> Body:
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"u-{name}"},
        "spec": {"jobId": name},
        "status": {},
    }


class Cluster:
    """Rows, and a moment at which one of them is removed: `while_read` (details) or `while_written`."""

    shard = EVERYTHING

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
        self.read_of: list[str] = []
        self.owner: Any = None
        """The job object whose job the rows are of; `said`: what it says by now, None where it is gone."""
        self.said: Body | None = None
        port: Any = self
        owners: Any = type("Owners", (), {"get": lambda *_: self.owner, "resource": lambda *_: BACKUP_JOB})()
        self.sync: Any = RowSync(port, port, owners, port, lambda: NOW)

    def remove(self, name: str) -> None:
        """As the watch tells it."""
        self.rows.pop(name)
        self.page.known.pop(name)

    # -- the reader of job objects

    async def get(self, _resource: object, _namespace: str, name: str) -> Body:
        if self.said is None:
            raise NotFound(f"no {name}")
        return self.said

    # -- the reader of details

    def wants(self, row: JobRow) -> bool:
        return row.state is State.FAILED

    async def read(self, account: object, row: JobRow) -> None:
        self.read_of.append(row.id)
        self.while_read()

    # -- the writer of rows

    async def existing(self, _center: Body) -> list[Body]:
        return list(self.rows.values())

    async def change(self, namespace: str, name: str, change: Any, body: object = None) -> Body | None:
        self.while_written()
        row = self.rows.get(name)
        if row is not None:
            row["status"] = change(row, row_status(row)).wire()
        return row

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


@pytest.mark.parametrize(("error", "later"), [(Transient("busy"), True), (Rejected("no such api", code=1), False)])
async def test_files_that_cannot_be_read_now_are_read_later_and_those_that_never_can_are_not(
    error: CloudError, later: bool
) -> None:
    """And either way the rows themselves are written."""
    cluster = Cluster("films", "actors")

    def fail() -> None:
        raise error

    cluster.while_read = fail
    changes = Changes(update=(wanted("films"), wanted("actors")))
    assert [await cluster.carry_out(changes), await cluster.carry_out(changes)] == ["", ""]
    assert cluster.read_of == (["films", "films"] if later else ["films", "actors"])
    assert [*cluster.page.known] == ["films", "actors"]


@pytest.mark.parametrize("owner", ["there", "gone", "replaced"])
async def test_an_answer_that_was_not_written_into_the_row_is_written_by_the_next_pass(owner: str) -> None:
    """Of this owner only: another object of its name has answered no request of the row."""
    cluster = Cluster("films")
    cluster.owner = SimpleNamespace(uid="u-ours", requests="cancel please", row="films", ids=())
    answer = {"token": "please", "outcome": "Accepted", "reason": "CancelAccepted"}
    uid = "u-new" if owner == "replaced" else "u-ours"
    cluster.said = None if owner == "gone" else {"metadata": {"uid": uid}, "status": {"cancel": answer}}
    ours = OwnerStatus(kind="BackupJob", name="ours", namespace="shop", uid="u-ours")
    one = wanted("films", State.SUCCESSFUL)
    changes = Changes(update=(replace(one, row=replace(one.row, owner=ours)),))
    writes = []
    cluster.while_written = lambda: writes.append("write")
    await cluster.carry_out(changes)
    told = cluster.rows["films"]["status"].get("cancel")
    assert (told is not None) is (owner == "there")
    assert told is None or told["token"] == "please"
    await cluster.carry_out(changes)
    assert writes == ["write"], "compared once, whatever came of it"


async def test_rows_of_an_earlier_job_center_of_the_name_go_and_those_of_people_stay() -> None:
    cluster = Cluster("mine", "earlier", "by hand")
    for name, uid in (("mine", "u-page"), ("earlier", "u-before")):
        owner = {"kind": JOB_CENTER.kind, "uid": uid, "controller": True}
        cluster.rows[name]["metadata"]["ownerReferences"] = [owner]
    cluster.page.synced = False
    assert [*await cluster.sync.know(stored("page"), cluster.page)] == ["mine"]
    assert cluster.deleted == ["earlier"]
    assert [*cluster.page.known] == ["mine"]
