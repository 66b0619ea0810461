"""A watch that fell silent: people's new jobs would never be seen, while everything looks well."""

from __future__ import annotations

from tests.unit.engine.fakes import backup

from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.watchhealth import WatchHealth


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def job(version: int | str, namespace: str = "ns", kind: str = "BackupJob") -> Body:
    body = backup(version=0)
    meta = body["metadata"] | {"resourceVersion": str(version), "namespace": namespace}
    return body | {"kind": kind, "metadata": meta}


def test_a_write_that_never_comes_back_tells_on_its_watch():
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.wrote(job(5))
    clock.now += 60
    assert watch_health.silent == []
    clock.now += 1
    assert watch_health.silent == ["BackupJob"]


def test_a_write_that_comes_back_is_no_concern():
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.wrote(job(5))
    watch_health.heard(job(5))
    clock.now += 1000
    assert watch_health.silent == []


def test_an_event_that_overtook_the_answer_of_the_write_counts():
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.heard(job(5))
    watch_health.wrote(job(5))
    clock.now += 1000
    assert watch_health.silent == []


def test_any_later_event_of_the_watch_proves_that_it_got_so_far():
    """The object may have been deleted, or changed again before the watch told."""
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.wrote(job(5))
    watch_health.heard(job(9, namespace="other"))
    clock.now += 1000
    assert watch_health.silent == []


def test_older_events_prove_nothing():
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.wrote(job(5))
    watch_health.heard(job(4))
    clock.now += 61
    assert watch_health.silent == ["BackupJob"]


def test_the_oldest_write_counts_however_many_follow():
    """Else a busy operator would put off for ever what an idle one notices."""
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    for version in range(5, 30):
        watch_health.wrote(job(version))
        clock.now += 5
    assert watch_health.silent == ["BackupJob"]


def test_each_kind_and_each_watched_namespace_has_a_watch_of_its_own():
    clock = Clock()
    watch_health = WatchHealth(60, ["a", "b"], clock)
    for body in (job(5, "a"), job(6, "b"), job(7, "a", "ImportJob")):
        watch_health.wrote(body)
    watch_health.heard(job(8, "b"))
    clock.now += 61
    assert watch_health.silent == ["BackupJob in a", "ImportJob in a"]
    watch_health.heard(job(9, "a"))
    assert watch_health.silent == ["ImportJob in a"]


def test_versions_that_are_no_numbers_are_left_alone():
    clock = Clock()
    watch_health = WatchHealth(60, clock=clock)
    watch_health.wrote(job("opaque"))
    clock.now += 1000
    assert watch_health.silent == []
