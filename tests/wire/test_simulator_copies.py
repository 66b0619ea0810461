"""Clones and sample collections on the simulated cloud: console calls without a public twin."""

import pytest
from tests.wire.test_simulator_base import LOST, simulated

from zilliz_local.cloud import MOVIES

CLONE = {"clusterId": MOVIES, "dbName": "", "collectionName": "films", "destCollectionName": "copy"}
SAMPLE = {"clusterId": MOVIES, "dbName": "", "collectionName": "demo", "dataset": "articles"}


async def test_a_clone_has_the_content_of_its_original() -> None:
    """A clone without the data would be found out when the original is dropped."""
    async with simulated() as (cloud, api):
        await api.call("PUT", f"/_sim/clusters/{MOVIES}/collections/films", json={"rows": 7, "description": "all"})
        job_id = (await api.post("/console/v1/collections/clone", CLONE)).data["jobId"]
        assert cloud.world.clusters[MOVIES].collection("default", "copy") is None
        cloud.advance(11)
        job = (await api.get(f"/v2/jobs/{job_id}")).data
        assert (job["type"], job["status"]) == ("CLONE_COLLECTION", "SUCCESSFUL")
        copy = cloud.world.clusters[MOVIES].collection("default", "copy")
        assert copy is not None
        assert (copy.count, copy.description, copy.loaded) == (7, "all", True)


async def test_a_sample_collection_is_filled() -> None:
    """The first thing a newcomer makes."""
    async with simulated() as (cloud, api):
        job_id = (await api.post("/console/v1/collections/sample", SAMPLE)).data["jobId"]
        cloud.advance(10)
        assert (await api.get(f"/v2/jobs/{job_id}")).data["type"] == "SAMPLE_COLLECTION"
        made = cloud.world.clusters[MOVIES].collection("default", "demo")
        assert made is not None
        assert made.count == 1000


@pytest.mark.parametrize(("path", "body"), [("clone", CLONE), ("sample", SAMPLE)])
async def test_clones_and_samples_clash_fail_and_cannot_be_cancelled(path: str, body: dict[str, str]) -> None:
    """A second send must not make a second copy, and a failed one must leave the name free."""
    async with simulated() as (cloud, api):
        url = f"/console/v1/collections/{path}"
        cloud.next_job({"clone": "CLONE_COLLECTION", "sample": "SAMPLE_COLLECTION"}[path], failure="no space left")
        cloud.fault(f"console.{path}", "drop_after", times=1)
        with pytest.raises(LOST):
            await api.post(url, body, token="t")
        assert "already exists" in (await api.post(url, body, token="t")).body["message"]
        (effect,) = cloud.ledger.effects(token="t")
        assert (await api.post(f"/console/v1/jobs/{effect.job_id}/cancel")).code == 40003
        cloud.advance(60)
        assert cloud.look(effect.job_id).reason == "no space left"
        assert (await api.post(url, body)).code == 0
        assert (await api.post(url, body | {"clusterId": "in01-none"})).code == 40021
        await api.post(f"/v2/clusters/{MOVIES}/suspend")
        assert (await api.post(url, body | {"collectionName": "actors"})).code == 40003


async def test_a_clone_needs_its_original() -> None:
    """Else a typo would make an empty collection."""
    async with simulated() as (_, api):
        assert (await api.post("/console/v1/collections/clone", CLONE | {"collectionName": "nope"})).code == 47005
