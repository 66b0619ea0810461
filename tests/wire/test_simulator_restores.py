"""Restores on the simulated cloud: a new cluster with its one-time password, a collection under a new name."""

from typing import Any

import pytest
from tests.wire.test_simulator_base import LOST, Answer, Api, simulated

from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator

WANTED: dict[str, Any] = {"projectId": PROJECT, "clusterName": "again", "cuSize": 4, "collectionStatus": "KEEP"}


async def backed_up(cloud: CloudSimulator, api: Api, **more: Any) -> str:
    """The path of a finished backup of MOVIES."""
    made = (await api.back_up(**more)).data
    cloud.advance(30)
    return f"/v2/clusters/{MOVIES}/backups/{made['backupId']}"


async def restore(api: Api, path: str, *collections: dict[str, Any], token: str = "", **more: Any) -> Answer:
    body = {"destClusterId": SHOP} | more
    if collections:
        body["dbCollections"] = [{"dbName": "default", "collections": list(collections)}]
    return await api.post(f"{path}/restoreCollection", body, token=token)


async def status_in_list(api: Api, cluster_id: str) -> str | None:
    rows = (await api.get("/v2/clusters")).data["clusters"]
    return next((row["status"] for row in rows if row["clusterId"] == cluster_id), None)


async def test_a_restored_cluster_is_created_filled_and_runs() -> None:
    """A lost answer is found again by the cluster's name, so it must be in the list from the first moment."""
    async with simulated() as (cloud, api):
        made = (await api.post(f"{await backed_up(cloud, api)}/restoreCluster", WANTED)).data
        assert set(made) == {"clusterId", "username", "password", "jobId"}
        seen = []
        for seconds in (0, 10, 20):
            cloud.advance(seconds)
            job = (await api.get(f"/v2/jobs/{made['jobId']}")).data
            seen.append((await status_in_list(api, made["clusterId"]), job["status"]))
        assert seen == [("CREATING", "PENDING"), ("RESTORE_BACKUP", "IN_PROGRESS"), ("RUNNING", "SUCCESSFUL")]
        assert job["type"] == "RESTORE"
        one = (await api.get(f"/v2/clusters/{made['clusterId']}")).data
        assert (one["clusterName"], one["cuSize"], one["regionId"]) == ("again", 4, "aws-us-west-2")
        assert cloud.world.clusters[made["clusterId"]].fields.collections["default"] == ["films", "actors", "reviews"]


async def test_the_password_is_told_once() -> None:
    """An operator that drops the answer has lost it, and the simulator must not hide that."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        made = (await api.post(f"{path}/restoreCluster", WANTED)).data
        reads = [await api.get(f"/v2/clusters/{made['clusterId']}"), await api.get("/_sim/state")]
        reads += [await api.get(f"/console/v1/jobs/{made['jobId']}"), await api.get("/_sim/ledger")]
        assert not [read.body for read in reads if made["password"] in str(read.body)]


async def test_a_cluster_name_is_taken_from_the_first_moment() -> None:
    """This is what makes a second send harmless: the cloud says 40013 and no second cluster is paid for."""
    async with simulated() as (cloud, api):
        path = f"{await backed_up(cloud, api)}/restoreCluster"
        cloud.rival_on("restore.cluster", when="after")
        assert (await api.post(path, WANTED, token="t")).code == 0
        assert (await api.post(path, WANTED, token="t")).code == 40013
        assert (await api.post(path, WANTED | {"clusterName": "movies"})).code == 40013
        assert len(cloud.ledger.effects(route="restore.cluster")) == 1
        assert cloud.ledger.effects_per_token()["t"] == 1


async def test_the_cluster_restore_is_checked() -> None:
    """A wrong project or size must be told before anything is paid for."""
    async with simulated() as (cloud, api):
        path = f"{await backed_up(cloud, api)}/restoreCluster"
        for wrong, code in (
            ({"projectId": "proj-other"}, 80014),
            ({"cuSize": 1025}, 400),
            ({"cuSize": None}, 400),
            ({"collectionStatus": "RELEASED"}, 400),
            ({"restoreVersionPolicy": "NEWEST"}, 400),
            ({"clusterName": ""}, 400),
        ):
            assert (await api.post(path, WANTED | wrong)).code == code, wrong
        assert not cloud.ledger.effects(route="restore.*")
        few = await backed_up(cloud, api, backupType="COLLECTION", dbCollections=[{"collectionNames": ["films"]}])
        assert (await api.post(f"{few}/restoreCluster", WANTED)).code == 400


@pytest.mark.parametrize("what", ["restoreCluster", "restoreCollection", "export"])
async def test_a_backup_must_be_available(what: str) -> None:
    """A restore that begins before its backup has ended would restore half of it."""
    async with simulated() as (cloud, api):
        made = (await api.back_up()).data
        path = f"/v2/clusters/{MOVIES}/backups/{made['backupId']}"
        body = WANTED | {"destClusterId": SHOP, "integrationId": "integ-1"}
        assert (await api.post(f"{path}/{what}", body)).code == 40003
        cloud.advance(30)
        await api.call("DELETE", path)
        assert (await api.post(f"{path}/{what}", body)).code == 404


async def test_a_failed_cluster_restore_leaves_an_abnormal_cluster() -> None:
    """The state of a restore whose answer was lost follows the cluster, so a failure must show there."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        cloud.next_job("RESTORE", failure="quota exceeded")
        made = (await api.post(f"{path}/restoreCluster", WANTED)).data
        cloud.advance(100)
        assert await status_in_list(api, made["clusterId"]) == "ABNORMAL"
        assert (await api.get(f"/v2/jobs/{made['jobId']}")).data["reason"] == "quota exceeded"


async def test_a_lost_answer_leaves_a_cluster_behind() -> None:
    """The costliest fault of all: nobody holds the id of what is being paid for."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        cloud.fault("restore.cluster", "drop_after", times=1)
        with pytest.raises(LOST):
            await api.post(f"{path}/restoreCluster", WANTED, token="t")
        (effect,) = cloud.ledger.effects(token="t")
        assert await status_in_list(api, effect.target["clusterId"]) == "CREATING"
        rows = (await api.get("/console/v1/jobs", type="RESTORE", clusterId=MOVIES)).data["jobs"]
        assert [(row["jobId"], row["sourceClusterId"]) for row in rows] == [(effect.job_id, MOVIES)]


@pytest.mark.parametrize(
    ("spelling", "loaded"),
    [
        ({"destCollectionName": "copy", "destCollectionStatus": "LOADED"}, True),
        ({"destCollectionName": "copy", "destCollectionStatus": "UNLOADED"}, False),
        ({"targetCollectionName": "copy", "targetCollectionStatus": "LOADED"}, True),
        ({"destCollectionName": "copy"}, False),
    ],
)
async def test_a_collection_is_restored_under_its_new_name(spelling: dict[str, str], loaded: bool) -> None:
    """Newer and older documentation name the fields differently; neither may restore over the original."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        job_id = (await restore(api, path, {"collectionName": "films"} | spelling)).data["jobId"]
        row = (await api.get(f"/console/v1/jobs/{job_id}")).data
        assert (row["type"], row["clusterId"], row["collectionName"], row["cancelable"]) == (
            "RESTORE", SHOP, "copy", False,
        )  # fmt: skip
        assert (await api.post(f"/console/v1/jobs/{job_id}/cancel")).code == 40003
        cloud.advance(30)
        restored = cloud.world.clusters[SHOP].collection("default", "copy")
        assert restored is not None
        assert restored.loaded is loaded


@pytest.mark.parametrize(("at", "seen"), [("start", [False, True, True]), ("end", [False, False, True])])
async def test_when_a_restored_collection_appears_is_a_switch(at: str, seen: list[bool]) -> None:
    """Not documented, and a look-up that takes its absence for proof would restore twice."""
    async with simulated() as (cloud, api):
        cloud.behave(collections_appear_at=at)
        await restore(api, await backed_up(cloud, api), {"collectionName": "films"})
        found = []
        for seconds in (0, 10, 20):
            cloud.advance(seconds)
            found.append(cloud.world.clusters[SHOP].collection("default", "films") is not None)
        assert found == seen


async def test_a_failed_restore_leaves_no_collection() -> None:
    """Else a half-filled collection would be taken for the restored one."""
    async with simulated() as (cloud, api):
        cloud.behave(collections_appear_at="start")
        cloud.next_job("RESTORE", failure="no space left")
        await restore(api, await backed_up(cloud, api), {"collectionName": "films"})
        cloud.advance(30)
        assert cloud.world.clusters[SHOP].collection("default", "films") is None
        assert (await restore(api, await backed_up(cloud, api), {"collectionName": "films"})).code == 0


async def test_a_name_clash_is_refused_also_with_a_restore_under_way() -> None:
    """A restore over existing data would destroy it; a second send of the same one must not start again."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        films = {"collectionName": "films", "destCollectionName": "products"}
        clash = await restore(api, path, films)
        assert clash.code == 400
        assert "already exists" in clash.body["message"]
        assert (await restore(api, path, {"collectionName": "films"})).code == 0
        assert "already exists" in (await restore(api, path, {"collectionName": "films"})).body["message"]
        assert len(cloud.ledger.effects(route="restore.collection")) == 1


async def test_one_collection_several_or_all_of_them() -> None:
    """Documented in two ways: the guides know one a request; the newest page several, and none named is everything,
    unloaded."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        two = [
            {"collectionName": "films", "destCollectionName": "a"},
            {"collectionName": "actors", "destCollectionName": "b"},
        ]
        cloud.behave(restores_several=False)
        assert (await restore(api, path, *two)).code == 400
        assert (await restore(api, path)).code == 400
        cloud.behave(restores_several=True)
        assert (await restore(api, path, *two)).code == 0
        assert (await restore(api, path, {"collectionName": "nope"})).code == 47005
        assert (await restore(api, path, {"collectionName": "films"}, destClusterId="in01-none")).code == 40021
        assert (await restore(api, path)).code == 0
        cloud.advance(30)
        shop = cloud.world.clusters[SHOP]
        assert shop.fields.collections["default"] == ["products", "a", "b", "films", "actors", "reviews"]
        assert not shop.contents()["default", "films"].loaded


async def test_the_backups_of_a_deleted_cluster_can_still_be_listed() -> None:
    """A look-up over all backups must not break because somebody dropped a cluster."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        await api.call("DELETE", f"/_sim/clusters/{MOVIES}")
        assert (await api.get("/v2/backups")).data["count"] == 1
        assert (await restore(api, path)).code == 40021


async def test_a_cluster_job_can_be_too_quick_to_be_seen() -> None:
    """Polls are rarer than changes: the new cluster may be RUNNING at the first look."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        cloud.behave(skip_states=("PENDING", "IN_PROGRESS"))
        made = (await api.post(f"{path}/restoreCluster", WANTED)).data
        assert await status_in_list(api, made["clusterId"]) == "RUNNING"
        await api.post(f"/v2/clusters/{MOVIES}/suspend")
        assert await status_in_list(api, MOVIES) == "STOPPED"


async def test_a_backup_holds_what_was_there_when_it_was_made() -> None:
    """Else a restore after an accident would bring back the accident."""
    async with simulated() as (cloud, api):
        path = await backed_up(cloud, api)
        await api.call("DELETE", f"/_sim/clusters/{MOVIES}/collections/films")
        assert (await restore(api, path, {"collectionName": "films"}, destClusterId=MOVIES)).code == 0
        cloud.advance(30)
        assert "films" in cloud.world.clusters[MOVIES].fields.collections["default"]
