"""Migrations on the simulated cloud: the public calls, and those that only the console has."""

from typing import Any

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local.cloud import MOVIES, PROJECT, SHOP

NEW: dict[str, Any] = {
    "clusterName": "moved", "projectId": PROJECT, "regionId": "aws-us-east-1", "plan": "Enterprise",
    "cuType": "Performance-optimized", "cuSize": 2,
}  # fmt: skip
FILMS = [{"collections": [{"collectionName": "films"}]}]
BETWEEN: dict[str, Any] = {"source": {"clusterId": MOVIES}, "destination": {"clusterId": SHOP}}
EXTERNAL = "/console/v1/migrations/external"


@pytest.mark.parametrize(
    "source",
    [
        {"objectUrl": "s3://demo-data/milvus-backup/", "accessKey": "", "token": None},
        {"bucketName": "demo-data", "path": "milvus-backup/"},
        {"stageName": "demo-volume", "dataPath": "milvus-backup/"},
        {"volumeName": "demo-volume", "dataPath": "milvus-backup/"},
    ],
)
async def test_backup_files_of_a_milvus_are_migrated_from_wherever_they_lie(source: dict[str, Any]) -> None:
    """The tools of Milvus send the one form, users of object storage the other."""
    async with simulated() as (cloud, api):
        body = {"source": source, "destination": {"clusterId": SHOP}}
        job_id = (await api.post("/v2/migrations/startByRemote", body)).data["jobId"]
        cloud.advance(40)
        job = (await api.get(f"/v2/jobs/{job_id}")).data
        assert (job["type"], job["status"]) == ("MIGRATION", "SUCCESSFUL")
        shop = cloud.world.clusters[SHOP]
        assert shop.fields.collections == {"default": ["products", "books"], "archive": ["orders", "authors"]}
        assert not shop.contents()["default", "books"].loaded
        assert "already exists" in (await api.post("/v2/migrations/startByRemote", body)).body["message"]


async def test_missing_backup_files_fail_the_job_and_unreadable_requests_are_refused() -> None:
    """A typo in a URL must end as Failed with its reason, not hang."""
    async with simulated() as (cloud, api):
        body: dict[str, Any] = {"source": {"objectUrl": "s3://b/none/"}, "destination": {"clusterId": SHOP}}
        job_id = (await api.post("/v2/migrations/startByRemote", body)).data["jobId"]
        cloud.advance(40)
        job = (await api.get(f"/v2/jobs/{job_id}")).data
        assert job["status"] == "FAILED"
        assert "s3://b/none/" in job["reason"]
        for wrong, code in (
            ({"source": {"objectUrl": "b/none"}}, 10003),
            ({"source": {}}, 400),
            ({"source": 1}, 400),
        ):
            assert (await api.post("/v2/migrations/startByRemote", body | wrong)).code == code


async def test_secrets_of_a_migration_are_kept_nowhere() -> None:
    """The ledger and the state are printed in test logs."""
    async with simulated() as (cloud, api):
        source = {"objectUrl": "s3://demo-data/milvus-backup/", "accessKey": "AK-1", "secretKey": "SK-1"}
        await api.post("/v2/migrations/startByRemote", {"source": source, "destination": {"clusterId": SHOP}})
        external = {"type": "pinecone", "apiKey": "PK-1"}
        await api.post(EXTERNAL, {"source": external, "destination": {"clusterId": SHOP}, "collections": ["index"]})
        dump = str([(await api.get(f"/_sim/{what}")).body for what in ("ledger", "state")])
        dump += repr(list(cloud.jobs.all()))
        assert not [secret for secret in ("AK-1", "SK-1", "PK-1") if secret in dump]


async def test_collections_are_migrated_to_an_existing_cluster_under_their_names() -> None:
    """The public call cannot rename, so a clash has to stop it."""
    async with simulated() as (cloud, api):
        path, body = "/v2/migrations/toExisting", BETWEEN | {"dbCollections": FILMS}
        cloud.rival_on("migration.existing", when="after")
        job_id = (await api.post(path, body)).data["jobId"]
        assert len(cloud.ledger.effects(route="migration.existing")) == 1, "the rival's names are taken"
        row = (await api.get("/console/v1/jobs", type="MIGRATION", clusterId=SHOP)).data["jobs"][0]
        assert (row["jobId"], row["sourceClusterId"], row["cancelable"]) == (job_id, MOVIES, True)
        cloud.advance(40)
        assert "films" in cloud.world.clusters[SHOP].fields.collections["default"]
        assert "already exists" in (await api.post(path, body)).body["message"]
        oldest = {"source": {"clusterId": MOVIES, "dbCollections": [{"collectionNames": ["actors"]}]}}
        assert (await api.post(path, BETWEEN | oldest)).code == 0
        missing = {"dbCollections": [{"collections": [{"collectionName": "nope"}]}]}
        assert (await api.post(path, BETWEEN | missing)).code == 47005


async def test_never_to_a_lower_plan() -> None:
    """Documented; the refusal must come before any data moves."""
    async with simulated() as (cloud, api):
        await api.call("PUT", f"/_sim/clusters/{SHOP}", json={"deploymentOption": "Serverless"})
        assert (await api.post("/v2/migrations/toExisting", BETWEEN | {"dbCollections": FILMS})).code == 63104
        assert not cloud.ledger.effects()


async def test_a_cancelled_migration_brings_nothing() -> None:
    """A user who cancels must be able to start again under the same names."""
    async with simulated() as (cloud, api):
        body = BETWEEN | {"dbCollections": FILMS}
        job_id = (await api.post("/v2/migrations/toExisting", body)).data["jobId"]
        cloud.advance(10)
        await api.post(f"/console/v1/jobs/{job_id}/cancel")
        cloud.advance(100)
        assert await api.status(job_id) == "CANCELED"
        assert (await api.post("/v2/migrations/toExisting", body)).code == 0


@pytest.mark.parametrize("bare", [False, True])
async def test_a_migration_to_a_new_cluster_answers_with_and_without_envelope(bare: bool) -> None:
    """Schema and example disagree; an operator that reads one form only would lose the password."""
    async with simulated() as (cloud, api):
        cloud.behave(migrations_without_envelope=bare)
        body = {"source": {"clusterId": MOVIES}, "destination": NEW}
        answer = await api.post("/v2/migrations/toNewDedicated", body, token="t")
        made = answer.body if bare else answer.data
        assert set(made) == {"clusterId", "username", "password", "jobId"}
        assert ("code" in answer.body) is not bare
        assert cloud.ledger.requests(token="t")[0].outcome == "0"
        seen = []
        for seconds in (0, 10, 30):
            cloud.advance(seconds)
            seen.append((await api.get(f"/v2/clusters/{made['clusterId']}")).data["status"])
        assert seen == ["CREATING", "MIGRATING", "RUNNING"]
        assert "films" in cloud.world.clusters[made["clusterId"]].fields.collections["default"]
        assert (await api.post("/v2/migrations/toNewDedicated", body)).code == 40013


async def test_whole_databases_are_migrated_to_a_new_cluster_and_may_be_renamed() -> None:
    """The public call cannot pick collections; what it takes must be what was named."""
    async with simulated() as (cloud, api):
        body: dict[str, Any] = {"source": {"clusterId": SHOP}, "destination": NEW}
        missing = body | {"dbCollections": [{"dbName": "nope"}]}
        assert (await api.post("/v2/migrations/toNewDedicated", missing)).code == 400
        renamed = body | {"dbCollections": [{"dbName": "archive", "destDbName": "old"}]}
        made = (await api.post("/v2/migrations/toNewDedicated", renamed)).data
        cloud.advance(40)
        assert cloud.world.clusters[made["clusterId"]].fields.collections == {"old": ["orders"]}


async def test_the_new_cluster_is_checked() -> None:
    """Documented fields and ranges."""
    async with simulated() as (cloud, api):
        for wrong, code in (
            ({"projectId": "proj-x"}, 80014), ({"plan": "Free"}, 400), ({"cuType": ""}, 400), ({"cuSize": 0}, 400),
        ):  # fmt: skip
            body = {"source": {"clusterId": MOVIES}, "destination": NEW | wrong}
            assert (await api.post("/v2/migrations/toNewDedicated", body)).code == code
        assert not cloud.ledger.effects()


@pytest.mark.parametrize("gone", [404, 405])
async def test_the_deprecated_calls_can_be_gone(gone: int) -> None:
    """They are marked deprecated; the day they vanish must read as "no public API", not as a failed job."""
    async with simulated() as (cloud, api):
        cloud.behave(migrations_gone=gone)
        for name in ("toExisting", "toNewDedicated"):
            assert (await api.post(f"/v2/migrations/{name}", BETWEEN)).http == gone
        body = {"source": {"objectUrl": "s3://demo-data/milvus-backup/"}, "destination": {"clusterId": SHOP}}
        assert (await api.post("/v2/migrations/startByRemote", body)).http == 200


async def test_collections_of_another_vendor_are_migrated_by_the_console() -> None:
    """No public call exists; what cannot be named in the cloud is refused at once."""
    async with simulated() as (cloud, api):

        def body(source: str, *collections: Any) -> dict[str, Any]:
            return {"source": {"type": source}, "destination": {"clusterId": SHOP}, "collections": list(collections)}

        named = {"source": "a", "destination": "b", "destDbName": "archive"}
        job_id = (await api.post(EXTERNAL, body("pinecone", "my-index", named))).data["jobId"]
        cloud.advance(40)
        assert await api.status(job_id) == "SUCCESSFUL"
        held = cloud.world.clusters[SHOP].fields.collections
        assert held == {"default": ["products", "my_index"], "archive": ["orders", "b"]}
        for wrong in (
            body("oracle", "a"),
            body("qdrant"),
            body("elasticsearch", "my-index"),
            body("milvus", "products"),
            body("milvus", "twice", "twice"),
            body("tencentVectorDB", *(f"c{number}" for number in range(11))),
        ):
            assert (await api.post(EXTERNAL, wrong)).code == 400, wrong


async def test_another_vendors_collections_may_go_into_a_new_cluster() -> None:
    """Names as the operator spells them, and the same answer as for every new cluster."""
    async with simulated() as (cloud, api):
        collections = [{"dbName": "a", "collectionName": "b", "destDbName": "d", "destCollectionName": "c"}]
        body = {"source": {"type": "ZILLIZ_EXTERNAL"}, "destination": NEW, "collections": collections}
        many = {"collections": [f"c{number}" for number in range(11)]}
        assert (await api.post(EXTERNAL, body | many)).code == 400
        made = (await api.post(EXTERNAL, body)).data
        assert set(made) == {"clusterId", "username", "password", "jobId"}
        cloud.advance(40)
        assert await api.status(made["jobId"]) == "SUCCESSFUL"
        assert cloud.world.clusters[made["clusterId"]].fields.collections == {"d": ["c"]}
        assert (await api.post(EXTERNAL, body)).code == 40013


async def test_a_zero_downtime_migration_cannot_be_cancelled() -> None:
    """Documented; the operator refuses the cancel with the same reason."""
    async with simulated() as (cloud, api):
        body = {"source": {"clusterId": MOVIES}, "destination": NEW}
        made = (await api.post("/console/v1/migrations/zeroDowntime", body)).data
        assert (await api.post(f"/console/v1/jobs/{made['jobId']}/cancel")).code == 40003
        assert (await api.get(f"/v2/clusters/{MOVIES}")).data["status"] == "RUNNING", "it goes on serving"
        cloud.advance(40)
        assert (await api.get(f"/v2/clusters/{made['clusterId']}")).data["status"] == "RUNNING"
        assert (await api.get(f"/v2/jobs/{made['jobId']}")).data["type"] == "MIGRATION"
