"""A cluster's data plane. If these fail, the key goes to an address that it must not go to, or a collection is made
twice."""

import httpx2
import pytest
from tests.unit.cloud.stub import KEY, data, failure, open_fence

from zilliz_jobs.cloud.dataplane import NewCollection
from zilliz_jobs.cloud.effects import NotSent, Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch, Rejected, Transient
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession

ONCE = {"token": "t-1", "fence": open_fence}
ADDRESS = "https://in01-a.aws-us-west-2.vectordb.zillizcloud.com:19530"


def fallen_fence():
    raise RuntimeError("the lease is lost")


GONE = failure(100, "can't find collection[database=default][collection=books]")


@pytest.fixture
def plane(session):
    return session.data(ADDRESS)


async def test_a_data_plane_is_asked_at_the_clusters_own_address_with_the_same_key(session, cloud, plane):
    cloud.says({"has": True})
    assert await plane.has_collection("books", database="db") is True
    assert str(cloud.requests[0].url) == f"{ADDRESS}/v2/vectordb/collections/has"
    assert cloud.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert cloud.bodies == [{"dbName": "db", "collectionName": "books"}]


@pytest.mark.parametrize("answer", [{}, {"has": "false"}, {"has": None}, [], "true"])
async def test_only_a_clear_no_is_a_no(cloud, plane, answer):
    cloud.says(data({"has": False}))
    assert await plane.has_collection("books") is False
    cloud.says(data(answer))
    with pytest.raises(ProtocolMismatch, match="neither yes nor no"):
        await plane.has_collection("books")


async def test_the_names_of_collections_come_in_one_list(cloud, plane):
    cloud.says(data(["a", "b"]), data([]), data({"collections": ["a"]}))
    assert await plane.list_collections(database="db") == ["a", "b"]
    assert await plane.list_collections() == []
    assert cloud.bodies == [{"dbName": "db"}, {}]
    with pytest.raises(ProtocolMismatch, match="no list of names"):
        await plane.list_collections()


async def test_a_collection_tells_its_description_and_whether_it_is_loaded(cloud, plane):
    described = {"collectionName": "books", "description": "t-1", "load": "LoadStateLoaded", "fields": []}
    cloud.says(data(described), data({"loadState": "LoadStateLoading", "loadProgress": "40"}))
    collection = await plane.describe_collection("books")
    assert (collection.description, collection.loaded) == ("t-1", True)
    loading = await plane.load_state("books")
    assert (loading.load_progress, loading.loaded) == (40, False)
    cloud.says(data({"loadState": "LoadStateNotLoad"}))
    assert (await plane.load_state("books")).load_progress is None
    assert [path.rsplit("/", 1)[1] for path in cloud.paths] == ["describe", "get_load_state", "get_load_state"]


async def test_an_unknown_collection_is_not_found_here_and_the_code_means_nothing_elsewhere(session, cloud, plane):
    cloud.says(GONE)
    with pytest.raises(NotFound):
        await plane.describe_collection("books")
    with pytest.raises(NotFound):
        await plane.load_state("books")
    with pytest.raises(Rejected):
        await session.jobs.describe("job-1")
    dropped = await plane.drop_collection("books", **ONCE)
    assert isinstance(dropped, Refused)
    assert dropped.code == 100
    assert isinstance(await session.console.cancel("job-1", **ONCE), Uncertain)


async def test_a_collection_is_made_filled_and_dropped(cloud, plane):
    cloud.says({}, {"upsertCount": 2, "upsertIds": ["1", "2"]}, {})
    schema = {"autoId": False, "fields": [{"fieldName": "id", "dataType": "Int64", "isPrimary": True}]}
    index = {"fieldName": "vector", "metricType": "COSINE", "indexName": "vector"}
    request = NewCollection(
        db_name="db",
        collection_name="books",
        description="t-1",
        collection_schema=schema,
        index_params=(index,),
    )
    assert isinstance(await plane.create_collection(request, **ONCE), Taken)
    rows = [{"id": 1, "vector": [0.1, 0.2], "title": None}, {"id": 2, "vector": [0.3, 0.4], "title": "b"}]
    written = await plane.upsert("books", rows, database="db", **ONCE)
    assert isinstance(written, Taken)
    assert written.text("upsertCount") == "2"
    assert isinstance(await plane.drop_collection("books", database="db", **ONCE), Taken)
    assert cloud.paths == [
        "/v2/vectordb/collections/create",
        "/v2/vectordb/entities/upsert",
        "/v2/vectordb/collections/drop",
    ]
    assert cloud.bodies == [
        {
            "dbName": "db",
            "collectionName": "books",
            "description": "t-1",
            "schema": schema,
            "indexParams": [index],
        },
        {"dbName": "db", "collectionName": "books", "data": rows},
        {"dbName": "db", "collectionName": "books"},
    ]


async def test_a_collection_can_be_made_by_its_dimension_alone(cloud, plane):
    cloud.says({})
    await plane.create_collection(NewCollection(collection_name="books", dimension=5), **ONCE)
    assert cloud.bodies == [{"collectionName": "books", "dimension": 5}]


async def test_a_collection_is_flushed_indexed_loaded_and_released(cloud, plane):
    cloud.says({}, {}, {}, {})
    assert isinstance(await plane.flush("books", database="db", **ONCE), Taken)
    assert isinstance(await plane.create_index("books", "vector", "IP", database="db", **ONCE), Taken)
    assert isinstance(await plane.load("books", database="db", **ONCE), Taken)
    assert isinstance(await plane.release("books", database="db", **ONCE), Taken)
    assert cloud.paths == [
        "/v2/vectordb/collections/flush",
        "/v2/vectordb/indexes/create",
        "/v2/vectordb/collections/load",
        "/v2/vectordb/collections/release",
    ]
    named = {"dbName": "db", "collectionName": "books"}
    index = {"fieldName": "vector", "indexName": "vector", "metricType": "IP", "indexType": "AUTOINDEX"}
    assert cloud.bodies == [named, {**named, "indexParams": [index]}, named, named]


FINISHING = {
    "flush collection books": lambda plane, **once: plane.flush("books", **once),
    "index field vector of collection books": lambda plane, **once: plane.create_index(
        "books", "vector", "IP", **once
    ),
    "load collection books": lambda plane, **once: plane.load("books", **once),
    "release collection books": lambda plane, **once: plane.release("books", **once),
}


@pytest.mark.parametrize("doing", FINISHING)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (GONE, Refused),
        (failure(1100, "invalid parameter"), Refused),
        (failure(1, "service not ready"), Uncertain),
        (httpx2.ReadTimeout("late"), Uncertain),
    ],
)
async def test_what_finishes_a_collection_tells_refusals_from_lost_answers(cloud, plane, doing, answer, kind):
    cloud.says(answer)
    reply = await FINISHING[doing](plane, **ONCE)
    assert isinstance(reply, kind)
    assert doing in reply.message
    assert cloud.bodies[0]["collectionName"] == "books"
    assert "dbName" not in cloud.bodies[0]


@pytest.mark.parametrize("doing", FINISHING)
async def test_nothing_that_finishes_a_collection_is_sent_once_its_fence_has_fallen(cloud, plane, doing):
    assert isinstance(await FINISHING[doing](plane, token="t-1", fence=fallen_fence), NotSent)
    assert cloud.requests == []


@pytest.mark.parametrize("answer", [[{"count(*)": 50_000}], [{"count(*)": "50000"}]])
async def test_rows_are_counted_as_they_were_last_written(cloud, plane, answer):
    cloud.says(data(answer))
    assert await plane.count("books", database="db") == 50_000
    assert cloud.paths == ["/v2/vectordb/entities/query"]
    assert cloud.bodies == [
        {
            "dbName": "db",
            "collectionName": "books",
            "outputFields": ["count(*)"],
            "consistencyLevel": "Strong",
        }
    ]


async def test_a_collection_without_rows_has_none(cloud, plane):
    cloud.says(data([{"count(*)": 0}]))
    assert await plane.count("books") == 0


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        None,
        "5",
        ["5"],
        [{}],
        [{"count": 5}],
        [{"count(*)": None}],
        [{"count(*)": True}],
        [{"count(*)": 5.0}],
        [{"count(*)": "many"}],
        [{"count(*)": "-1"}],
        [{"count(*)": -1}],
        [{"count(*)": "\u00b2"}],
        [{"count(*)": "9" * 5_000}],
        [{"count(*)": 5}, {"count(*)": 6}],
    ],
)
async def test_what_is_no_count_is_none(cloud, plane, answer):
    """A number that nobody said would call a migration complete."""
    cloud.says(data(answer))
    with pytest.raises(ProtocolMismatch, match="cannot count the rows of collection books: the answer is no number"):
        await plane.count("books")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (GONE, NotFound),
        (failure(101, "collection not loaded"), Rejected),
        (failure(429, "rate limit", 429), Transient),
        (httpx2.ReadTimeout("late"), Transient),
    ],
)
async def test_a_count_that_fails_says_why(cloud, plane, answer, error):
    cloud.says(answer)
    with pytest.raises(error):
        await plane.count("books")


async def test_a_collection_tells_which_of_its_vector_fields_have_no_index(cloud, plane):
    fields = [
        {"name": "id", "type": "Int64"},
        {"name": "dense", "type": "FloatVector"},
        {"name": "sparse", "type": "SparseFloatVector"},
    ]
    indexes = [{"fieldName": "dense", "indexName": "dense"}, {"fieldName": "id", "indexName": "by_id"}]
    cloud.says(data({"collectionName": "books", "fields": fields, "indexes": indexes}))
    assert [field.name for field in (await plane.describe_collection("books")).without_index] == ["sparse"]
    cloud.says(data({"collectionName": "books", "fields": fields, "indexes": None}))
    assert [field.name for field in (await plane.describe_collection("books")).without_index] == ["dense", "sparse"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failure(1804, "fail to deal the insert data"), Refused),
        (failure(1100, "invalid parameter"), Refused),
        (failure(65535, "unexpected error"), Uncertain),
        (failure(8, "rate limit exceeded"), Uncertain),
        (httpx2.ReadTimeout("late"), Uncertain),
    ],
)
async def test_only_what_is_wrong_with_the_request_is_refused(cloud, plane, answer, kind):
    cloud.says(answer)
    assert isinstance(await plane.upsert("books", [{"id": 1}], **ONCE), kind)


async def test_a_cluster_that_is_throttled_does_not_hold_up_the_control_plane(session, cloud, plane):
    cloud.says(failure(429, "rate limit", 429, **{"Retry-After": "200"}))
    with pytest.raises(Transient):
        await plane.has_collection("books")
    assert session.limiter.paused_for == 0
    with pytest.raises(Transient, match="request budget"):
        await plane.has_collection("books")
    assert len(cloud.requests) == 1


async def test_data_planes_are_kept_per_address_and_closed_with_the_session(cloud):
    session = CloudSession("https://cloud.test", KEY, wire=httpx2.MockTransport(cloud.handle))
    plane = session.data(ADDRESS)
    assert session.data(ADDRESS + "/") is plane
    assert session.data("https://in01-b.example:19530") is not plane
    await session.close()
    with pytest.raises(Transient):
        await plane.has_collection("books")
    with pytest.raises(Transient, match="closed"):
        session.data(ADDRESS)
    assert cloud.requests == []


async def test_sessions_of_one_key_share_the_budget_of_a_cluster(cloud):
    limiter, wire = Limiter(20), httpx2.MockTransport(cloud.handle)
    one, two = (CloudSession("https://cloud.test", KEY, limiter=limiter, wire=wire) for _ in range(2))
    cloud.says(failure(429, "rate limit", 429, **{"Retry-After": "200"}))
    for session in (one, two):
        with pytest.raises(Transient):
            await session.data(ADDRESS).has_collection("books")
    assert len(cloud.requests) == 1
    await one.close()
    await two.close()


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("", Transient, "no address yet"),
        ("http://in01-a.example:19530", ProtocolMismatch, "the key would travel unencrypted"),
        ("in01-a.example:19530", ProtocolMismatch, "not an https URL"),
        ("https://me:secret@in01-a.example", ProtocolMismatch, "not an https URL"),
    ],
)
async def test_an_address_that_must_not_get_the_key_is_refused(session, cloud, address, error, message):
    with pytest.raises(error, match=message) as raised:
        session.data(address)
    assert "secret" not in str(raised.value)
    assert cloud.requests == []


async def test_a_stand_in_may_serve_its_clusters_plainly(cloud):
    cloud.says({"has": False})
    session = CloudSession("http://127.0.0.1:1", KEY, wire=httpx2.MockTransport(cloud.handle))
    assert not await session.data("http://127.0.0.1:1/clusters/in01-a").has_collection("books")
    assert cloud.paths == ["/clusters/in01-a/v2/vectordb/collections/has"]
    await session.close()
