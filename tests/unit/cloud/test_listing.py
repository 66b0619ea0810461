"""If these fail, a running job is missing from a list, passes for absent, and is submitted a second time."""

import pytest

from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.fields import Id, WireModel, as_count, as_percent, as_share, as_text
from zilliz_jobs.cloud.listing import (
    MAX_PAGES,
    PAGE_SIZE,
    Met,
    Page,
    PagedList,
    page_of,
    pages,
    parsed,
    stable,
    sweep,
)


def same(row: str) -> str:
    return row


def server(rows: list[str], size: int | None = None, cap: int = PAGE_SIZE):
    """Pages of `rows` as a cloud serves them that allows `cap` rows a page and says `size`."""
    asked: list[int] = []

    async def fetch(number: int, wanted: int) -> Page[str]:
        asked.append(number)
        step = min(wanted, cap)
        return Page(rows[(number - 1) * step : number * step], size)

    return fetch, asked


@pytest.mark.parametrize("length", [0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE])
async def test_a_list_is_read_to_its_short_page(length):
    rows = [f"job-{n}" for n in range(length)]
    fetch, asked = server(rows)
    assert await pages(fetch, key=same, listing="list jobs") == rows
    assert asked == list(range(1, length // PAGE_SIZE + 2))


async def test_a_cloud_that_gives_fewer_rows_than_asked_is_still_read_to_the_end():
    rows = [f"job-{n}" for n in range(35)]
    fetch, _ = server(rows, size=10, cap=10)
    assert await pages(fetch, key=same, listing="list jobs") == rows


async def test_rows_that_move_between_pages_are_counted_once():
    page = [f"job-{n}" for n in range(PAGE_SIZE)]

    async def fetch(number: int, size: int) -> Page[str]:
        return Page(page if number == 1 else [page[-1], "job-new"])

    assert await pages(fetch, key=same, listing="list jobs") == [*page, "job-new"]


async def test_a_cloud_that_ignores_the_page_number_is_no_complete_list():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([f"job-{n}" for n in range(PAGE_SIZE)])

    with pytest.raises(Transient, match="cannot list jobs: page 2 repeats"):
        await pages(fetch, key=same, listing="list jobs")


async def test_an_endless_list_ends():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([f"job-{number}-{n}" for n in range(2)], 2)

    with pytest.raises(Transient, match=f"no end after {MAX_PAGES} pages"):
        await pages(fetch, key=same, listing="list jobs")


async def test_a_list_counts_when_two_passes_agree():
    passes = iter([["a"], ["a", "b"], ["b", "a"]])

    async def fetch() -> list[str]:
        return next(passes)

    assert await stable(fetch, key=same) == ["b", "a"]


async def test_a_list_that_never_settles_tells_nothing():
    numbers = iter(range(100))

    async def fetch() -> list[str]:
        return [str(next(numbers))]

    with pytest.raises(Transient, match="changes faster"):
        await stable(fetch, key=same, passes=4)
    assert next(numbers) == 4


class Row(WireModel):
    job_id: Id


@pytest.mark.parametrize(
    ("case", "data", "wanted"),
    [
        ("first key", {"records": [{"jobId": "a"}], "pageSize": 10}, ["a"]),
        ("second key", {"tasks": [{"jobId": 7}]}, ["7"]),
        ("null", {"records": None}, []),
        ("left out and said to be empty", {"count": "0"}, []),
    ],
)
def test_rows_are_found_under_each_documented_key(case, data, wanted):
    assert [row.job_id for row in page_of(data, Row, "records", "tasks", doing="list").rows] == wanted, case


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"count": 3}, {"count": 3, "records": None}, {"records": "x"}, {"records": {}}]
)
def test_a_page_that_is_not_understood_is_an_error_and_not_an_empty_page(data):
    with pytest.raises(ProtocolMismatch, match="cannot list"):
        page_of(data, Row, "records", doing="list")


@pytest.mark.parametrize(
    "bad", [None, {}, "x", [], 7, {"jobId": ""}, {"jobId": None}, {"jobId": "a\ufffd"}, {"jobId": "x" * 257}]
)
async def test_a_row_that_cannot_be_read_costs_itself_and_is_counted(bad):
    """Who follows other rows goes on; who must know that a row is not there is told that this cannot be known."""
    page = page_of({"records": [{"jobId": "a"}, bad, {"jobId": "b"}]}, Row, "records", doing="list")
    assert [row.job_id for row in page.rows] == ["a", "b"]
    assert page.length == 3

    async def fetch(number: int, size: int) -> Page[Row]:
        return page

    with pytest.raises(ProtocolMismatch, match="cannot list jobs: 1 row of the list cannot be read"):
        await pages(fetch, key=lambda row: row.job_id, listing="list jobs")


async def test_a_full_page_of_which_no_row_can_be_read_is_not_the_last():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([None] * PAGE_SIZE) if number == 1 else Page(["job-1"])

    source = PagedList(fetch, same, "", "list jobs")
    found: list[str] = []

    def take(page: Page[str]) -> Met:
        found.extend(page.rows)
        return Met(len(page.rows), page.length - len(page.rows))

    assert await sweep(source, expect=1, take=take, enough=lambda: False) == (2, True)
    assert found == ["job-1"]


async def test_a_list_of_which_no_row_can_ever_be_read_ends():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([None] * PAGE_SIZE)

    with pytest.raises(Transient, match="page 2 repeats"):
        await pages(fetch, key=same, listing="list jobs")


@pytest.mark.parametrize(
    ("told", "length"), [("total", 25), ("total", 30), ("nothing", 10), ("nothing", 25), ("page", 25), ("page", 20)]
)
async def test_a_cloud_that_pays_no_heed_to_the_size_of_a_page_is_read_to_the_end(told, length):
    """It puts ten rows on each page, and does not say so. Else the eleventh reads as a job that does not exist."""
    rows = [f"job-{n}" for n in range(length)]

    async def fetch(number: int, size: int) -> Page[str]:
        shown = rows[(number - 1) * 10 : number * 10]
        return Page(shown, total={"total": length, "page": len(shown)}.get(told))

    assert await pages(fetch, key=same, listing="list jobs") == rows


async def test_a_cloud_without_pages_shows_all_its_rows_on_each():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([f"job-{n}" for n in range(10)])

    assert len(await pages(fetch, key=same, listing="list jobs")) == 10


async def test_a_cloud_that_shows_the_same_few_of_many_rows_is_no_complete_list():
    async def fetch(number: int, size: int) -> Page[str]:
        return Page([f"job-{n}" for n in range(8)], total=40)

    with pytest.raises(Transient, match="page 2 repeats"):
        await pages(fetch, key=same, listing="list jobs")


async def test_a_count_of_more_than_there_is_holds_nothing_up():
    """Some count what the filter left out."""
    rows = [f"job-{n}" for n in range(7)]

    async def fetch(number: int, size: int) -> Page[str]:
        return Page(rows if number == 1 else [], total=900)

    assert await pages(fetch, key=same, listing="list jobs") == rows


def test_a_parse_error_names_fields_and_no_values():
    with pytest.raises(ProtocolMismatch) as error:
        parsed({"jobId": {"password": "hunter2"}}, Row, doing="read x")
    assert "jobId" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "count", "percent"),
    [
        (7, 7, 7), ("7", 7, 7), (99.9, 99, 99), ("99.9", 99, 99), ("100%", 100, 100), (" 5 ", 5, 5), (250, 250, 100),
        (-1, -1, 0), (0, 0, 0), (None, None, None), ("", None, None), ("soon", None, None), (True, None, None),
        (float("nan"), None, None), (float("inf"), None, None),
        ("1e999", None, None), ([], None, None), ({}, None, None),
    ],
)  # fmt: skip
def test_numbers_are_read_in_every_shape(value, count, percent):
    assert as_count(value) == count
    assert as_percent(value) == percent


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (" a ", "a"), (5, "5"), (5.0, "5"), (5.5, ""), (None, ""), (True, ""), ([], ""), (float("nan"), "")],
)
def test_ids_are_read_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "percent"),
    [(0, 0), (0.29, 29), (1, 100), (1.0, 100), ("0.5", 50), (0.999, 99), (45.0, 45), (None, None), ("x", None)],
)
def test_the_share_of_a_v1_import_becomes_percent(value, percent):
    assert as_share(value) == percent
