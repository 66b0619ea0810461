"""Which backups end. If these fail, a backup is deleted that somebody needs, or none ever is, and each costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.schedules.retention import (
    MAX_DELETIONS,
    BackupLook,
    BackupState,
    Place,
    Retention,
    Scope,
    TrackedBackup,
    choose,
    fits,
    with_surplus,
)

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
CLUSTER = Scope("in01-a")
PLACE = Place("default", "in01-a")
WANTED = frozenset({("backup", CLUSTER)})


def backups(number: int, entry: str = "backup", scope: Scope = CLUSTER, first: int = 0) -> list[TrackedBackup]:
    return [
        TrackedBackup(f"b{day:03}", entry, scope, START + timedelta(days=day)) for day in range(first, first + number)
    ]


def shown(tracked: list[TrackedBackup]) -> dict[Place, BackupLook]:
    ids: dict[Place, set[str]] = {}
    for one in tracked:
        ids.setdefault(one.place, set()).add(one.backup_id)
    return {place: BackupLook(frozenset(names)) for place, names in ids.items()}


def chosen(tracked: list[TrackedBackup], keep: int = 2, **changes: object) -> Retention:
    given = {"looks": shown(tracked), "wanted": WANTED} | changes
    return choose(keep, tracked, **given)  # type: ignore[arg-type]


def ids(found: Retention) -> tuple[str, ...]:
    return tuple(one.backup_id for one in found.delete)


def deleting(one: TrackedBackup) -> TrackedBackup:
    return replace(one, state=BackupState.DELETING, asked=START)


def test_the_newest_stay_and_the_oldest_go_first() -> None:
    found = chosen(backups(5))
    assert (found.keep, ids(found)) == (("b004", "b003"), ("b000", "b001", "b002"))


def test_so_many_go_in_one_pass_and_no_more() -> None:
    found = chosen(backups(40), keep=1)
    assert ids(found) == tuple(f"b{n:03}" for n in range(MAX_DELETIONS))
    assert found.more
    assert not chosen(backups(11), keep=1).more


def test_each_entry_and_each_scope_counts_for_itself() -> None:
    """Velero: the backups of a small namespace push out those of the large one."""
    films = Scope("in01-a", "default", ("films",))
    tracked = backups(3) + backups(3, "films", films, 3) + backups(3, "backup", films, 6)
    wanted = frozenset({("backup", CLUSTER), ("films", films), ("backup", films)})
    assert set(ids(chosen(tracked, wanted=wanted))) == {"b000", "b003", "b006"}


def test_a_cluster_whose_backups_fail_for_a_week_keeps_its_last_ones() -> None:
    other = Scope("in01-b")
    tracked = backups(7, first=10) + backups(2, "other", other)
    found = chosen(tracked, wanted=WANTED | {("other", other)})
    assert set(found.keep) == {"b016", "b015", "b001", "b000"}
    assert set(ids(found)) == {f"b{n:03}" for n in range(10, 15)}


def test_what_is_not_available_does_not_count() -> None:
    """Two kept backups of which one cannot be restored, or was deleted by a person, are one."""
    tracked = backups(4)
    looks = {PLACE: BackupLook(frozenset({"b000", "b001", "b002"}))}
    found = chosen(tracked, looks=looks)
    assert (found.keep, ids(found)) == (("b002", "b001"), ("b000",))


def test_nothing_goes_before_so_many_newer_ones_are_there() -> None:
    assert ids(chosen(backups(2))) == ()
    assert ids(chosen(backups(3), looks={PLACE: BackupLook(frozenset({"b000", "b001"}))})) == ()
    assert ids(chosen(backups(2), keep=1)) == ("b000",)


def test_one_that_is_being_deleted_counts_for_nothing() -> None:
    """It may be gone at any moment. Else the older one beside it goes too, and one is left where two are wanted."""
    tracked = backups(4)
    tracked[3] = deleting(tracked[3])
    found = chosen(tracked)
    assert (found.keep, ids(found)) == (("b002", "b001"), ("b000",)), "and it is not asked for again, being newer"


def test_one_that_is_being_deleted_is_asked_for_again_first() -> None:
    tracked = backups(15)
    tracked[12] = deleting(tracked[12])
    found = chosen(tracked)
    assert ids(found)[:2] == ("b012", "b000")
    assert len(found.delete) == MAX_DELETIONS


@pytest.mark.parametrize(
    "looks",
    [
        {},
        {Place("default", "in01-b"): BackupLook(frozenset(f"b{n:03}" for n in range(5)))},
        {Place("other", "in01-a"): BackupLook(frozenset(f"b{n:03}" for n in range(5)))},
        {PLACE: BackupLook(frozenset(f"b{n:03}" for n in range(5)), problem="it says two things of b001")},
    ],
)
def test_nothing_goes_by_a_list_that_is_not_there_or_cannot_be_used(looks: dict[Place, BackupLook]) -> None:
    found = chosen(backups(5), looks=looks)
    assert (found.keep, ids(found)) == ((), ())


def test_one_list_that_cannot_be_read_stops_only_its_own_cluster() -> None:
    other = Scope("in01-b")
    tracked = backups(3) + backups(3, "other", other, 3)
    looks = shown(tracked) | {PLACE: BackupLook(problem="no answer")}
    assert ids(chosen(tracked, looks=looks, wanted=WANTED | {("other", other)})) == ("b003",)


def test_a_backup_that_somebody_reads_stays_and_is_told() -> None:
    found = chosen(backups(5), read=frozenset({"b000", "b002", "b004"}))
    assert ids(found) == ("b001",)
    assert [one.backup_id for one in found.held] == ["b000", "b002"]


def test_an_entry_that_is_renamed_or_changed_deletes_nothing_of_before() -> None:
    """Velero, CNPG: a renamed schedule removes the backups of the old one."""
    films = Scope("in01-a", "default", ("films",))
    assert ids(chosen(backups(5), wanted=frozenset({("nightly", CLUSTER), ("backup", films)}))) == ()


def test_what_the_record_has_no_room_for_stops_all_deletions() -> None:
    entries = frozenset((f"e{n}", CLUSTER) for n in range(3))
    assert (fits(65, entries), fits(66, entries)) == (True, False)
    tracked = backups(100, "e0")
    assert ids(chosen(tracked, keep=66, wanted=entries)) == ()
    assert len(ids(chosen(tracked, keep=65, wanted=entries))) == MAX_DELETIONS


def test_no_list_is_read_while_nothing_can_go() -> None:
    assert not with_surplus(2, backups(2), WANTED)
    assert with_surplus(2, backups(3), WANTED)
    assert not with_surplus(2, backups(3, "gone"), WANTED)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"clusterId": "c"}, {"clusterId": "c", "database": "films"}, True),
        ({"clusterId": "c", "collections": ["b", "a"]}, {"clusterId": "c", "collections": ["a", "b", "a"]}, True),
        (
            {"clusterId": "c", "collections": ["a"]},
            {"clusterId": "c", "database": "default", "collections": ["a"]},
            True,
        ),
        ({"clusterId": "c", "collections": ["a"]}, {"clusterId": "c", "database": "x", "collections": ["a"]}, False),
        ({"clusterId": "c", "collections": ["a"]}, {"clusterId": "c"}, False),
        ({"clusterId": "c"}, {"clusterId": "d"}, False),
    ],
)
def test_what_counts_as_the_same_backup(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    """A database without collections says nothing: the whole cluster is backed up."""
    assert (Scope.of(one) == Scope.of(other)) is same


rows = st.builds(
    lambda day, entry, going: TrackedBackup(
        f"b{day:03}",
        entry,
        CLUSTER,
        START + timedelta(days=day // 2),
        state=BackupState.DELETING if going else BackupState.AVAILABLE,
    ),
    st.integers(0, 40),
    st.sampled_from(["backup", "gone"]),
    st.booleans(),
)


@given(
    st.lists(rows, max_size=30, unique_by=lambda one: one.backup_id),
    st.integers(1, 5),
    st.sets(st.integers(0, 40)),
    st.sets(st.integers(0, 40)),
)
def test_whatever_the_list_lacks_as_many_as_wanted_stay(
    tracked: list[TrackedBackup], keep: int, lacking: set[int], needed: set[int]
) -> None:
    there = {one.backup_id for one in tracked if int(one.backup_id[1:]) not in lacking}
    read = frozenset(f"b{day:03}" for day in needed)
    found = choose(keep, tracked, {PLACE: BackupLook(frozenset(there))}, WANTED, read)
    ours = {one.backup_id: one for one in tracked if one.entry == "backup" and one.backup_id in there}
    assert set(ids(found)) <= ours.keys() - read
    assert len(found.delete) <= MAX_DELETIONS
    for name in ids(found):
        newer = [one for one in ours.values() if not one.deleting and one.completed >= ours[name].completed]
        assert len([one for one in newer if one.backup_id != name]) >= keep
    assert not set(found.keep) & set(ids(found))
    assert len(found.keep) == min(keep, len([one for one in ours.values() if not one.deleting]))
