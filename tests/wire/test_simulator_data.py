"""The data plane of a simulated cluster, found by its connectAddress: collections and entities."""

from typing import Any

import pytest
from tests.wire.test_simulator_base import LOST, Answer, Api, simulated

from zilliz_local.cloud import MOVIES

SCHEMA: dict[str, Any] = {
    "autoId": False,
    "enabledDynamicField": True,
    "fields": [
        {"fieldName": "key", "dataType": "Int64", "isPrimary": True},
        {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": "4"}},
    ],
}
WANTED: dict[str, Any] = {"collectionName": "demo", "description": "ours: t1", "schema": SCHEMA, "indexParams": [{}]}


class Data:
    """The data plane of one cluster."""

    def __init__(self, api: Api, address: str) -> None:
        self._api, self._path = api, "/" + address.split("/", 3)[3]

    async def __call__(self, what: str, *, token: str = "", **body: Any) -> Answer:
        return await self._api.post(f"{self._path}/v2/vectordb/{what}", body, token=token)

    async def count(self, name: str) -> int:
        rows = (await self("entities/query", collectionName=name, filter="", outputFields=["count(*)"])).data
        return int(rows[0]["count(*)"])


async def data_of(api: Api, cluster: str = MOVIES) -> Data:
    return Data(api, (await api.get(f"/v2/clusters/{cluster}")).data["connectAddress"])


async def test_the_connect_address_leads_to_the_data_plane_of_this_cluster() -> None:
    """Clients must take it from describe, so it has to work from wherever they came."""
    async with simulated() as (cloud, api):
        address = (await api.get(f"/v2/clusters/{MOVIES}")).data["connectAddress"]
        assert address == f"{cloud.url}/_data/{MOVIES}"
        listed = (await api.get("/v2/clusters")).data["clusters"]
        assert address in {row["connectAddress"] for row in listed}
        data = await data_of(api)
        assert (await data("collections/list", dbName="")).data == ["films", "actors", "reviews"]
        assert [(await data("collections/has", collectionName=name)).data["has"] for name in ("films", "no")] == [
            True, False,
        ]  # fmt: skip


async def test_a_created_collection_carries_its_description() -> None:
    """The description is the marker by which a lost creation is found again."""
    async with simulated() as (cloud, api):
        data = await data_of(api)
        assert (await data("collections/create", token="t", **WANTED)).data == {}
        seen = (await data("collections/describe", collectionName="demo")).data
        assert (seen["description"], seen["load"]) == ("ours: t1", "LoadStateLoaded")
        assert [field["name"] for field in seen["fields"] if field["primaryKey"]] == ["key"]
        assert (await data("collections/create", token="t", **WANTED)).code == 0, "the same again changes nothing"
        other = await data("collections/create", **WANTED | {"description": "somebody else's"})
        assert other.code == 65535
        assert cloud.ledger.effects_per_token() == {"t": 1}


async def test_a_lost_creation_took_place() -> None:
    """The answer of a data-plane call gets lost like any other."""
    async with simulated() as (cloud, api):
        data = await data_of(api)
        cloud.fault("data.create", "drop_after", times=1)
        with pytest.raises(LOST):
            await data("collections/create", **WANTED)
        assert (await data("collections/has", collectionName="demo")).data["has"] is True


async def test_a_rival_may_create_the_collection_first() -> None:
    """Then the name is there and nothing of ours had an effect."""
    async with simulated() as (cloud, api):
        cloud.rival_on("data.create", when="before")
        data = await data_of(api)
        assert (await data("collections/create", token="t", **WANTED)).code == 0
        assert [effect.client for effect in cloud.ledger.effects(kind="create")] == ["rival"]


async def test_upserts_replace_and_inserts_add() -> None:
    """A sample that is sent twice must not be there twice, and only upsert promises that."""
    async with simulated() as (cloud, api):
        data = await data_of(api)
        await data("collections/create", **WANTED)
        rows = [{"key": number, "vector": [0, 0, 0, 0]} for number in range(3)]
        for _ in range(2):
            answer = (await data("entities/upsert", collectionName="demo", data=rows)).data
            assert answer == {"upsertCount": 3, "upsertIds": ["0", "1", "2"]}
        assert await data.count("demo") == 3
        assert (await data("entities/insert", collectionName="demo", data=rows[:1])).data["insertCount"] == 1
        assert await data.count("demo") == 4
        assert (await data("entities/upsert", collectionName="demo", data=[{"vector": []}])).code == 1100
        assert len(cloud.ledger.effects(kind="write")) == 3
        assert "write" not in {entry.kind for entry in cloud.ledger.effects() if entry.token}


async def test_loading_takes_a_while_and_queries_need_it() -> None:
    """A restored collection that is not loaded answers no query."""
    async with simulated() as (cloud, api):
        cloud.pace(load_seconds=4)
        data = await data_of(api)
        await data("collections/create", **{name: WANTED[name] for name in ("collectionName", "schema")})
        seen = []
        for seconds in (0, 1, 4):
            if seconds:
                await data("collections/load", collectionName="demo")
            cloud.advance(seconds)
            state = (await data("collections/get_load_state", collectionName="demo")).data
            query = await data("entities/query", collectionName="demo", outputFields=["count(*)"])
            seen.append((state["loadState"], state["loadProgress"], query.code))
        assert seen == [
            ("LoadStateNotLoad", 0, 101), ("LoadStateLoading", 25, 101), ("LoadStateLoaded", 100, 0),
        ]  # fmt: skip
        await data("collections/release", collectionName="demo")
        assert (await data("entities/query", collectionName="demo", outputFields=["count(*)"])).code == 101


@pytest.mark.parametrize(
    "what",
    ["collections/describe", "collections/get_load_state", "collections/load", "entities/insert", "entities/query"],
)
async def test_an_unknown_collection_has_milvus_code(what: str) -> None:
    """Absent and unreachable must look different, else a look-up would conclude from an outage."""
    async with simulated() as (_, api):
        answer = await (await data_of(api))(what, collectionName="nope")
        assert (answer.http, answer.code) == (200, 100)
        assert "can't find collection" in answer.body["message"]


async def test_a_stopped_cluster_does_not_answer() -> None:
    """No data plane, no conclusion."""
    async with simulated() as (cloud, api):
        data = await data_of(api)
        await api.post(f"/v2/clusters/{MOVIES}/suspend")
        assert (await data("collections/has", collectionName="films")).http == 503
        cloud.advance(20)
        assert (await data("collections/list")).http == 503


async def test_a_dropped_collection_is_gone() -> None:
    """Dropping twice is no error, so a clean-up can be repeated."""
    async with simulated() as (cloud, api):
        data = await data_of(api)
        for _ in range(2):
            assert (await data("collections/drop", collectionName="films")).code == 0
        assert len(cloud.ledger.effects(kind="drop")) == 1
        assert (await api.import_films()).code == 47005


async def test_the_data_plane_wants_a_key() -> None:
    """Else anybody could look into a cluster."""
    async with simulated("wrong") as (_, api):
        answer = await api.post(f"/_data/{MOVIES}/v2/vectordb/collections/list")
        assert (answer.http, answer.code) == (401, 21119)
