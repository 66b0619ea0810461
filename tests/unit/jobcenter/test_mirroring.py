"""From lists to rows: nothing is lost by a bad list, and nothing flickers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.examples import examples

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.jobcenter.jobrow import JobRow, label_of, merged, row_name
from zilliz_jobs.jobcenter.mirroring import Changes, Counts, Kept, ListReading, Memory, Policy, SourceRows, mirror

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CENTER = "page"


def row(job: str, state: State | None = State.SUCCESSFUL, **more: object) -> JobRow:
    return replace(JobRow(type="Import", id=job, job_id=job, state=state), **more)


def name(job: str, kind: str = "Import") -> str:
    return row_name(CENTER, (kind, job))


def reading(*rows: JobRow, complete: bool = True, source: str = "List") -> ListReading:
    return ListReading((SourceRows(source, rows, complete),))


def applied(changes: Changes, kept: dict[str, Kept], now: datetime) -> dict[str, Kept]:
    """The rows that exist once the changes are carried out."""
    after = {key: one for key, one in kept.items() if key not in changes.delete}
    for one in changes.absent:
        after[one] = replace(after[one], lists_without=1)
    for wanted in (*changes.create, *changes.update):
        old, state = kept.get(wanted.name), wanted.row.state
        seen = old.seen if old and old.state is state and old.seen else now
        after[wanted.name] = Kept(wanted.name, state, frozenset(wanted.sources), 0, seen)
    return after


class Mirrored:
    """A page that is looked at again and again."""

    def __init__(self, **policy: object) -> None:
        self.policy = Policy(**policy)  # type: ignore[arg-type]
        self.kept: dict[str, Kept] = {}
        self.memory: Memory | None = None
        self.now = NOON
        self.changes = Changes()

    def look(self, seen: ListReading) -> set[str]:
        self.changes = mirror(CENTER, seen, self.kept, self.policy, self.now, self.memory)
        self.kept, self.memory = applied(self.changes, self.kept, self.now), self.changes.memory
        self.now += timedelta(minutes=1)
        return set(self.kept)


# -- what leaves the list


def test_a_job_goes_with_the_second_complete_list_without_it() -> None:
    page = Mirrored()
    page.look(reading(row("a"), row("b")))
    assert page.look(reading(row("b"))) == {name("a"), name("b")}
    assert page.look(reading(row("b"))) == {name("b")}


def test_a_job_that_comes_back_starts_anew() -> None:
    page = Mirrored()
    for rows in ([row("a")], [], [row("a")], []):
        assert page.look(reading(*rows)) == {name("a")}


def test_a_list_that_was_not_read_to_its_end_marks_and_removes_nothing() -> None:
    page = Mirrored()
    page.look(reading(row("a"), row("b")))
    for _ in range(5):
        page.look(reading(row("b"), complete=False))
        assert page.kept[name("a")].lists_without == 0


def test_a_list_that_was_not_read_keeps_what_it_alone_told() -> None:
    page = Mirrored(cluster_ids=frozenset({"c"}))
    rich, poor = SourceRows("Rich", (row("a", cluster_id="c"),)), SourceRows("Poor", (row("a"),))
    page.look(ListReading((rich, poor)))
    broken = ListReading((SourceRows("Rich", (), complete=False), poor))
    assert page.look(broken) == {name("a")}, "its cluster is not known at the moment, which is no other cluster"
    assert page.changes.update[0].partial


def test_a_list_that_is_not_asked_any_more_counts_as_empty_when_all_lists_are_known() -> None:
    page = Mirrored()
    page.look(reading(row("a"), source="Imports/gone"))
    assert page.look(ListReading((), closed=False)) == {name("a")}
    page.look(ListReading(()))
    assert page.look(ListReading(())) == set()


def test_a_job_of_two_lists_stays_while_one_shows_it() -> None:
    page = Mirrored()
    both = ListReading((SourceRows("A", (row("a"),)), SourceRows("B", (row("a"),))))
    page.look(both)
    for _ in range(3):
        assert page.look(ListReading((SourceRows("A", (row("a"),)), SourceRows("B")))) == {name("a")}


# -- filters and retention


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ({}, {"run", "done", "bad", "odd"}),
        ({"types": frozenset({"Import"})}, {"run", "done", "bad", "odd"}),
        ({"types": frozenset({"Backup"})}, set()),
        ({"states": frozenset({"Failed", "InProgress"})}, {"run", "bad"}),
        ({"cluster_ids": frozenset({"c1"})}, {"done"}),
    ],
)
def test_filters(policy: dict[str, object], shown: set[str]) -> None:
    rows = [
        row("run", State.IN_PROGRESS),
        row("done", cluster_id="c1"),
        row("bad", State.FAILED),
        row("odd", None),
    ]
    page = Mirrored(**policy)
    assert page.look(reading(*rows)) == {name(job) for job in shown}
    assert page.changes.counts.jobs == len(shown)


def test_what_passes_no_filter_any_more_goes_at_once() -> None:
    page = Mirrored(states=frozenset({"InProgress"}))
    page.look(reading(row("a", State.IN_PROGRESS)))
    assert page.look(reading(row("a"))) == set()


def test_unfinished_jobs_come_first_then_the_newest() -> None:
    old_but_running = row("r", State.IN_PROGRESS, start_time=NOON - 100 * HOUR)
    ended = [row(f"e{n}", end_time=NOON - n * HOUR) for n in range(5)]
    page = Mirrored(count=3)
    assert page.look(reading(*ended, old_but_running)) == {name("r"), name("e0"), name("e1")}
    assert page.changes.counts == Counts(jobs=6, shown=3, running=1, failed=0)
    assert page.changes.counts.hidden == 3


def test_age_counts_from_the_end() -> None:
    page = Mirrored(max_age=HOUR)
    rows = [
        row("old", end_time=NOON - 2 * HOUR),
        row("new", start_time=NOON - 9 * HOUR, end_time=NOON),
        row("runs", State.PENDING, start_time=NOON - 9 * HOUR),
    ]
    assert page.look(reading(*rows)) == {name("new"), name("runs")}


def test_the_clouds_clock_may_differ_from_ours() -> None:
    ended = row("a", end_time=NOON - 400 * HOUR)
    here = mirror(CENTER, reading(ended), {}, Policy(), NOON)
    there = mirror(CENTER, reading(ended), {}, Policy(), NOON, skew=-400 * HOUR)
    assert (len(here.create), len(there.create)) == (0, 1)


def test_a_time_at_the_end_of_the_calendar_stops_nothing() -> None:
    first = row("a", end_time=datetime.min.replace(tzinfo=UTC))
    last = row("b", end_time=datetime.max.replace(tzinfo=UTC))
    for skew in (HOUR, -HOUR):
        mirror(CENTER, reading(first, last), {}, Policy(), NOON, skew=skew)


def test_ended_jobs_without_a_time_do_not_take_turns() -> None:
    page, rows = Mirrored(count=2), [row(f"j{n}", position=n) for n in range(5)]
    first = page.look(reading(*rows))
    assert first == {name("j0"), name("j1")}, "the cloud lists the newest first"
    for _ in range(3):
        assert page.look(reading(*rows)) == first
    assert name("new") in page.look(reading(row("new"), *rows)), "what was not in the list before is new"


def test_ended_jobs_without_a_time_age_from_when_they_were_seen() -> None:
    page = Mirrored(max_age=HOUR)
    page.look(reading(row("a")))
    page.now += 2 * HOUR
    assert page.look(reading(row("a"))) == set()
    assert page.look(reading(row("a"))) == set(), "it does not count as new for having been removed"


# -- any lists at all

STATES = [*State, None]


def _drawn(chance: Random) -> JobRow:
    end = NOON - chance.randint(0, 300) * HOUR if chance.random() < 0.8 else None
    number, cluster = chance.randint(0, 12), chance.choice(["", "c1", "c2"])
    return row(f"j{number}", chance.choice(STATES), end_time=end, cluster_id=cluster, position=number)


ROWS = st.sampled_from([_drawn(Random(n)) for n in range(5000)])
"""Of whole rows: to draw each field of each row takes longer than what is tested with it."""
LISTS = st.lists(ROWS, max_size=12).map(tuple)
SOURCES = st.builds(SourceRows, st.sampled_from(["A", "B", "C"]), LISTS, st.booleans())
READINGS = st.builds(ListReading, st.lists(SOURCES, max_size=3, unique_by=lambda s: s.name).map(tuple), st.booleans())
POLICIES = st.builds(
    dict,
    count=st.integers(1, 8),
    max_age=st.sampled_from([HOUR, 168 * HOUR]),
    states=st.sampled_from([frozenset(), frozenset({"Failed", "Pending"})]),
)


@examples(500)
@given(POLICIES, st.lists(READINGS, max_size=6))
def test_any_lists_lead_to_rows_that_hold_the_promises(policy: dict[str, object], looks: list[ListReading]) -> None:
    page = Mirrored(**policy)
    for seen in looks:
        before = dict(page.kept)
        page.look(seen)
        changes = page.changes
        listed = {name(one.id) for source in seen.sources for one in source.rows}
        told = {source.name for source in seen.sources if source.complete}
        for gone in changes.delete:
            if gone in listed:
                continue
            assert before[gone].lists_without == 1, "it went with the first list without it"
            assert seen.closed or before[gone].sources <= told, "a list that was not read removed it"
        for one in changes.absent:
            assert one not in listed
            assert before[one].lists_without == 0
        made = [wanted.name for wanted in (*changes.create, *changes.update)]
        assert len(set(made)) == len(made)
        assert not set(made) & {*changes.delete, *changes.absent}
        assert len(page.kept) == changes.counts.shown
        stays = len(page.kept) - len(made) + sum(wanted.partial for wanted in changes.update)
        assert len(page.kept) <= max(page.policy.count, stays)
        assert 0 <= changes.counts.hidden <= changes.counts.jobs


@examples(500)
@given(POLICIES, READINGS)
def test_the_same_lists_again_change_nothing(policy: dict[str, object], seen: ListReading) -> None:
    page = Mirrored(**policy)
    first = page.look(seen)
    page.now -= timedelta(minutes=1)  # else something may have grown too old
    assert page.look(seen) == first
    assert not page.changes.create
    assert not page.changes.delete
    assert not page.changes.absent


@examples(500)
@given(POLICIES, READINGS, st.randoms())
def test_the_order_of_rows_with_times_does_not_matter(
    policy: dict[str, object], seen: ListReading, chance: object
) -> None:
    def timed(rows: Iterable[JobRow]) -> list[JobRow]:
        unique = {one.id: one for one in rows}.values()
        return [replace(one, end_time=one.end_time or NOON, position=0) for one in unique]

    straight = ListReading(tuple(replace(s, rows=tuple(timed(s.rows))) for s in seen.sources), seen.closed)
    shuffled = []
    for source in straight.sources:
        rows = list(source.rows)
        chance.shuffle(rows)  # type: ignore[attr-defined]
        shuffled.append(replace(source, rows=tuple(rows)))
    assert Mirrored(**policy).look(straight) == Mirrored(**policy).look(ListReading(tuple(shuffled), seen.closed))


# -- names, and rows of several lists


def test_a_job_has_the_same_name_for_ever_and_no_other_job_has_it() -> None:
    assert row_name("page", ("Import", "job-1")) == row_name("page", ("Import", "job-1"))
    assert len({row_name("page", (kind, job)) for kind in ("Import", "Backup") for job in ("a", "b")}) == 4
    assert row_name("page", ("Import", "job-1")).startswith("page-")


def test_long_names_of_job_centers_fit_and_stay_apart() -> None:
    one, other = "a" * 252 + "b", "a" * 252 + "c"
    names = {row_name(center, ("Import", "job-1")) for center in (one, other)}
    labels = {label_of(center) for center in (one, other)}
    assert len(names) == len(labels) == 2
    assert all(len(each) <= 253 for each in names)
    assert all(len(each) <= 63 for each in labels)
    assert label_of("page") == "page"
    assert label_of("a" * 49 + "." + "b" * 100)[49] == "-", "a label may not have two marks beside one another"


def test_the_richer_list_wins_field_by_field_and_the_state_goes_with_its_reason() -> None:
    rich = row("a", State.IN_PROGRESS, reason="InProgress", created_by="ada")
    poor = row("a", State.FAILED, reason="JobFailed", message="disk full", region_id="r1")
    both = merged([rich, poor])
    assert (both.state, both.reason, both.message) == (State.IN_PROGRESS, "InProgress", "")
    assert (both.created_by, both.region_id) == ("ada", "r1")
    assert merged([row("a", None), poor]).state is State.FAILED
