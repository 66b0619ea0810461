"""`kubectl zilliz backups`: what it calls orphaned is what nobody here knows, and it deletes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import Typed, typed
from tests.wire.test_schedule_backups import run
from tests.wire.test_schedules import BACKED, PLURAL, schedule

from zilliz_local.cloud import MOVIES, SHOP

MANY = "/v2/clusters/{}/backups/create"


@pytest.fixture(autouse=True)
def http_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an operator beside the simulator."""
    monkeypatch.setenv("ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS", "true")


async def made(world: Rig, name: str) -> str:
    """A backup by an object, to its end."""
    world.backup(name)
    await world.until(lambda: world.status("backupjobs", name).get("jobId"), "it is submitted")
    world.cloud.advance(10_000)
    await world.until_state("backupjobs", name, "Successful")
    return str(world.status("backupjobs", name)["result"]["backupId"])


def made_in_the_console(world: Rig, cluster: str = SHOP) -> str:
    answer = world.cloud.act_as("rival", "POST", MANY.format(cluster), {"backupType": "CLUSTER"})
    world.cloud.advance(10_000)
    return str(answer["data"]["backupId"])


async def backups(world: Rig, *words: str) -> Typed:
    before = len(world.cloud.ledger.effects())
    seen = await typed(world.kubeconfig, "backups", *words)
    assert len(world.cloud.ledger.effects()) == before, "it changed something"
    assert "Traceback" not in seen.err
    return seen


def row_of(seen: Typed, backup_id: str) -> list[str]:
    return next((line.split() for line in seen.lines if line.startswith(backup_id)), [])


async def test_each_has_its_maker_and_orphans_are_those_without(world: Rig) -> None:
    await world.start()
    mine, theirs = await made(world, "movies"), made_in_the_console(world)
    seen = await backups(world)
    assert seen.code == 0, seen.out + seen.err
    assert "backupjob/movies" in row_of(seen, mine)
    assert "backupjob/movies" not in row_of(seen, theirs)
    assert seen.lines[-1].startswith("2 manual backups, ")
    seen = await backups(world, "--orphaned")
    assert (row_of(seen, mine), row_of(seen, theirs)[0]) == ([], theirs)
    assert "no object of namespace default knows them" in seen.lines[-1]
    seen = await backups(world, "--cluster", MOVIES)
    assert (bool(row_of(seen, mine)), row_of(seen, theirs)) == (True, [])


async def test_programs_read_it(world: Rig) -> None:
    await world.start()
    mine, theirs = await made(world, "movies"), made_in_the_console(world)
    rows = json.loads((await backups(world, "-o", "json")).out)["backups"]
    assert {row["backupId"]: row.get("madeBy") for row in rows} == {mine: "backupjob/movies", theirs: None}
    assert rows == yaml.safe_load((await backups(world, "-o", "yaml")).out)["backups"]
    assert (await backups(world, "--orphaned", "-o", "name")).out.split() == [theirs]
    assert (await backups(world, "--cluster", "in01-none", "-o", "name")).out == ""
    fault: Any = "status"
    world.cloud.fault("backup.list", fault, status=500)
    seen = await backups(world, "-o", "json")
    assert (seen.code, json.loads(seen.out)) == (4, {"backups": []})
    assert "not checked" in seen.err


async def test_the_backup_of_an_object_that_is_gone_is_an_orphan(world: Rig) -> None:
    """Deleting an object never deletes its backup, which goes on costing."""
    await world.start()
    mine = await made(world, "movies")
    await world.delete("backupjobs", "movies")
    await world.until(lambda: not [one for one in world.everything() if one["kind"] == "BackupJob"], "it is gone")
    assert row_of(await backups(world, "--orphaned"), mine)[0] == mine


async def test_the_schedule_that_keeps_a_backup_is_named_though_its_object_is_gone(world: Rig) -> None:
    """Else somebody deletes as an orphan what a schedule counts on."""
    await world.start()
    schedule(world, BACKED, keepBackups=2)
    kept = await run(world, "now")
    await world.until(lambda: world.status(PLURAL, "nightly").get("backups"), "it is counted")
    seen = await backups(world)
    assert row_of(seen, kept)[-2:] == ["jobschedule/nightly", "default"], seen.out
    (job,) = (one["metadata"]["name"] for one in world.everything() if one["kind"] == "BackupJob")
    await world.delete("backupjobs", job)
    await world.until(lambda: not [one for one in world.everything() if one["kind"] == "BackupJob"], "it is gone")
    assert row_of(await backups(world, "--orphaned"), kept) == []


async def test_automatic_backups_are_not_listed(world: Rig) -> None:
    made_in_the_console(world)
    for backup in world.cloud.world.backups.values():
        backup.creation_method = "AUTO"
    assert (await backups(world)).lines[-1].startswith("0 manual backups")


async def test_two_connections_of_one_account_show_each_backup_once(world: Rig) -> None:
    theirs = made_in_the_console(world)
    world.connection("second")
    seen = await backups(world)
    assert len([line for line in seen.lines if line.startswith(theirs)]) == 1


async def test_without_a_key_it_says_so_and_calls_nothing_orphaned(world: Rig) -> None:
    made_in_the_console(world)
    await world.delete_secret()
    seen = await backups(world, "--orphaned")
    assert seen.code != 0
    assert "PROBLEM" in seen.out or "not checked" in seen.out


async def test_a_cloud_that_cannot_be_asked_is_no_cloud_without_backups(world: Rig) -> None:
    made_in_the_console(world)
    fault: Any = "status"
    world.cloud.fault("backup.list", fault, status=500)
    seen = await backups(world)
    assert seen.code == 4, seen.out + seen.err
    assert "not checked" in seen.out


async def test_without_a_connection_there_is_no_cloud_to_ask(keyed: Rig) -> None:
    seen = await typed(keyed.kubeconfig, "backups")
    assert (seen.code, "there is no ZillizConnection" in seen.err) == (5, True)
