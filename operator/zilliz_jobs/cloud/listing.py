"""Whole lists, page by page.

A row that is missed reads as a job that does not exist. So a row that cannot be read is counted, and who must know
all rows gets an error in its place; who only follows some of them goes on with the others.

`count` is described both as the overall total and as the rows of this answer. So it never ends a list; but where it
speaks of more rows than were shown, one page more is asked for, since a cloud may put fewer on a page than asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.fields import WireModel, as_count
from zilliz_jobs.core.shortening import first_of

PAGE_SIZE = 100  # documented maximum
DEFAULT_SIZE = 10  # documented
MAX_ROWS = 20_000  # on one page, of a cloud that has no pages; twice what one collection may import at once
MAX_PAGES = 1000
AHEAD = 8  # pages
_Row = TypeVar("_Row")
_Model = TypeVar("_Model", bound=WireModel)


def _as_it_is(raw: Any) -> Any:
    return raw


@dataclass(frozen=True)
class Page(Generic[_Row]):
    """`raws`: the rows as the cloud wrote them. `size`: how many rows the cloud says it puts on a page, None where it
    does not say. `total`: how many rows the cloud speaks of; on this page, or in all. `read`: a row as a value; None
    where not even its id can be read. Whoever knows a row already needs not read it again."""

    raws: list[Any]
    size: int | None = None
    total: int | None = None
    read: Callable[[Any], _Row | None] = _as_it_is

    @property
    def is_short(self) -> bool:
        """Whether the page has fewer rows than the cloud puts on a full one, so that the list may end with it."""
        # A cloud that puts fewer rows on a page than asked says so; its full pages must not pass for short ones.
        return self.length < min(self.size or PAGE_SIZE, PAGE_SIZE)

    @property
    def length(self) -> int:
        """How many rows the cloud sent, those that cannot be read too."""
        return len(self.raws)

    @property
    def rows(self) -> list[_Row]:
        """The rows that can be read."""
        return [row for raw in self.raws if (row := self.read(raw)) is not None]

    def ends(self, met: int) -> bool:
        """Whether the list ends with this page, after so many different rows in all. A cloud that pays no heed to
        the size that was asked for puts ten on a page (documented default)."""
        if not self.length:
            return True
        unasked = self.size is None and self.length == DEFAULT_SIZE
        return self.is_short and not unasked and (self.total or 0) <= met


@dataclass(frozen=True)
class Met:
    """Of the rows of a page: how many were `new` in this reading, and how many could not be read."""

    new: int
    unreadable: int = 0


@dataclass(frozen=True)
class PagedList(Generic[_Row]):
    """One list of the cloud. `fetch(page, size)` counts pages from 1; `key`: a row's id; `route`: whose budget its
    pages count for; `doing`: "list <things>", for messages. `id_name`: the field of a row that has its id."""

    fetch: Callable[[int, int], Awaitable[Page[_Row]]]
    key: Callable[[_Row], str]
    route: str
    doing: str
    id_name: str = ""

    async def rows(self) -> list[_Row]:
        """All rows, in one pass; see `pages`."""
        return await pages(self.fetch, key=self.key, listing=self.doing)


async def pages(
    fetch: Callable[[int, int], Awaitable[Page[_Row]]], *, key: Callable[[_Row], str], listing: str
) -> list[_Row]:
    """All rows, each `key` once, up to and with the first short page. `fetch(page, size)` counts pages from 1.

    `listing`: "list <things>", for messages. Raises what `fetch` raises; ProtocolMismatch where a row cannot be read,
    since it may be any; and Transient when a full page brings nothing new or the list has no end: it changes faster
    than it can be read, or the cloud ignores the page number.
    """
    found: dict[str, _Row] = {}
    unreadable = 0

    def take(page: Page[_Row]) -> Met:
        nonlocal unreadable
        known, rows = len(found), page.rows
        found.update((key(row), row) for row in rows)
        unreadable += page.length - len(rows)
        return Met(len(found) - known, page.length - len(rows))

    await sweep(PagedList(fetch, key, "", listing), expect=1, take=take, enough=lambda: False)
    if unreadable:
        raise ProtocolMismatch(f"cannot {listing}: {rows_in_words(unreadable)} cannot be read")
    return list(found.values())


def rows_in_words(count: int) -> str:
    """The number of rows, for a message."""
    return "1 row of the list" if count == 1 else f"{count} rows of the list"


async def sweep(
    source: PagedList[_Row], *, expect: int, take: Callable[[Page[_Row]], Met], enough: Callable[[], bool]
) -> tuple[int, bool]:
    """Hands every page to `take`, until the list ends or `enough` says so.

    `expect`: how many pages are likely needed. So many are asked for ahead: a cloud that is far away would be asked
    slower than the budget allows if each page waited for the one before. Rows that move between two pages are met
    twice or not at all in this reading, as in any other; the next one meets them. Returns the number of pages, and
    whether the list was read to its end, whatever its pages say of rows that cannot be read. Raises what the list
    raises, and Transient where it has no end or repeats itself.
    """
    asked: dict[int, asyncio.Task[Page[_Row]]] = {}
    met, was_short, was_blank = 0, False, False
    try:
        for number in range(1, MAX_PAGES + 1):
            for wanted in range(number, min(max(number, expect), number + AHEAD - 1) + 1):
                if wanted not in asked:
                    asked[wanted] = asyncio.create_task(_fetch(source, wanted))
            page = await asked[number]
            taken = take(page)
            met += taken.new + taken.unreadable
            if page.ends(met):
                return number, True
            if taken.new == 0 and (was_blank or not taken.unreadable):
                if was_short and (page.total or 0) <= met:
                    return number, True  # ten rows in all, of a cloud that has no pages
                raise Transient(f"cannot {source.doing}: page {number} repeats what was seen before")
            if enough():
                return number, False
            was_short, was_blank = page.is_short, taken.new == 0
            del asked[number]
        raise Transient(f"cannot {source.doing}: no end after {MAX_PAGES} pages")
    finally:
        for task in asked.values():
            task.cancel()
        await asyncio.gather(*asked.values(), return_exceptions=True)


async def _fetch(source: PagedList[_Row], number: int) -> Page[_Row]:
    return await source.fetch(number, PAGE_SIZE)


async def stable(
    fetch: Callable[[], Awaitable[list[_Row]]], *, key: Callable[[_Row], str], listing: str = "list", passes: int = 5
) -> list[_Row]:
    """The list once two passes in a row agree on the set of keys: rows move between pages while others come and go.

    Returns the later of the two. Raises what `fetch` raises, and Transient after `passes` without agreement.
    """
    before: set[str] | None = None
    for _ in range(passes):
        rows = await fetch()
        now = {key(row) for row in rows}
        if now == before:
            return rows
        before = now
    raise Transient(f"cannot {listing}: it changes faster than it can be read")


def page_of(data: Any, model: type[_Model], *keys: str, doing: str) -> Page[_Model]:
    """The page in the data of an answer, its rows under the first of `keys` that is there. A row that is not of the
    model costs no other.

    Raises ProtocolMismatch where there are no rows, unless the cloud says so.
    """
    if not isinstance(data, dict):
        raise ProtocolMismatch(f"cannot {doing}: the answer is no page")
    total = as_count(data.get("count"))
    for name in keys:
        rows = data.get(name)
        if isinstance(rows, list):
            if len(rows) > MAX_ROWS:
                raise ProtocolMismatch(f"cannot {doing}: the answer has {len(rows)} rows on one page")
            return Page(rows, as_count(data.get("pageSize")) or None, total, partial(_row, model))
    told = [data[name] for name in keys if name in data]
    if not any(value is not None for value in told) and (total == 0 or (told and total is None)):
        return Page([])  # null, or left out and said to be empty
    raise ProtocolMismatch(f"cannot {doing}: the answer has no {' or '.join(keys)}")


def _row(model: type[_Model], raw: Any) -> _Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def parsed(data: Any, model: type[_Model], *, doing: str) -> _Model:
    """`data` as the model. Raises ProtocolMismatch, which names the fields and never their values."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in e["loc"]) or "answer" for e in error.errors()})
        raise ProtocolMismatch(f"cannot {doing}: unusable {first_of(fields)}") from None
