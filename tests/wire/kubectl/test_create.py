"""`kubectl zilliz create`: one command is one job, however often it is repeated."""

from __future__ import annotations

import asyncio

from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import typed

from zilliz_local.cloud import MOVIES

FILMS = ("create", "import", "films", f"--cluster-id={MOVIES}", "--collection=films")
SOURCE = "--urls=s3://demo-data/films/part-1.parquet"


async def test_it_makes_the_job_and_waits_for_its_end(world: Rig) -> None:
    await world.start()
    waiting = asyncio.create_task(typed(world.kubeconfig, *FILMS, SOURCE, "--wait", "--timeout", "60s"))
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "it is submitted")
    world.cloud.advance(3600)
    seen = await waiting
    assert seen.code == 0, seen.out + seen.err
    assert seen.lines[0] == "importjob.jobs.zilliz.com/films created"
    assert seen.lines[-1] == "importjob/films Successful 100%"


async def test_one_that_is_there_is_neither_changed_nor_made_again(world: Rig) -> None:
    await world.start()
    assert (await typed(world.kubeconfig, *FILMS, SOURCE)).code == 0
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "it is submitted")
    before = world.get("importjobs", "films")["metadata"]["generation"]
    seen = await typed(world.kubeconfig, *FILMS, "--urls=s3://demo-data/films/part-2.parquet")
    assert seen.code == 5
    assert "importjob/films is there already in namespace default" in seen.err
    assert world.get("importjobs", "films")["metadata"]["generation"] == before
    assert len(world.cloud.ledger.effects(kind="submit")) == 1


async def test_it_prints_what_was_made(keyed: Rig) -> None:
    seen = await typed(keyed.kubeconfig, *FILMS, SOURCE, "-o", "name", "-n", "default")
    assert seen.out == "importjob.jobs.zilliz.com/films\n"
    assert keyed.get("importjobs", "films")["spec"]["collection"] == "films"
    dry = await typed(keyed.kubeconfig, *FILMS, SOURCE, "-n", "default", "--dry-run", "client")
    assert "namespace: default" in dry.out
