"""What is known of the objects: the newest counts, and what is settled is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.unit.engine.fakes import Body, Kind, backup, kinds

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.control.objects import CANCEL, key_of
from zilliz_jobs.control.ownership import UNLISTED_SECONDS, JobOwnership
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.cachesync import CacheSync
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kube.errors import NotFound, NotServed, Unavailable

KEY = key_of(backup())
OPEN = {"submission": {"token": "t", "evidence": "Sending", "sends": 1}}
FOLLOWED = {"submission": {"token": "t", "evidence": "Answered", "sends": 1, "handle": {"clusterId": "in01"}}}
ENDED = {"completionTime": "2026-03-01T12:05:00Z", "observedGeneration": 1, "jobId": "job-1"}


@pytest.fixture
def registry() -> JobOwnership:
    return JobOwnership()


@pytest.fixture
def store(registry: JobOwnership) -> JobCache:
    return JobCache(registry, kinds(Kind([])))


def test_the_newest_body_wins(store):
    """Our own write overtakes its echo; an older body would make the next write a Conflict, for each of them."""
    assert store.remember(backup(version=10, status={"state": "InProgress"}))
    assert store.remember(backup(version=9))
    assert store.body(KEY)["status"] == {"state": "InProgress"}
    assert store.remember(backup(version=11))
    assert "status" not in store.body(KEY)


def test_the_event_of_an_own_write_is_told_from_every_other(store):
    """Nothing is done for it; what only seems to be one, of a cluster that was restored say, must be heard of."""
    written = backup(version=10, status={"state": "InProgress"})
    store.remember(written)
    entry = store.get(KEY)
    assert store.holds(entry, backup(version=10, status={"state": "InProgress"}))
    assert not store.holds(entry, backup(version=11, status={"state": "InProgress"}))
    assert not store.holds(entry, backup(version=10, status={"state": "Pending"})), "of another history"
    assert not store.holds(entry, backup(version=10, uid="u2", status={"state": "InProgress"}))
    store.distrust()
    assert not store.holds(entry, written), "no version counts"
    store.settle(entry)
    assert not store.holds(entry, written)


def test_a_pass_that_wrote_nothing_keeps_what_is_newer_by_then(store):
    """Somebody asked for a cancel during the pass."""
    store.remember(backup(version=10, status={"state": "InProgress"}))
    given = store.body(KEY)
    store.remember(backup(version=11, annotations={CANCEL: "now"}))
    assert store.remember(given, same=True)
    assert store.body(KEY)["metadata"]["annotations"] == {CANCEL: "now"}


def test_versions_that_are_no_numbers_are_all_news(store):
    a, b = backup(status={"state": "Pending"}), backup(status={"state": "InProgress"})
    a["metadata"]["resourceVersion"], b["metadata"]["resourceVersion"] = "x9", "x1"
    store.remember(a)
    store.remember(b)
    assert store.body(KEY)["status"]["state"] == "InProgress"


def test_what_was_read_this_moment_counts_whatever_its_version(store):
    """A cluster restored from a backup begins again with lower ones; every write would be a Conflict, for ever."""
    store.remember(backup(version=1000))
    assert store.remember(backup(version=5, status={"state": "Pending"}), certain=True)
    assert store.body(KEY)["metadata"]["resourceVersion"] == "5"


def test_a_settled_object_leaves_nothing_but_its_claims_and_its_version(store, registry):
    assert store.remember(backup(version=1))
    assert not store.remember(backup(version=2, status=ENDED))
    store.settle(store.get(KEY))
    assert (len(store), store.unfinished(), store.body(KEY)) == (0, [], None)
    assert registry.holder("job-1") == "u1"
    assert store.uid(KEY) == "u1"


def test_a_late_echo_of_a_settled_object_wakes_no_dead(store, registry):
    store.remember(backup(version=5, status=ENDED))
    assert not store.remember(backup(version=4, status=OPEN))
    assert len(store) == 0
    assert not registry.is_open("backup/in01")


def test_a_new_request_on_a_settled_object_is_news(store):
    store.remember(backup(version=5, status=ENDED))
    asked = backup(version=6, status=ENDED, annotations={CANCEL: "1"})
    assert store.is_news(asked)
    assert store.remember(asked)


@pytest.mark.parametrize(
    ("change", "news"),
    [
        ({}, False),
        ({"status": {"state": "InProgress"}}, False),
        ({"annotations": {CANCEL: "1"}}, True),
        ({"annotations": {"foreign": "1"}}, False),
        ({"labels": {"app": "x"}}, True),
        ({"finalizers": ["x"]}, True),
        ({"deletionTimestamp": "t"}, True),
        ({"uid": "u2"}, True),
    ],
)
def test_only_what_people_set_asks_for_a_pass(store, change, news):
    store.remember(backup(version=1))
    assert store.is_news(backup(version=2, **change)) is news


def test_an_open_submission_of_an_earlier_life_keeps_its_lock(store, registry):
    store.note(backup(status=OPEN))
    assert registry.is_open("backup/in01")
    assert not registry.enter("u2", "backup/in01")


@pytest.mark.parametrize(
    "status",
    [
        {"submission": {"token": "t", "evidence": "NotSent", "sends": 1}},
        {"submission": {"token": "t", "evidence": "Absent"}},
        {"submission": {"token": "t", "handle": {"jobId": "j"}}},
        OPEN | {"completionTime": "2026-03-01T12:05:00Z"},
        {},
    ],
)
def test_one_that_is_decided_keeps_none(store, registry, status):
    store.note(backup(status=status))
    assert not registry.is_open("backup/in01")


@pytest.mark.parametrize("record", ["odd", {"token": ""}, {"token": "t", "evidence": "Answered"}])
def test_a_record_that_cannot_be_read_keeps_its_target(store, registry, record):
    """It may be open, and another object on the target would take its lost job."""
    store.note(backup(status={"submission": record}))
    assert registry.is_open("backup/in01")


def test_dependents_follow_the_object(store):
    one = backup("one", uid="1", version=1)
    two = backup("two", uid="2", version=2, spec={"connectionRef": {"name": "eu"}})
    store.remember(one)
    store.remember(two)
    eu, default = ("ZillizConnection", "ns", "eu"), ("ZillizConnection", "ns", "default")
    assert store.dependents(eu) == [key_of(two)]
    store.remember(backup("two", uid="2", version=3))
    assert store.dependents(eu) == []
    assert set(store.dependents(default)) == {key_of(one), key_of(two)}
    store.remove(store.get(key_of(one)))
    store.remove(store.get(key_of(two)))
    assert not store._dependents
    assert store.uid(key_of(one)) is None


class Listing:
    """The API server's list, which may take its time."""

    def __init__(self, *bodies: Body) -> None:
        self.bodies, self.calls, self.during = bodies, 0, lambda: None
        self.error: Exception | None = None

    async def list_all(self, _resource: object, _namespace: str | None, *, selector: str) -> AsyncIterator[Body]:
        self.calls += 1
        if self.error:
            raise self.error
        self.during()
        for body in self.bodies:
            yield {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}


class TestCensus:
    def cache_sync(self, listing: Listing, store: JobCache) -> CacheSync:
        return CacheSync(listing, store, store._ownership, kinds(Kind([])), [None])  # type: ignore[arg-type]

    async def test_it_knows_all_objects_and_asks_once(self, store, registry):
        listing = Listing(backup(status=OPEN), backup("two", uid="u2", status=ENDED))
        cache_sync = self.cache_sync(listing, store)
        await cache_sync.wait_for_sync()
        await cache_sync.wait_for_sync()
        assert listing.calls == 1
        assert registry.is_open("backup/in01")
        assert registry.holder("job-1") == "u2"

    async def test_one_that_went_while_the_list_was_read_holds_nothing(self, store, registry):
        """Its lock would be held for ever, since nobody ever works on it."""
        listing = Listing(backup(status=OPEN))
        cache_sync = self.cache_sync(listing, store)
        listing.during = lambda: cache_sync.on_gone("u1")
        await cache_sync.wait_for_sync()
        assert not registry.is_open("backup/in01")

    async def test_what_the_watch_told_is_newer_than_the_list(self, store, registry):
        store.remember(backup(version=9, status=ENDED))
        await self.cache_sync(Listing(backup(version=3, status=OPEN)), store).wait_for_sync()
        assert not registry.is_open("backup/in01")

    @pytest.mark.looptime
    @pytest.mark.parametrize("error", [NotServed("no such kind"), NotFound("404")])
    async def test_a_kind_that_is_not_served_may_have_objects(self, store, registry, error):
        """What a look-up infers to be its own could be the job of one of them. Other kinds go on all the same."""
        listing = Listing(backup(status=OPEN))
        listing.error = error
        cache_sync = self.cache_sync(listing, store)
        await cache_sync.wait_for_sync()
        assert "BackupJob" in registry.doubt(None)
        listing.error = None
        await cache_sync.wait_for_sync()
        assert registry.doubt(None), "it is not asked for at each submission"
        await asyncio.sleep(11)
        await cache_sync.wait_for_sync()
        assert registry.doubt(None) == ""
        assert registry.is_open("backup/in01")
        await asyncio.sleep(11)
        await cache_sync.wait_for_sync()
        assert listing.calls == 2

    def test_one_that_was_away_for_an_hour_was_never_installed(self):
        now = [0.0]
        registry = JobOwnership(clock=lambda: now[0])
        registry.listed("BackupJob", served=False)
        now[0] = UNLISTED_SECONDS - 1
        registry.listed("BackupJob", served=False)
        assert registry.doubt(None)
        now[0] = UNLISTED_SECONDS
        assert registry.doubt(None) == ""

    async def test_who_comes_to_lead_asks_again(self, store, registry):
        """Another process worked meanwhile; the watch may not have told of what it took."""
        listing = Listing(backup(version=3))
        store.remember(backup(version=3))
        cache_sync = self.cache_sync(listing, store)
        await cache_sync.wait_for_sync()
        listing.bodies = (backup(version=4, status=OPEN),)
        cache_sync.renew()
        await cache_sync.wait_for_sync()
        assert listing.calls == 2
        assert registry.is_open("backup/in01")

    async def test_a_list_that_was_begun_before_the_lead_changed_hands_does_not_count(self, store):
        listing = Listing(backup())
        cache_sync = self.cache_sync(listing, store)

        def changed_hands() -> None:
            listing.during = lambda: None
            cache_sync.renew()

        listing.during = changed_hands
        await cache_sync.wait_for_sync()
        assert listing.calls == 2

    async def test_one_that_stands_by_for_months_remembers_nothing_of_what_went(self, store):
        """Else its memory grows with every job that anybody ever deleted."""
        cache_sync = self.cache_sync(Listing(), store)
        for n in range(100):
            cache_sync.on_gone(f"u{n}")
        assert not cache_sync._gone

    async def test_a_failing_list_is_asked_again(self, store):
        listing = Listing()
        listing.error = Unavailable("down")
        cache_sync = self.cache_sync(listing, store)
        with pytest.raises(Unavailable):
            await cache_sync.wait_for_sync()
        listing.error = None
        await cache_sync.wait_for_sync()
        assert listing.calls == 2


class TestKindsThatTakeTheirTargetUntilTheEnd:
    """Two scalings of one cluster: the second would change what the first is judged by."""

    SUSPEND = next(kind for kind in JOB_KINDS if kind.exclusive)

    def body(self, status: dict[str, object]) -> Body:
        one = backup(status=status)
        one["kind"], one["spec"] = self.SUSPEND.resource.kind, {"clusterId": "in01"}
        return one

    def test_a_job_that_runs_holds_its_target_also_after_a_restart(self, registry):
        store = JobCache(registry, {self.SUSPEND.resource.kind: self.SUSPEND})
        store.remember(self.body(FOLLOWED))
        assert not registry.enter("u2", "cluster/in01")

    def test_one_that_ended_holds_nothing(self, registry):
        store = JobCache(registry, {self.SUSPEND.resource.kind: self.SUSPEND})
        store.remember(self.body({**FOLLOWED, **ENDED}))
        assert registry.enter("u2", "cluster/in01")

    def test_other_kinds_hold_theirs_while_the_submission_is_open_only(self):
        running = JobStatus(submission=Submission(handle={"jobId": "job-1"}, evidence=Evidence.ANSWERED))
        held = {kind.resource.kind for kind in JOB_KINDS if kind.occupies(running)}
        assert held == {kind.resource.kind for kind in JOB_KINDS if kind.exclusive}
        assert held
