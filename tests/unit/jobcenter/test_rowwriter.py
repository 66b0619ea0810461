"""Writes to a row that others write at the same time. If these fail, a cancel that a person asked for is lost."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.engine.fakes import Crds, Events, ListState

from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import CANCEL, Body
from zilliz_jobs.jobcenter.rowwriter import TRIES, RowWriter
from zilliz_jobs.kube.errors import Conflict, StrictDecoding, Unavailable
from zilliz_jobs.telemetry.metrics import Metrics

ROW: Body = {
    "metadata": {"name": "page-1", "namespace": "ns", "uid": "u1", "resourceVersion": "1"},
    "spec": {"jobCenterRef": {"name": "page"}, "jobId": "job-1"},
    "status": {},
}


class Shelf(ListState):
    """One row, which a person annotates just before so many writes. `other`: another row has the name by now."""

    def __init__(self, *, edits: int = 0, other: bool = False) -> None:
        super().__init__(ROW)
        self._other = other
        self.faults["write"] = [self._annotate] * edits
        self.crds = Crds()
        port: Any = self
        events: Any = Events()
        crds: Any = self.crds
        self.writer = RowWriter(ObjectAccess(port, port, events, crds, Metrics()))

    def _annotate(self) -> None:
        self.edit(annotations={CANCEL: "please"})

    async def delete(self, resource: Any, body: Body) -> None:
        if self._other:
            raise Conflict("the uid is another one")
        await super().delete(resource, body)

    async def change(self, message: str = "it is late") -> Body | None:
        """As the JobCenter's pass does, by the row as it was listed; the message says what else stands in the row."""

        def change(row: Body, old: ProjectJobStatus) -> ProjectJobStatus:
            seen = row["metadata"].get("annotations") or {}
            return old.but(message=f"{message} {seen.get(CANCEL, '')}".strip())

        return await self.writer.change("ns", "page-1", change, ROW)


@pytest.mark.parametrize("edits", [0, 1, TRIES - 1])
async def test_a_change_is_made_again_from_the_row_as_others_left_it(edits: int) -> None:
    shelf = Shelf(edits=edits)
    stored = await shelf.change()
    assert stored is not None
    assert shelf.status["message"] == ("it is late please" if edits else "it is late")


async def test_a_row_that_changes_all_the_time_is_named_and_left_to_the_next_pass() -> None:
    shelf = Shelf(edits=TRIES)
    with pytest.raises(Conflict, match="cannot write the status of ProjectJob ns/page-1: it changes all the time"):
        await shelf.change()
    assert shelf.writes == 0


async def test_a_row_that_is_gone_is_no_error() -> None:
    shelf = Shelf()
    shelf.body = None
    assert await shelf.change() is None


async def test_a_server_that_is_away_is_one() -> None:
    shelf = Shelf()
    shelf.faults["write"] = ["before"]
    with pytest.raises(Unavailable):
        await shelf.change()


async def test_a_crd_that_does_not_know_a_field_is_doubted() -> None:
    """Else the pages stand still, and nothing says that the CRDs are of an earlier release."""
    shelf = Shelf()
    shelf.faults["write"] = [StrictDecoding('unknown field "status.files"')]
    with pytest.raises(StrictDecoding):
        await shelf.change()
    assert shelf.crds.doubts


@pytest.mark.parametrize("other", [True, False])
async def test_only_the_row_that_was_meant_is_removed(other: bool) -> None:
    shelf = Shelf(other=other)
    await shelf.writer.delete("ns", "page-1", "u1")
    assert (shelf.body is None) is not other
