"""If these fail, somebody is woken for nothing, or not at all; or a scrape costs more the more objects there are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.engine.fakes import Kind, backup, entry

from zilliz_jobs.control.objects import key_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.inventory import Group, Inventory, Place
from zilliz_jobs.jobs.standing import standing

BORN = "2026-03-01T12:00:00Z"  # of every object of `backup`
LATER = "2026-03-01T13:00:00Z"
LAST = "2026-03-01T14:00:00Z"


def moment(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def done(name: str, at: str = LATER, target: str = "in01", state: str = "Successful") -> dict[str, Any]:
    status = {"state": state, "reason": state, "target": target, "completionTime": at, "observedGeneration": 1}
    return backup(name, uid=f"u-{name}", status=status)


class TestSince:
    @pytest.mark.parametrize(
        ("what", "status", "since"),
        [
            ("a new object is Pending since it was made", {}, BORN),
            ("no status at all, or one that is none", None, BORN),
            (
                "a submission that goes out does not begin its waiting anew",
                {"submission": {"intentTime": LAST}},
                BORN,
            ),
            ("it runs since the cloud began", {"state": "InProgress", "startTime": LATER}, LATER),
            ("it runs, and the cloud does not say since when", {"state": "InProgress"}, BORN),
            (
                "a retry waits since the attempt before it ended",
                {"attempts": [{"number": 1, "completionTime": LATER}, {"number": 2}]},
                LATER,
            ),
            (
                "its back-off is no waiting",
                {"attempts": [{"number": 1, "completionTime": LATER}, {"number": 2, "notBefore": LAST}]},
                LAST,
            ),
            (
                "what a person held back waits since its release",
                {"conditions": [{"type": "Suspended", "status": "False", "lastTransitionTime": LATER}]},
                LATER,
            ),
            ("attempts that somebody spoilt by hand", {"attempts": ["x"], "conditions": 7, "state": ["y"]}, BORN),
            ("times that are none", {"state": "InProgress", "startTime": "soon"}, BORN),
        ],
    )
    def test_the_time_in_state_begins_when(self, what: str, status: Any, since: str) -> None:
        assert standing(backup(status=status)).since == moment(since), what

    def test_what_has_ended_is_in_no_state_for_any_time(self) -> None:
        assert standing(done("one")).since is None

    def test_a_submission_that_nobody_can_tell_of_has_not_ended(self) -> None:
        body = backup(status={"state": "Unknown", "reason": "SubmissionUnknown"})
        assert standing(body)[:3] == ("Unknown", "SubmissionUnknown", moment(BORN))

    def test_a_word_that_somebody_made_up_makes_no_series(self) -> None:
        assert standing(backup(status={"state": "Flying", "reason": "Wings"}))[:2] == ("Pending", "other")


class Many:
    def __init__(self, limit: int = 2000) -> None:
        self.inventory, self.entries = Inventory(["BackupJob"], limit), dict[str, JobEntry]()

    def on_upsert(self, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            self.inventory.on_upsert(self.entry(body), body)

    def forget(self, body: dict[str, Any]) -> None:
        self.inventory.forget(self.entry(body))

    def entry(self, body: dict[str, Any]) -> JobEntry:
        return self.entries.setdefault(body["metadata"]["name"], entry(body))


@pytest.fixture
def many() -> Many:
    return Many()


class TestCounts:
    def test_every_state_is_there_from_the_start(self, many: Many) -> None:
        assert many.inventory.objects()["BackupJob", "Failed"] == 0
        assert len(many.inventory.objects()) == 6

    def test_an_object_is_counted_where_it_stands_and_nowhere_else(self, many: Many) -> None:
        many.on_upsert(backup(), backup(), backup(status={"state": "InProgress", "reason": "InProgress"}))
        assert {k: n for k, n in many.inventory.objects().items() if n} == {("BackupJob", "InProgress"): 1}
        assert [g for g, _, _ in many.inventory.unfinished()] == [Group("BackupJob", "InProgress", "InProgress")]
        many.on_upsert(done("one"))
        assert list(many.inventory.unfinished()) == []
        assert many.inventory.objects()["BackupJob", "Successful"] == 1
        many.forget(done("one"))
        many.forget(done("one"))
        assert set(many.inventory.objects().values()) == {0}

    def test_the_oldest_is_told_of_and_then_the_next(self, many: Many) -> None:
        old = backup("a", status={"state": "InProgress", "reason": "InProgress", "startTime": BORN})
        new = backup("b", status={"state": "InProgress", "reason": "InProgress", "startTime": LATER})
        many.on_upsert(old, new)
        assert [row[1:] for row in many.inventory.unfinished()] == [(2, moment(BORN))]
        many.forget(old)
        assert [row[1:] for row in many.inventory.unfinished()] == [(1, moment(LATER))]


class TestLastSuccess:
    def test_the_last_one_counts_whatever_is_told_last(self, many: Many) -> None:
        many.on_upsert(done("b", LAST), done("a", LATER))
        assert many.inventory.successes() == {Place("BackupJob", "ns", "in01"): moment(LAST)}

    def test_a_failure_is_no_success(self, many: Many) -> None:
        many.on_upsert(done("a", state="Failed"))
        assert many.inventory.successes() == {}

    def test_it_is_known_while_any_object_of_the_target_is_there(self, many: Many) -> None:
        good, bad = done("a"), done("b", state="Failed")
        many.on_upsert(good, bad)
        many.forget(good)
        assert many.inventory.successes() == {Place("BackupJob", "ns", "in01"): moment(LATER)}
        many.forget(bad)
        assert many.inventory.successes() == {}

    def test_a_retry_of_the_only_object_does_not_forget_its_target(self, many: Many) -> None:
        many.on_upsert(done("a"))
        many.on_upsert(backup("a", uid="u-a", status={"state": "Pending", "reason": "Waiting", "target": "in01"}))
        assert many.inventory.successes() == {Place("BackupJob", "ns", "in01"): moment(LATER)}

    def test_too_many_targets_share_one_figure_and_take_the_next_free_place(self) -> None:
        many = Many(limit=2)
        first, *rest = [done(f"o{n}", LATER if n < 3 else LAST, f"in0{n}") for n in range(5)]
        many.on_upsert(first, *rest)
        assert sorted(p.target for p in many.inventory.successes()) == ["in00", "in01", "other"]
        assert many.inventory.successes()[Place("BackupJob", "other", "other")] == moment(LAST)
        assert many.inventory.hidden == 3
        many.forget(first)
        assert sorted(p.target for p in many.inventory.successes()) == ["in01", "in02", "other"]
        for body in rest:
            many.forget(body)
        assert (many.inventory.successes(), many.inventory.hidden) == ({}, 0)


def test_a_scrape_of_twenty_thousand_objects_reads_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: no body is parsed, and the number of samples is that of the groups and targets."""
    inventory = Inventory(["BackupJob"])
    store = JobCache(JobOwnership(), {"BackupJob": Kind([])}, inventory=inventory)
    for n in range(10_000):
        store.remember(done(f"d{n}", target=f"in{n}"))
        store.remember(backup(f"r{n}", uid=f"r{n}", status={"state": "InProgress", "reason": "InProgress"}))
    parsed: list[Any] = []
    monkeypatch.setattr(json, "loads", parsed.append)
    monkeypatch.setattr("zilliz_jobs.jobs.inventory.standing", parsed.append)
    assert [row[:2] for row in inventory.unfinished()] == [(Group("BackupJob", "InProgress", "InProgress"), 10_000)]
    assert len(inventory.successes()) == 2_001
    assert inventory.objects()["BackupJob", "Successful"] == 10_000
    assert parsed == []


def test_the_store_tells_of_what_it_learns_and_forgets() -> None:
    inventory = Inventory(["BackupJob"])
    store = JobCache(JobOwnership(), {"BackupJob": Kind([])}, inventory=inventory)
    store.remember(done("a") | {"metadata": done("a")["metadata"] | {"resourceVersion": "7"}})
    store.remember(backup("a", uid="u-a", version=3))  # a late echo
    assert inventory.objects()["BackupJob", "Successful"] == 1
    gone = store.get(key_of(done("a")))
    assert gone is not None
    store.remove(gone)
    assert set(inventory.objects().values()) == {0}
