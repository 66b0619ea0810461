"""What starts restores, exports, migrations and scaling. If these fail, the cloud does another thing than was asked
for, or an id or a password is lost."""

import httpx2
import pytest
from tests.unit.cloud.stub import data, failure, open_fence

from zilliz_jobs.cloud.effects import Refused, Taken, Uncertain
from zilliz_jobs.cloud.external import ExternalSource, MigratedCollection, SourceType
from zilliz_jobs.cloud.migrations import DatabaseCollections, NewCluster, RemoteSource
from zilliz_jobs.cloud.restores import Restored
from zilliz_jobs.cloud.scaling import Autoscaling, Schedule, Schedules

ONCE = {"token": "t-1", "fence": open_fence}
MADE = {"clusterId": "in01-new", "username": "db_admin", "password": "pw-once-1", "jobId": "job-1"}
NEW = NewCluster(
    cluster_name="copy",
    project_id="proj-1",
    region_id="aws-us-west-2",
    plan="Enterprise",
    cu_type="Performance-optimized",
    cu_size=2,
)
NEW_ON_THE_WIRE = {
    "clusterName": "copy",
    "projectId": "proj-1",
    "regionId": "aws-us-west-2",
    "plan": "Enterprise",
    "cuType": "Performance-optimized",
    "cuSize": 2,
}


def restore_cluster(session, policy="LATEST"):
    return session.restores.restore_cluster(
        "in01-a",
        "backup0_1",
        project_id="proj-1",
        name="Dedicated-12",
        cu_size=2,
        collection_status="KEEP",
        restore_version_policy=policy,
        **ONCE,
    )


def restore_collection(session):
    books = Restored("default", "books", "db", "books_2", "LOADED")
    return session.restores.restore_collections(
        "in01-a", "backup0_1", dest_cluster_id="in01-b", collections=[books], **ONCE
    )


def restore_several(session):
    wanted = [
        Restored("default", "books", "db", "books_2", "LOADED"),
        Restored("db", "films", "db", "films"),
        Restored("default", "songs", "db", "songs"),
    ]
    return session.restores.restore_collections(
        "in01-a", "backup0_1", dest_cluster_id="in01-b", collections=wanted, **ONCE
    )


def restore_all(session):
    return session.restores.restore_collections(
        "in01-a", "backup0_1", dest_cluster_id="in01-b", collections=[], **ONCE
    )


def export(session):
    return session.exports.export("in01-a", "backup0_1", integration_id="integ-1", directory="dir/t-1", **ONCE)


def by_remote(session):
    return session.migrations.start_by_remote(RemoteSource(stage_name="v", data_path="p/"), "in01-b", **ONCE)


def to_existing(session):
    wanted = [DatabaseCollections(collections=("books",)), DatabaseCollections(db_name="db", dest_db_name="db2")]
    return session.migrations.to_existing("in01-a", "in01-b", wanted, **ONCE)


def to_new(session, databases=None):
    return session.migrations.to_new_dedicated("in01-a", NEW, databases, **ONCE)


def clone(session):
    return session.console.clone(
        "in01-a", database="default", collection="books", dest_database="db", dest_collection="copy", **ONCE
    )


def sample(session):
    return session.console.sample("in01-a", database="default", collection="s", dataset="medium", **ONCE)


def external(session, destination="in01-b"):
    source = ExternalSource(type=SourceType.QDRANT, uri="https://q:6334", api_key="qdrant-key-1")
    wanted = [MigratedCollection(db_name="shop", collection_name="points", dest_collection_name="books")]
    return session.console.migrate_external(source, destination, wanted, **ONCE)


def zero_downtime(session):
    return session.console.migrate_zero_downtime("in01-a", NEW, **ONCE)


BACKUP = "/v2/clusters/in01-a/backups/backup0_1"
STARTS = [
    (
        restore_cluster,
        f"{BACKUP}/restoreCluster",
        {
            "projectId": "proj-1",
            "clusterName": "Dedicated-12",
            "cuSize": 2,
            "collectionStatus": "KEEP",
            "restoreVersionPolicy": "LATEST",
        },
    ),
    (
        restore_collection,
        f"{BACKUP}/restoreCollection",
        {
            "destClusterId": "in01-b",
            "dbCollections": [
                {
                    "dbName": "default",
                    "destDbName": "db",
                    "collections": [
                        {
                            "collectionName": "books",
                            "destCollectionName": "books_2",
                            "destCollectionStatus": "LOADED",
                        }
                    ],
                }
            ],
        },
    ),
    (
        restore_several,
        f"{BACKUP}/restoreCollection",
        {
            "destClusterId": "in01-b",
            "dbCollections": [
                {
                    "dbName": "default",
                    "destDbName": "db",
                    "collections": [
                        {
                            "collectionName": "books",
                            "destCollectionName": "books_2",
                            "destCollectionStatus": "LOADED",
                        },
                        {
                            "collectionName": "songs",
                            "destCollectionName": "songs",
                            "destCollectionStatus": "UNLOADED",
                        },
                    ],
                },
                {
                    "dbName": "db",
                    "destDbName": "db",
                    "collections": [
                        {
                            "collectionName": "films",
                            "destCollectionName": "films",
                            "destCollectionStatus": "UNLOADED",
                        }
                    ],
                },
            ],
        },
    ),
    (restore_all, f"{BACKUP}/restoreCollection", {"destClusterId": "in01-b"}),
    (export, f"{BACKUP}/export", {"integrationId": "integ-1", "directory": "dir/t-1"}),
    (
        by_remote,
        "/v2/migrations/startByRemote",
        {"source": {"stageName": "v", "dataPath": "p/"}, "destination": {"clusterId": "in01-b"}},
    ),
    (
        to_existing,
        "/v2/migrations/toExisting",
        {
            "source": {"clusterId": "in01-a"},
            "destination": {"clusterId": "in01-b"},
            "dbCollections": [
                {"collections": [{"collectionName": "books"}]},
                {"dbName": "db", "destDbName": "db2"},
            ],
        },
    ),
    (
        to_new,
        "/v2/migrations/toNewDedicated",
        {"source": {"clusterId": "in01-a"}, "destination": NEW_ON_THE_WIRE},
    ),
    (
        clone,
        "/console/v1/collections/clone",
        {
            "clusterId": "in01-a",
            "dbName": "default",
            "collectionName": "books",
            "destDbName": "db",
            "destCollectionName": "copy",
        },
    ),
    (
        sample,
        "/console/v1/collections/sample",
        {"clusterId": "in01-a", "dbName": "default", "collectionName": "s", "dataset": "medium"},
    ),
    (
        external,
        "/console/v1/migrations/external",
        {
            "source": {"type": "QDRANT", "uri": "https://q:6334", "apiKey": "qdrant-key-1"},
            "destination": {"clusterId": "in01-b"},
            "collections": [{"dbName": "shop", "collectionName": "points", "destCollectionName": "books"}],
        },
    ),
    (
        zero_downtime,
        "/console/v1/migrations/zeroDowntime",
        {"source": {"clusterId": "in01-a"}, "destination": NEW_ON_THE_WIRE},
    ),
]
CALLS = [call for call, _, _ in STARTS]
MAKES_A_CLUSTER = [restore_cluster, to_new, zero_downtime, lambda session: external(session, NEW)]


@pytest.mark.parametrize(("call", "path", "body"), STARTS)
async def test_a_start_sends_exactly_what_is_documented_and_tells_the_job(session, cloud, call, path, body):
    cloud.says({"jobId": "job-1"})
    reply = await call(session)
    assert isinstance(reply, Taken)
    assert reply.text("jobId") == "job-1"
    assert cloud.paths == [path]
    assert cloud.bodies == [body]
    assert cloud.requests[0].method == "POST"
    assert cloud.requests[0].headers["Idempotency-Key"] == "t-1"


@pytest.mark.parametrize("answer", [{}, {"jobId": ""}, []])
@pytest.mark.parametrize("call", CALLS)
async def test_a_start_that_names_nothing_to_follow_is_uncertain(session, cloud, call, answer):
    cloud.says(answer)
    assert isinstance(await call(session), Uncertain)


@pytest.mark.parametrize("call", CALLS)
async def test_a_refused_start_keeps_the_clouds_code(session, cloud, call):
    cloud.says(failure(40003, "not in this state"))
    reply = await call(session)
    assert isinstance(reply, Refused)
    assert reply.code == 40003


@pytest.mark.parametrize("call", CALLS)
async def test_a_start_whose_answer_is_lost_or_strange_is_uncertain(session, cloud, call):
    for answer in (httpx2.ReadTimeout("late"), failure(12345, "?"), httpx2.Response(502, text="bad gateway")):
        cloud.says(answer)
        assert isinstance(await call(session), Uncertain)


@pytest.mark.parametrize("call", MAKES_A_CLUSTER)
async def test_the_login_of_a_new_cluster_is_told_once_and_shown_nowhere(session, cloud, call):
    cloud.says(MADE)
    reply = await call(session)
    assert isinstance(reply, Taken)
    assert [reply.text(name) for name in MADE] == list(MADE.values())
    assert "pw-once-1" not in repr(reply)
    cloud.says({"clusterId": "in01-new"})
    assert isinstance(await call(session), Taken)


async def test_a_migration_into_a_new_cluster_may_be_answered_without_an_envelope(session, cloud):
    cloud.says(httpx2.Response(200, json=MADE))
    reply = await to_new(session, {"default": "default", "db": "db2"})
    assert isinstance(reply, Taken)
    assert (reply.text("jobId"), reply.text("password")) == ("job-1", "pw-once-1")
    assert cloud.bodies[0]["dbCollections"] == [
        {"dbName": "default", "destDbName": "default"},
        {"dbName": "db", "destDbName": "db2"},
    ]
    cloud.says(httpx2.Response(200, json={"jobId": "job-1"}))
    assert isinstance(await to_existing(session), Uncertain)


async def test_a_cluster_keeps_the_clouds_choice_of_version_and_collections_where_none_is_given(session, cloud):
    cloud.says(MADE)
    await restore_cluster(session, policy=None)
    assert "restoreVersionPolicy" not in cloud.bodies[0]
    await session.migrations.to_existing("in01-a", "in01-b", **ONCE)
    assert "dbCollections" not in cloud.bodies[1]
    await session.console.migrate_external(ExternalSource(type=SourceType.MILVUS), NEW, **ONCE)
    assert cloud.bodies[2] == {"source": {"type": "MILVUS"}, "destination": NEW_ON_THE_WIRE}


async def test_a_deprecated_call_that_is_gone_is_refused_with_its_http_status(session, cloud):
    cloud.says(httpx2.Response(404, text="404 page not found"))
    reply = await to_new(session)
    assert isinstance(reply, Refused)
    assert (reply.code, reply.http_status) == (None, 404)


async def test_credentials_of_a_source_are_sent_and_never_shown(session, cloud):
    remote = RemoteSource(object_url="s3://b/p", access_key="AK-12345", secret_key="SK-12345", token="TK-12345")
    other = ExternalSource(type="POSTGRESQL", uri="postgresql://me:PW-12345@db", username="me", password="PW-12345")
    shown = repr(remote) + repr(other)
    cloud.says(failure(400, "bad SK-12345 or PW-12345"))
    replies = [
        await session.migrations.start_by_remote(remote, "in01-b", **ONCE),
        await session.console.migrate_external(other, "in01-b", **ONCE),
    ]
    assert cloud.bodies[0]["source"]["secretKey"] == "SK-12345"
    assert cloud.bodies[1]["source"]["password"] == "PW-12345"
    assert "-12345" not in shown
    assert "SK-12345" not in replies[0].message
    assert "PW-12345" not in replies[1].message


@pytest.mark.parametrize("verb", ["suspend", "resume"])
async def test_suspend_and_resume_have_no_body_and_no_job(session, cloud, verb):
    cloud.says({"clusterId": "in01-a", "prompt": "Successfully Submitted."})
    reply = await getattr(session.scaling, verb)("in01-a", **ONCE)
    assert isinstance(reply, Taken)
    assert (reply.text("clusterId"), reply.text("jobId")) == ("in01-a", "")
    assert cloud.paths == [f"/v2/clusters/in01-a/{verb}"]
    assert cloud.requests[0].content == b""


WEEKDAYS = Schedules(schedules=(Schedule(cron="0 9 * * 1-5", target=8, timezone="UTC"), Schedule(cron="c", target=2)))


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({"cu_size": 2}, {"cuSize": 2}),
        ({"replica": 2}, {"replica": 2}),
        (
            {"autoscaling": Autoscaling(cu={"min": 1, "max": 2})},
            {"autoscaling": {"cu": {"min": 1, "max": 2}}},
        ),
        (
            {"autoscaling": Autoscaling(cu={"min": 1, "max": 2}, replica={"min": 2, "max": 3})},
            {"autoscaling": {"cu": {"min": 1, "max": 2}, "replica": {"min": 2, "max": 3}}},
        ),
        (
            {"cu_size": 2, "autoscaling": Autoscaling(replica={"min": 2, "max": 3})},
            {"cuSize": 2, "autoscaling": {"replica": {"min": 2, "max": 3}}},
        ),
        (
            {"autoscaling": Autoscaling(replica=WEEKDAYS.model_dump(by_alias=True, exclude_none=True))},
            {
                "autoscaling": {
                    "replica": {
                        "schedules": [
                            {"cron": "0 9 * * 1-5", "target": 8, "timezone": "UTC"},
                            {"cron": "c", "target": 2},
                        ]
                    }
                }
            },
        ),
    ],
)
async def test_one_thing_is_scaled_at_a_time(session, cloud, change, body):
    cloud.says({"clusterId": "in01-a", "prompt": "successfully submitted"})
    assert isinstance(await session.scaling.modify("in01-a", **change, **ONCE), Taken)
    assert cloud.paths == ["/v2/clusters/in01-a/modify"]
    assert cloud.bodies == [body]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"autoscaling": Autoscaling()},
        {"cu_size": 2, "replica": 2},
        {"cu_size": 2, "autoscaling": Autoscaling(cu={"min": 1, "max": 2})},
        {"replica": 2, "autoscaling": Autoscaling(replica={"min": 1, "max": 2})},
    ],
)
async def test_nothing_or_two_things_at_once_are_not_even_sent(session, cloud, change):
    with pytest.raises(ValueError, match="one size is needed, or a rule"):
        await session.scaling.modify("in01-a", **change, **ONCE)
    assert cloud.requests == []


@pytest.mark.parametrize(
    ("kept", "body"),
    [
        (None, {"replica": 2}),
        (Autoscaling(cu={"min": 1, "max": 2}), {"replica": 2, "autoscaling": {"cu": {"min": 1, "max": 2}}}),
    ],
)
async def test_a_number_of_replicas_has_its_own_call(session, cloud, kept, body):
    """The vendor's own client sends it so; a server is known that answers 500 to the other call."""
    cloud.says({"clusterId": "in01-a", "prompt": "successfully submitted"})
    assert isinstance(await session.scaling.modify_replica("in01-a", replica=2, autoscaling=kept, **ONCE), Taken)
    assert cloud.paths == ["/v2/clusters/in01-a/modifyReplica"]
    assert cloud.bodies == [body]


async def test_a_busy_cluster_refuses_to_be_scaled(session, cloud):
    cloud.says(failure(40003, "the cluster is MODIFYING"), data({"clusterId": "in01-a"}))
    reply = await session.scaling.suspend("in01-a", **ONCE)
    assert isinstance(reply, Refused)
    assert reply.code == 40003
