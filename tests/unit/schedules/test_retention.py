"""Which backups end. If these fail, a backup is deleted that somebody needs, or none ever is, and each costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.schedules.retention import (
    MAX_DELETIONS,
    ListedBackup,
    Retention,
    Scope,
    TrackedBackup,
    choose,
)

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
CLUSTER = Scope("in01-a")
WANTED = frozenset({("backup", CLUSTER)})


def backups(number: int, entry: str = "backup", scope: Scope = CLUSTER, first: int = 0) -> list[TrackedBackup]:
    return [
        TrackedBackup(f"b{day:03}", entry, scope, True, START + timedelta(days=day))
        for day in range(first, first + number)
    ]


def shown(tracked: list[TrackedBackup]) -> dict[str, list[ListedBackup]]:
    rows: dict[str, list[ListedBackup]] = {}
    for one in tracked:
        rows.setdefault(one.scope.cluster_id, []).append(ListedBackup(one.backup_id, True))
    return rows


def chosen(tracked: list[TrackedBackup], keep: int = 2, **changes: object) -> Retention:
    given = {"listed": shown(tracked), "wanted": WANTED, "referred": frozenset()} | changes
    return choose(keep, tracked, **given)  # type: ignore[arg-type]


def test_the_newest_stay_and_the_oldest_go_first() -> None:
    found = chosen(backups(5))
    assert (found.keep, found.delete) == (("b004", "b003"), ("b000", "b001", "b002"))


def test_so_many_go_in_one_pass_and_no_more() -> None:
    """A wrong figure in Git is noticed before everything is gone."""
    assert chosen(backups(40), keep=1).delete == tuple(f"b{n:03}" for n in range(MAX_DELETIONS))


def test_each_entry_and_each_scope_counts_for_itself() -> None:
    """Velero: the backups of a small namespace push out those of the large one."""
    films = Scope("in01-a", "default", ("films",))
    tracked = backups(3) + backups(3, "films", films, 3) + backups(3, "backup", films, 6)
    wanted = frozenset({("backup", CLUSTER), ("films", films), ("backup", films)})
    assert set(chosen(tracked, wanted=wanted).delete) == {"b000", "b003", "b006"}


def test_what_is_not_available_does_not_count() -> None:
    """Two kept backups of which one cannot be restored are one."""
    tracked = backups(4)
    rows = {"in01-a": [ListedBackup(one.backup_id, one.backup_id != "b003") for one in tracked]}
    found = chosen(tracked, listed=rows)
    assert (found.keep, found.delete) == (("b002", "b001"), ("b000",))


def test_nothing_goes_before_a_newer_one_has_succeeded() -> None:
    """Otherwise a night of failures leaves less than was asked for, at last none."""
    tracked = backups(2) + [replace(one, completed=None) for one in backups(5, first=2)]
    assert chosen(tracked).delete == ()
    assert chosen(tracked, keep=1).delete == ("b000",)


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"in01-b": [ListedBackup(f"b{n:03}", True) for n in range(5)]},
        {"in01-a": [ListedBackup(f"b{n:03}", yes) for n in range(5) for yes in (True, False)]},
    ],
)
def test_nothing_goes_by_a_list_that_is_not_there_or_contradicts_itself(rows: dict[str, list[ListedBackup]]) -> None:
    found = chosen(backups(5), listed=rows)
    assert (found.keep, found.delete) == ((), ())
    assert "in01-a" in found.blocked


def test_one_list_that_cannot_be_read_stops_only_its_own_cluster() -> None:
    other = Scope("in01-b")
    tracked = backups(3) + backups(3, "other", other, 3)
    rows = shown(tracked)
    del rows["in01-a"]
    assert chosen(tracked, listed=rows, wanted=WANTED | {("other", other)}).delete == ("b003",)


def test_what_is_not_proven_ours_neither_counts_nor_goes() -> None:
    """An inferred or adopted backup may be another person's."""
    tracked = [replace(one, proven=one.backup_id not in ("b000", "b004")) for one in backups(5)]
    found = chosen(tracked)
    assert (found.keep, found.delete) == (("b003", "b002"), ("b001",))


def test_a_backup_that_somebody_needs_stays() -> None:
    assert chosen(backups(5), referred=frozenset({"b000", "b002"})).delete == ("b001",)


def test_an_entry_that_is_renamed_or_changed_deletes_nothing_of_before() -> None:
    """Velero, CNPG: a renamed schedule removes the backups of the old one."""
    films = Scope("in01-a", "default", ("films",))
    found = chosen(backups(5), wanted=frozenset({("nightly", CLUSTER), ("backup", films)}))
    assert (found.delete, found.left) == ((), (("backup", CLUSTER),))


def test_ids_that_cannot_be_tracked_stop_all_deletions() -> None:
    found = chosen(backups(5), overflow=True)
    assert found.delete == ()
    assert "status.backups" in found.blocked


def test_what_is_deleted_already_is_not_deleted_again() -> None:
    tracked = [replace(one, deleted=one.backup_id == "b004") for one in backups(5)]
    assert chosen(tracked).delete == ("b000", "b001")


rows = st.builds(
    lambda day, entry, proven, ended, deleted: TrackedBackup(
        f"b{day:03}", entry, CLUSTER, proven, START + timedelta(days=day) if ended else None, deleted
    ),
    st.integers(0, 40),
    st.sampled_from(["backup", "gone"]),
    st.booleans(),
    st.booleans(),
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
    listed = [ListedBackup(one.backup_id, True) for one in tracked if int(one.backup_id[1:]) not in lacking]
    referred = frozenset(f"b{day:03}" for day in needed)
    found = choose(keep, tracked, {"in01-a": listed}, WANTED, referred)
    good = {
        one.backup_id: one.completed
        for one in tracked
        if one.proven and one.completed and not one.deleted and one.entry == "backup"
    }
    there = {row.backup_id for row in listed}
    assert set(found.delete) <= good.keys() & there - referred
    assert len(found.delete) <= MAX_DELETIONS
    for name in found.delete:
        newer = [other for other, time in good.items() if other in there and time > good[name]]
        assert len(newer) >= keep
    assert not set(found.keep) & set(found.delete)
    assert len(found.keep) == min(keep, len(good.keys() & there))
