"""Carries out the changes of one page: a few writes at a time, and none for a row that is as it should be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.cloud.errors import CloudError, Transient
from zilliz_jobs.control.objects import Body
from zilliz_jobs.jobcenter.details import DetailReader, Details
from zilliz_jobs.jobcenter.forwarding import requests_taken_over
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.mirroring import Changes, Wanted
from zilliz_jobs.jobcenter.ownjobs import OwnJobs
from zilliz_jobs.jobcenter.pages import PageRows, print_of
from zilliz_jobs.jobcenter.rowreconciler import is_quiet
from zilliz_jobs.jobcenter.rowstatus import detailed, of_row, shown, without
from zilliz_jobs.jobcenter.rowwriter import RowWriter, center_uid
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.objects import Objects

CONCURRENT = 8
READS = 20  # failed imports whose details are read in one pass

Work = Callable[[], Awaitable[None]]
"""A write that has not begun, and may never, since the pass can be cancelled before its turn."""

log = logging.getLogger(__name__)


class RowSync:
    """`now`: the API server's time."""

    def __init__(
        self,
        objects: Objects,
        writer: RowWriter,
        own: OwnJobs,
        reader: DetailReader,
        now: Callable[[], datetime],
    ) -> None:
        self._objects, self._writer, self._own, self._reader, self._now = objects, writer, own, reader, now

    async def know(self, center: Body, page: PageRows) -> dict[str, Body]:
        """List the rows that exist, once after a start, and remove those of an earlier JobCenter of the name, and of
        the shard that it was of before. Returns the rows that were listed; later none. Raises KubeError."""
        if page.synced:
            return {}
        page.known.clear()
        page.read.clear()
        found = {}
        for body in await self._writer.existing(center):
            owner, meta = center_uid(body), body["metadata"]
            stays = self._writer.shard.selects(body) or not is_quiet(body)  # what is asked of a row is not lost
            if owner == page.uid and stays and not meta.get("deletionTimestamp"):
                page.note(body)
                found[meta["name"]] = body
            elif owner is not None:
                await self._writer.delete(meta["namespace"], meta["name"], meta["uid"])
        page.synced = True
        return found

    async def carry_out(
        self, center: Body, page: PageRows, changes: Changes, account: Account, bodies: dict[str, Body]
    ) -> str:
        """Make, change and remove rows. Returns why something could not be written, empty where all was; it may be
        repeated. `bodies`: rows that were just listed, by name."""
        details = await self._details(page, changes, account, bodies)
        works: list[Work] = [partial(self._delete, page, name) for name in changes.delete]
        works += [partial(self._absent, page, name, bodies.get(name)) for name in changes.absent]
        for wanted in changes.update:
            known = page.known.get(wanted.name)
            if known is None:
                continue  # somebody removed it meanwhile; the next pass makes it again
            told = of_row(wanted.row, wanted.sources)
            mark = print_of(told, partial=wanted.partial)
            asks = self._requests_differ(wanted.row, known.requests)
            if known.print != mark or known.kept.lists_without or asks or wanted.name in details:
                more = details.get(wanted.name)
                body = bodies.get(wanted.name)
                works.append(partial(self._update, page, wanted, told, mark, more, asks=asks, body=body))
        works += [partial(self._create, center, page, wanted, details.get(wanted.name)) for wanted in changes.create]
        return await self._all(page, works)

    # -- parts

    async def _all(self, page: PageRows, works: Iterable[Work]) -> str:
        places, problems = asyncio.Semaphore(CONCURRENT), list[str]()

        async def one(work: Work) -> None:
            async with places:
                try:
                    await work()
                except KubeError as error:
                    problems.append(str(error))
                    page.synced = False  # the rows that exist are listed again

        await asyncio.gather(*(one(work) for work in works))
        return min(problems, default="")

    async def _details(
        self, page: PageRows, changes: Changes, account: Account, bodies: dict[str, Body]
    ) -> dict[str, Details]:
        """Read the details of failed imports, the newest first; what cannot be read is tried in a later pass."""
        failed = [one for one in (*changes.create, *changes.update) if self._reader.wants(one.row)]
        page.read &= {one.name for one in failed}
        page.read |= {one.name for one in failed if _has_files(bodies.get(one.name))}
        wanted = [one for one in failed if one.name not in page.read]
        wanted.sort(key=lambda one: (-(one.row.moment.timestamp() if one.row.moment else 0.0), one.row.position))
        found = {}
        for one in wanted[:READS]:
            try:
                details = await self._reader.read(account, one.row)
            except Transient as error:
                log.info("%s: the files of a failed import are not known yet: %s", page.key, error)
                break
            except CloudError as error:
                log.info("%s: the files of a failed import cannot be known: %s", page.key, error)
                details = None
            page.read.add(one.name)
            if details is not None:
                found[one.name] = details
        return found

    def _requests_differ(self, row: JobRow, known: str) -> bool:
        own = self._own.get(row.owner.uid) if row.owner and row.owner.uid else None
        return own is not None and bool(own.requests) and own.requests != known and row.id in (own.row, *own.ids)

    async def _create(self, center: Body, page: PageRows, wanted: Wanted, details: Details | None) -> None:
        told = of_row(wanted.row, wanted.sources)

        def change(row: Body, old: ProjectJobStatus) -> ProjectJobStatus:
            return _with(shown(told, old, _generation(row), self._now()), details)

        body = await self._writer.create(center, wanted.name, wanted.row.id, change)
        page.note(body, print_of(told, partial=False))

    async def _update(
        self,
        page: PageRows,
        wanted: Wanted,
        told: ProjectJobStatus,
        mark: int,
        details: Details | None,
        *,
        asks: bool,
        body: Body | None,
    ) -> None:
        owner = await self._owner(wanted.row) if asks else None

        def change(row: Body, old: ProjectJobStatus) -> ProjectJobStatus:
            new = _with(shown(told, old, _generation(row), self._now(), partial=wanted.partial), details)
            return requests_taken_over(new, owner, row) if owner is not None else new

        stored = await self._writer.change(page.key.namespace, wanted.name, change, body)
        before = page.known.get(wanted.name)
        if stored is None or before is None or stored["metadata"]["uid"] != before.uid:
            page.known.pop(wanted.name, None)  # somebody removed it; the next pass makes it again
            page.synced = stored is None and page.synced
            return
        known = page.note(stored, mark)
        if asks and (own := self._own.get(wanted.row.owner.uid or "") if wanted.row.owner else None):
            page.known[wanted.name] = replace(known, requests=own.requests)  # compared now, whatever was written

    async def _absent(self, page: PageRows, name: str, body: Body | None) -> None:
        def change(row: Body, old: ProjectJobStatus) -> ProjectJobStatus:
            return without(old, _generation(row), self._now())

        stored = await self._writer.change(page.key.namespace, name, change, body)
        if stored is None:
            page.known.pop(name, None)
        else:
            page.note(stored)

    async def _delete(self, page: PageRows, name: str) -> None:
        known = page.known.get(name)
        if known is None:
            return  # somebody was faster
        await self._writer.delete(page.key.namespace, name, known.uid)
        page.known.pop(name, None)
        page.read.discard(name)

    async def _owner(self, row: JobRow) -> Body | None:
        owner = row.owner
        resource = self._own.resource(owner.kind or "") if owner is not None else None
        if owner is None or resource is None:
            return None
        try:
            body = await self._objects.get(resource, owner.namespace or "", owner.name or "")
        except KubeError:
            return None
        return body if body["metadata"]["uid"] == owner.uid else None


def _with(status: ProjectJobStatus, details: Details | None) -> ProjectJobStatus:
    return detailed(status, details.files, details.message, details.end) if details else status


def _has_files(body: Body | None) -> bool:
    return bool(((body or {}).get("status") or {}).get("files"))


def _generation(body: Body) -> int:
    return body["metadata"].get("generation") or 1
