"""Claims and locks: by these a lost submission is told from the jobs of others."""

from __future__ import annotations

import pytest
from tests.unit.engine.fakes import backup, entry

from zilliz_jobs.control import ownership as registry_module
from zilliz_jobs.control.jobids import ids_in
from zilliz_jobs.control.ownership import JobOwnership, Rival
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.locks import LockQueue


class TestRivals:
    """Whose job is it that was found by inference? Wrongly taken, one ends well with nothing done, the other is sent
    twice."""

    def test_who_has_a_submission_open_under_the_lock_as_well(self):
        registry = JobOwnership()
        registry.hold("u1", "s", "one")
        registry.hold("u2", "s", "two")
        registry.hold("u3", "t", "three")
        assert registry.rivals("u1", "s") == [Rival("two")]
        registry.leave("u2")
        assert registry.rivals("u1", "s") == []

    @pytest.mark.parametrize(("earlier", "seen"), [(149.0, True), (151.0, False)])
    def test_who_had_one_when_it_was_deleted_lately(self, earlier, seen):
        now = [1000.0]
        registry = JobOwnership(lambda: now[0])
        registry.hold("gone", "s", "its spec")
        registry.part("gone")
        registry.forget("gone")
        now[0] += earlier
        assert registry.enter("u1", "s", "one")
        now[0] += 10_000  # it is looked for that long
        assert registry.rivals("u1", "s") == ([Rival("its spec", gone=True)] if seen else [])
        assert registry.rivals("u1", "t") == []

    def test_who_was_settled_when_it_was_deleted_leaves_no_job_that_nobody_knows(self):
        registry = JobOwnership()
        registry.hold("gone", "s", "its spec")
        registry.leave("gone")
        registry.part("gone")
        registry.forget("gone")
        registry.enter("u1", "s", "one")
        assert registry.rivals("u1", "s") == []


class TestClaims:
    def test_a_job_belongs_to_the_first_who_claims_it(self):
        registry = JobOwnership()
        assert registry.claim("u1", "job-1")
        assert registry.claim("u1", "job-1")
        assert not registry.claim("u2", "job-1")
        assert registry.holder("job-1") == "u1"
        assert registry.is_free("u1", "job-1")
        assert not registry.is_free("u2", "job-1")

    def test_a_deleted_objects_job_may_be_adopted_but_is_no_lost_submission(self):
        """Deleted and made again, with the answer lost: the old job runs still, and is not the new object's."""
        registry = JobOwnership()
        registry.claim("old", "job-1")
        registry.forget("old")
        assert registry.is_free("new", "job-1")
        assert not registry.is_unclaimed("new", "job-1")
        assert registry.claim("new", "job-1")
        assert registry.is_unclaimed("new", "job-1")

    def test_what_is_remembered_of_the_deleted_is_bounded(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(registry_module, "MAX_ORPHANS", 3)
        registry = JobOwnership()
        for n in range(10):
            registry.claim(f"u{n}", f"job-{n}")
            registry.forget(f"u{n}")
        assert [n for n in range(10) if not registry.is_unclaimed("new", f"job-{n}")] == [7, 8, 9]

    @pytest.mark.parametrize(
        ("status", "ids"),
        [
            ({}, set()),
            ({"jobId": "j"}, {"j"}),
            ({"submission": {"handle": {"jobId": "j", "backupId": "b", "clusterId": "c"}}}, {"j", "b"}),
            ({"submission": {"otherHandles": ["j2", 7]}}, {"j2"}),
            ({"attempts": [{"jobId": "j1"}, {"jobId": "j2"}, "odd", {}]}, {"j1", "j2"}),
            ({"jobId": 5, "submission": "odd", "attempts": "odd"}, set()),
            ({"submission": {"handle": "odd", "otherHandles": {}}, "jobId": ""}, set()),
        ],
    )
    def test_every_id_that_a_status_names_counts_however_odd_the_status(self, status, ids):
        assert ids_in(status) == ids


class TestLocks:
    def test_one_open_submission_at_a_time(self):
        registry = JobOwnership()
        assert registry.enter("u1", "s")
        assert registry.enter("u1", "s")
        assert not registry.enter("u2", "s")
        assert registry.leave("u1") == "s"
        assert registry.leave("u1") is None
        assert registry.enter("u2", "s")

    def test_two_of_an_earlier_life_both_keep_it_busy_until_both_are_decided(self):
        registry = JobOwnership()
        registry.hold("u1", "s")
        registry.hold("u2", "s")
        assert not registry.enter("u1", "s")
        assert registry.leave("u1") is None
        assert not registry.enter("u3", "s")
        assert registry.leave("u2") == "s"
        assert registry.enter("u3", "s")

    def test_a_deleted_object_leaves_its_lock(self):
        """A lock that is never left blocks every later job on that target."""
        registry = JobOwnership()
        registry.enter("u1", "s")
        assert registry.forget("u1") == "s"
        assert not registry.is_open("s")

    def test_another_target_leaves_the_first(self):
        registry = JobOwnership()
        registry.enter("u1", "s")
        registry.enter("u1", "t")
        assert not registry.is_open("s")


class Objects:
    """Number n has the name kn and the uid un."""

    def setup_method(self) -> None:
        self.entries: dict[int, JobEntry] = {}

    def one(self, n: int) -> JobEntry:
        return self.entries.setdefault(n, entry(backup(f"k{n}", uid=f"u{n}")))


class TestTurns(Objects):
    def line(self) -> tuple[LockQueue, list[str]]:
        woken: list[str] = []
        locks = LockQueue(JobOwnership(), lambda key: woken.append(key.name))
        assert locks.enter(self.one(0), "s")
        for n in range(1, 4):
            assert not locks.enter(self.one(n), "s")
        return locks, woken

    def test_the_next_in_line_is_woken_one_at_a_time(self):
        locks, woken = self.line()
        locks.leave(self.one(0))
        assert woken == ["k1"]
        assert locks.enter(self.one(1), "s")
        locks.leave(self.one(1))
        assert woken == ["k1", "k2"]

    def test_a_turn_that_is_not_used_goes_on(self):
        """The woken one was suspended meanwhile; the line must not wait for its own back-off."""
        locks, woken = self.line()
        locks.leave(self.one(0))
        locks.leave(self.one(1))
        assert woken == ["k1", "k2"]
        locks.forget(self.one(2))
        assert woken == ["k1", "k2", "k3"]

    def test_one_in_line_who_goes_is_not_woken(self):
        locks, woken = self.line()
        locks.forget(self.one(1))
        locks.leave(self.one(0))
        assert woken == ["k2"]

    def test_a_newcomer_who_was_faster_hands_on_as_well(self):
        locks, woken = self.line()
        locks.leave(self.one(0))
        assert locks.enter(self.one(9), "s")
        assert not locks.enter(self.one(1), "s")
        locks.leave(self.one(9))
        assert woken == ["k1", "k2"]

    def test_a_held_lock_is_waited_for_too(self):
        locks, woken = self.line()
        locks.hold(self.one(7), "s")
        locks.leave(self.one(0))
        assert woken == []
        locks.leave(self.one(7))
        assert woken == ["k1"]

    def test_nothing_is_left_of_a_line_that_is_over(self):
        locks, _ = self.line()
        for n in range(4):
            locks.forget(self.one(n))
        assert len(locks) == 0
        assert locks._lines == {}


class TestTheCloudIsBusy(Objects):
    def waiting(self) -> tuple[LockQueue, list[str]]:
        woken: list[str] = []
        locks = LockQueue(JobOwnership(), lambda key: woken.append(key.name))
        for n in range(2):
            assert locks.enter(self.one(n), "s")
            locks.leave(self.one(n))
            locks.await_end(self.one(n), "s")
        return locks, woken

    def test_who_waits_for_a_job_to_end_is_woken_when_it_does(self):
        """Else a backup would begin up to a whole re-check after the slot became free."""
        locks, woken = self.waiting()
        locks.ended("another")
        assert woken == []
        locks.ended("s")
        assert sorted(woken) == ["k0", "k1"]
        locks.ended("s")
        assert len(woken) == 2, "one end wakes once"

    def test_who_tries_again_or_goes_waits_no_longer(self):
        locks, woken = self.waiting()
        locks.enter(self.one(0), "s")
        locks.forget(self.one(1))
        locks.ended("s")
        assert woken == []
        locks.forget(self.one(0))
        assert len(locks) == 0, "nothing of a gone object is kept"
