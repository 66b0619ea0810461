"""Exports of backups on the simulated cloud: the job, its cancel, and what lies in the directory."""

import pytest
from tests.wire.test_simulator_base import LOST, simulated
from tests.wire.test_simulator_restores import backed_up

from zilliz_local.cloud import MOVIES, ClusterFields

INTO = {"integrationId": "integ-1", "directory": "out/t1"}


async def test_an_export_fills_its_directory() -> None:
    """The only trace that a lost export leaves is its directory."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        made = (await api.post(f"{path}/export", INTO, token="t")).data
        assert set(made) == {"jobId"}
        cloud.advance(30)
        job = (await api.get(f"/v2/jobs/{made['jobId']}")).data
        assert (job["type"], job["status"]) == ("EXPORT", "SUCCESSFUL")
        (export,) = cloud.exports
        assert (export.directory, export.integration_id, export.written(cloud.clock.now())) == (
            "out/t1", "integ-1", 7_000_000_000,
        )  # fmt: skip
        (effect,) = cloud.ledger.effects(token="t")
        assert (effect.kind, effect.target["directory"]) == ("submit", "out/t1")
        assert (await api.get("/_sim/state")).body["exports"][0]["directory"] == "out/t1"


async def test_a_cancelled_export_leaves_what_was_uploaded() -> None:
    """Documented; an operator that promised an empty directory would promise too much."""
    async with simulated() as (cloud, api):
        job_id = (await api.post(f"{await backed_up(cloud, api)}/export", INTO)).data["jobId"]
        cloud.advance(5)
        assert (await api.post(f"/console/v1/jobs/{job_id}/cancel")).data["status"] == "CANCELING"
        cloud.advance(100)
        assert await api.status(job_id) == "CANCELED"
        assert cloud.exports[0].written(cloud.clock.now()) == 1_400_000_000


async def test_two_sends_write_into_the_same_directory() -> None:
    """There is no idempotency key, so the ledger must show the second effect."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        cloud.fault("export.create", "drop_after", times=1)
        with pytest.raises(LOST):
            await api.post(f"{path}/export", INTO, token="t")
        await api.post(f"{path}/export", INTO, token="t")
        assert cloud.ledger.effects_per_token()["t"] == 2
        assert {export.directory for export in cloud.exports} == {"out/t1"}


async def test_an_export_needs_an_integration_but_no_running_cluster() -> None:
    """A backup outlives the state of its cluster; the reason for exporting may be that it is stopped."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        assert (await api.post(f"{path}/export", {"directory": "out/"})).code == 400
        cloud.world.put_cluster(MOVIES, ClusterFields(status="STOPPED"))
        assert (await api.post(f"{path}/export", {"integrationId": "integ-1"})).code == 0
