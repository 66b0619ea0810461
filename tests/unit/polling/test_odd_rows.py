"""Lists that are polled, with rows that are none or that tell no id. If these fail, one odd row hides the ends of
jobs, makes the operator call a job lost that runs, or holds up whoever waits for the whole list."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.unit.polling.test_poller import INTERVAL, LIST, Cloud, Controller, FakeAccount, Job, end, until, world

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.cloud.imports import ImportRecord, ImportTarget
from zilliz_jobs.cloud.limiter import Priority
from zilliz_jobs.cloud.listing import Page, PagedList, page_of
from zilliz_jobs.core.observation import Missing, Seen
from zilliz_local.cloud.oddities import answered

pytestmark = pytest.mark.looptime
COUNT = 250  # rows on three pages
SOON = 8.0  # seconds in which a list shows an end; single reads of all jobs take longer


class OddCloud(Cloud):
    """Its pages go over the wire, each with the oddity `odd`."""

    odd = ""

    def paged(self, _target: ImportTarget) -> PagedList[Any]:
        return PagedList(self.page, lambda row: row.job_id, "list", "list imports", "jobId")

    async def page(self, number: int, size: int, rank: Priority = Priority.POLL) -> Page[Any]:
        plain = await super().page(number, size, rank)
        rows = [{"jobId": row["id"], "collectionName": "films", "state": str(row["state"])} for row in plain.rows]
        body = answered([self.odd] if self.odd else [], 200, {"code": 0, "data": {"records": rows}}).body
        data = json.loads(body.decode(errors="replace"))["data"]
        return page_of(data, ImportRecord, "records", doing="list imports")


def odd(w: Controller, name: str) -> None:
    """From now on the list is read as this oddity makes it."""
    w.cloud.__class__, w.cloud.odd = OddCloud, name  # type: ignore[attr-defined]
    w.kind.shown = lambda row, *_: Seen(State(row.state), whole=False)  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["row_null", "row_without_id", "rows_twice", "rows_reversed"])
async def test_an_odd_row_costs_itself_and_no_other(name: str) -> None:
    async with world(COUNT) as w:
        odd(w, name)
        await asyncio.sleep(5)
        ended = ["job-1", "job-150", "job-248"]  # one on each page
        end(w, *ended)
        await until(lambda: all(w.of(one) for one in ended), SOON)
        assert all(isinstance(seen, Seen) and seen.state is State.SUCCESSFUL for one in ended for seen in w.of(one))
        assert not w.strangers
        assert Missing() not in [told.seen for told in w.told]


@pytest.mark.parametrize("name", ["broken_ids", "row_without_id"])
async def test_a_job_whose_row_tells_no_id_is_read_by_itself(name: str) -> None:
    """The first one of a page has none for ever; and where no row has one, no job is lost."""
    async with world(COUNT) as w:
        odd(w, name)
        await asyncio.sleep(5)
        end(w, "job-0", "job-100")
        await until(lambda: bool(w.of("job-0") and w.of("job-100")), 2 * INTERVAL)
        assert {told.seen.state for told in w.told if isinstance(told.seen, Seen) and told.name == "job-0"} == {
            State.SUCCESSFUL
        }
        assert Missing() not in [told.seen for told in w.told]
        assert not w.strangers


async def test_a_list_without_one_row_that_can_be_read_makes_nobody_wait_and_is_not_read_without_end() -> None:
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(COUNT)}
        odd(w, "broken_ids")
        account: Any = FakeAccount(w.cloud)
        with pytest.raises(Transient):
            await asyncio.wait_for(w.poller.whole(account, LIST), 10)
        assert w.cloud.calls["list"] <= 4


async def test_who_waits_for_the_whole_list_gets_the_other_rows_and_is_told_how_many_are_not_there() -> None:
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(COUNT)}
        odd(w, "row_null")
        account: Any = FakeAccount(w.cloud)
        listing = await asyncio.wait_for(w.poller.whole(account, LIST), 10)
        assert [row.id for row in listing.rows] == list(w.cloud.jobs)
        assert listing.unreadable == 3, "one on each page"
