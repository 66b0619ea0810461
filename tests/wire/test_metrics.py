"""What Prometheus gets from an engine at work, over HTTP: every metric, with the labels that the docs name."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.support.controlplane.supervise import free_ports
from tests.support.engine_rig import Rig, rig
from tests.wire.test_engine_leader import Baton
from tests.wire.test_schedules import BACKED, ended, schedule

from zilliz_jobs.schedules.runs import requested_name
from zilliz_jobs.telemetry import catalogue
from zilliz_local.cloud import MOVIES, CloudSimulator, ManualClock


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as world:
        yield world


class Scraped:
    """One scrape, by name of the sample."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples

    def get(self, name: str, **labels: str) -> float | None:
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found) if found else None


def _get(port: int) -> Scraped:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return Scraped([sample for family in families for sample in family.samples])


async def scraped(world: Rig) -> Scraped:
    assert world.engine is not None
    (port,) = free_ports(1)
    world.engine.metrics.serve(port)
    try:
        return await asyncio.to_thread(_get, port)
    finally:
        await asyncio.to_thread(world.engine.metrics.close)


async def _lived(world: Rig) -> None:
    """A backup that succeeds, one that is held, one that waits for its cluster, an import whose cancel is refused."""
    world.secret()
    world.connection(consoleApi={"enabled": True})
    world.backup("good")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "good").get("jobId"), "the submission")
    world.cloud.advance(3600)
    await world.until_state("backupjobs", "good", "Successful")
    world.backup("held", suspend=True)
    world.backup("bad", clusterId="in01-nosuchcluster00")
    world.imports("films")
    await world.until(lambda: world.status("backupjobs", "held").get("reason") == "Suspended", "its reason")
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "the submission")
    await world.patch("importjobs", "films", {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "1"}}})
    await world.until(lambda: world.status("importjobs", "films").get("cancel"), "the refusal")


async def test_a_scrape_shows_every_metric_with_the_labels_that_the_docs_name(world: Rig) -> None:
    await _lived(world)
    schedule(world, BACKED, token="now")
    backup = f"nightly-{requested_name('now')}-backup"
    await world.until(lambda: world.status("backupjobs", backup).get("jobId"), "the submission of the run")
    world.cloud.advance(10_000)
    await world.until(lambda: ended(world, requested_name("now")), "the end of the run")
    told = await scraped(world)
    for family in catalogue.FAMILIES:
        if family == catalogue.NO_SUCH_SHARD:
            continue  # there are no shards here: tests/wire/test_shards.py
        ends, extra = ("",), set[str]()
        if family.type == "histogram":
            ends, extra = ("_bucket",), {"le"}
        samples = [s for s in told.samples if s.name in {family.name + end for end in ends}]
        assert samples, f"{family.name} is not told"
        assert {frozenset(s.labels) for s in samples} == {frozenset({*family.labels, *extra})}, family.name
    names = {s.name for s in told.samples}
    assert not [name for name in names if name.endswith("_created")], "a second series for each counter"


async def test_the_figures_are_those_of_the_jobs(world: Rig) -> None:
    await _lived(world)
    told = await scraped(world)
    good = world.status("backupjobs", "good")
    assert told.get("zilliz_jobs_objects", kind="BackupJob", state="Successful") == 1
    assert told.get("zilliz_jobs_objects", kind="ImportJob", state="Pending") == 1
    assert told.get("zilliz_jobs_unfinished_objects", kind="BackupJob", reason="Suspended") == 1
    assert told.get("zilliz_jobs_finished_total", kind="BackupJob", state="Successful") == 1
    assert told.get("zilliz_jobs_finished_total", kind="BackupJob", state="Unknown") == 0
    assert told.get("zilliz_jobs_submissions_total", kind="ImportJob", answer="Accepted") == 1
    assert told.get("zilliz_jobs_requests_total", kind="ImportJob", request="cancel", outcome="Refused") == 1
    assert told.get("zilliz_jobs_state_duration_seconds_count", kind="BackupJob", state="InProgress") == 1
    assert told.get("zilliz_jobs_connection_ready", object_namespace="default", connection="default") == 1
    assert told.get("zilliz_jobs_leader") == 1
    succeeded = told.get("zilliz_jobs_last_success_timestamp_seconds", kind="BackupJob", target=MOVIES)
    assert succeeded is not None
    assert succeeded == datetime.fromisoformat(good["completionTime"]).timestamp()
    made = {"route": "POST /v2/clusters/{clusterId}/backups/create", "outcome": "ok", "code": "200"}
    assert told.get("zilliz_jobs_cloud_requests_total", **made) == 1
    routes = {s.labels["route"] for s in told.samples if "route" in s.labels}
    assert not [route for route in routes if "in01-" in route or "job-" in route], "an id became a series"


async def test_a_replica_that_lost_the_lead_tells_of_no_job(world: Rig) -> None:
    """What it knew last would stand beside what the new leader tells, and contradict it."""
    baton = Baton(works=True)
    world.secret("nonsense")
    world.connection()
    world.backup("one")
    engine = await world.start(leadership=baton)
    await world.until(lambda: _value(engine, "zilliz_jobs_connection_ready") == 0, "the check of the key")
    assert _value(engine, "zilliz_jobs_queue_depth") is not None
    baton.lose()
    told = await scraped(world)
    assert told.get("zilliz_jobs_leader") == 0
    by_leader = {family.name for family in catalogue.FAMILIES if family.by_leader}
    assert not by_leader & {sample.name for sample in told.samples}


def _value(engine: object, name: str) -> float | None:
    families = engine.metrics.registry.collect()  # type: ignore[attr-defined]
    return next((s.value for family in families for s in family.samples if s.name == name), None)
