"""Wrong arithmetic would make a slow operator look fast."""

from __future__ import annotations

import pytest
from tools.bench.figures import cdf, flat, lasting, list_floor, number, percentile, single_reads, summary, table
from tools.bench.window import quiet_since


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        pytest.param([5.0], 50, 5.0, id="one value is every percentile"),
        pytest.param([3.0, 1.0, 2.0, 4.0], 50, 2.0, id="the order of the values does not matter"),
        pytest.param([float(n) for n in range(1, 101)], 99, 99.0, id="of a hundred the one before the last"),
        pytest.param([float(n) for n in range(1, 501)], 99, 495.0, id="of five hundred five are above it"),
        pytest.param([1.0, 2.0], 100, 2.0, id="all of them"),
        pytest.param([1.0, 2.0], 0.1, 1.0, id="almost none"),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], percent: float, found: float) -> None:
    assert percentile(values, percent) == found


def test_no_percentile_is_made_up() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
    with pytest.raises(ValueError, match="at most 100"):
        percentile([1.0], 101)
    assert summary([]) == {}


def test_the_floors_are_those_of_the_documented_limits() -> None:
    """50 pages at 20 a second, and 5,000 reads at 20 a second."""
    assert (list_floor(5000), single_reads(5000)) == (2.5, 250.0)
    assert list_floor(1) == list_floor(100) == 0.05


def test_a_staircase_ends_at_all_of_them() -> None:
    assert cdf([2.0, 1.0]) == [(1.0, 0.5), (2.0, 1.0)]


@pytest.mark.parametrize(("scale", "seconds"), [(1, 10.0), (0.1, 10.0), (0.05, 5.0), (0.001, 0.5)])
def test_only_a_mere_try_looks_for_a_shorter_time(scale: float, seconds: float) -> None:
    assert lasting(10, scale) == seconds


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"), (0.0, "0"), (1.0, "1.00"), (2.4912, "2.49"), (0.03312, "0.0331"), (27.573, "27.6"), (110.29, "110"),
        (20000, "20,000"), (1234.5, "1,234"), (None, "-"), ("text", "text"), (0.999, "0.999"), (64, "64"),
    ],
)  # fmt: skip
def test_figures_are_written_as_people_read_them(value: object, written: str) -> None:
    assert number(value) == written


def test_a_table_is_one_in_markdown() -> None:
    assert table(("", "p50"), [("all", 1.5)]) == "|  | p50 |\n| --- | --: |\n| all | 1.50 |"


def test_every_number_of_a_run_can_be_compared_but_not_the_raw_samples() -> None:
    figures = {"a": 1, "b": {"c": 2.5, "d": "word", "e": True, "samples": [1, 2]}}
    assert flat(figures, "x") == {"x.a": 1.0, "x.b.c": 2.5}


def busy(*spans: tuple[float, float], until: float = 20.0) -> list[tuple[float, float]]:
    """Samples of a process that takes a whole core in these spans."""
    moments = [step / 20 for step in range(int(until * 20) + 1)]
    return [(now, sum(max(0.0, min(now, end) - begin) for begin, end in spans)) for now in moments]


@pytest.mark.parametrize(
    ("samples", "quiet"),
    [
        pytest.param(busy((0, 2)), 2.0, id="it starts, and is quiet"),
        pytest.param(busy((0, 2), (4, 5)), 5.0, id="a pause in its work is no quiet"),
        pytest.param(busy((0, 2), (18, 19)), 2.0, id="what comes after the quiet is not asked"),
        pytest.param(busy((0, 20)), None, id="it never rests"),
        pytest.param(busy((0, 17)), None, id="nobody looked for long enough"),
        pytest.param([], None, id="nobody looked"),
    ],
)
def test_quiet_is_told_only_where_it_lasts(samples: list[tuple[float, float]], quiet: float | None) -> None:
    found = quiet_since(samples, window=5.0, share=0.02)
    assert found == (None if quiet is None else pytest.approx(quiet, abs=0.11))
