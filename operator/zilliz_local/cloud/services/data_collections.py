"""A cluster's data plane: its collections, by the RESTful API of Milvus (documented).

Served below the `connectAddress` of the describe answer. Codes are Milvus' own; that the managed service sends the
same ones is inferred.
"""

from zilliz_local.cloud.answers import BAD_PARAMETER, UNEXPECTED, Problem, collection_not_found
from zilliz_local.cloud.bodies import section
from zilliz_local.cloud.clusters import DEFAULT_DB, Cluster
from zilliz_local.cloud.contents import Collection, Schema, plain_schema
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

BASE = "/_data/{clusterId}/v2/vectordb/collections"
SERVING = ("RUNNING", "MODIFYING")


@routes.on("POST", f"{BASE}/has", "data.has")
def has(call: Call) -> object:
    """Whether a collection exists."""
    return {"has": serving(call).collection(call.text("dbName", DEFAULT_DB), call.need("collectionName")) is not None}


@routes.on("POST", f"{BASE}/list", "data.list")
def list_collections(call: Call) -> object:
    """The names in one database."""
    return list(serving(call).fields.collections.get(call.text("dbName", DEFAULT_DB), ()))


@routes.on("POST", f"{BASE}/describe", "data.describe")
def describe(call: Call) -> object:
    """Schema, description and load state."""
    _, found = collection(call)
    fields = found.schema.get("fields")
    return {
        "collectionName": call.text("collectionName"),
        "description": found.description,
        "autoId": found.schema.get("autoId", False),
        "enableDynamicField": found.schema.get("enableDynamicField", False),
        "fields": [_field(field) for field in fields if isinstance(field, dict)] if isinstance(fields, list) else [],
        "load": found.load_state(call.now),
        "consistencyLevel": "Bounded",
        "shardsNum": 1,
        "partitionsNum": 1,
        "aliases": [],
        "indexes": [
            {"fieldName": name, "indexName": name, "metricType": metric} for name, metric in found.indexes.items()
        ],
        "properties": [],
    }


@routes.on("POST", f"{BASE}/create", "data.create", kind="create")
def create(call: Call) -> object:
    """Make a collection: without a schema (dimension only) it is loaded at once, with one it is not unless it names
    its index. The same request again changes nothing; another one under the same name is refused."""
    cluster, place = serving(call), (call.text("dbName", DEFAULT_DB), call.need("collectionName"))
    schema = section(call.given, "schema")
    description = str(schema.get("description") or call.text("description"))
    wanted = Collection(description, _schema(call, schema), loaded=not schema or "indexParams" in call.given)
    old = cluster.collection(*place)
    if old is not None or place in cluster.arriving:
        if old is not None and (old.description, old.schema) == (wanted.description, wanted.schema):
            return {}
        raise Problem(UNEXPECTED, f"create duplicate collection with different parameters, collection: {place[1]}")
    cluster.put_collection(*place, wanted)
    call.effect("create", clusterId=cluster.cluster_id, dbName=place[0], collection=place[1], description=description)
    return {}


@routes.on("POST", f"{BASE}/drop", "data.drop", kind="drop")
def drop(call: Call) -> object:
    """Delete a collection; one that does not exist is no error."""
    cluster, place = serving(call), (call.text("dbName", DEFAULT_DB), call.need("collectionName"))
    if cluster.collection(*place) is not None:
        cluster.drop_collection(*place)
        call.effect("drop", clusterId=cluster.cluster_id, dbName=place[0], collection=place[1])
    return {}


@routes.on("POST", f"{BASE}/get_load_state", "data.load_state")
def load_state(call: Call) -> object:
    """Whether a collection is in memory, and how far."""
    _, found = collection(call)
    progress = found.load_progress(call.now)
    return {"loadState": found.load_state(call.now), "loadProgress": progress, "message": ""}


@routes.on("POST", f"{BASE}/load", "data.load", kind="load")
def load(call: Call) -> object:
    """Begin to load a collection."""
    cluster, found = collection(call)
    if not found.loaded:
        found.load(call.now, call.world.durations.load_seconds)
        call.effect("load", clusterId=cluster.cluster_id, collection=call.text("collectionName"))
    return {}


@routes.on("POST", f"{BASE}/release", "data.release", kind="load")
def release(call: Call) -> object:
    """Take a collection out of memory."""
    cluster, found = collection(call)
    if found.loaded:
        found.release()
        call.effect("load", clusterId=cluster.cluster_id, collection=call.text("collectionName"))
    return {}


@routes.on("POST", f"{BASE}/flush", "data.flush", kind="flush")
def flush(call: Call) -> object:
    """Store what was written."""
    cluster, found = collection(call)
    found.flushes += 1
    call.effect("flush", clusterId=cluster.cluster_id, collection=call.text("collectionName"))
    return {}


@routes.on("POST", "/_data/{clusterId}/v2/vectordb/indexes/create", "data.index", kind="index")
def create_index(call: Call) -> object:
    """Index a vector field; the same again changes nothing, another metric is refused."""
    cluster, found = collection(call)
    params = call.given.get("indexParams")
    for one in params if isinstance(params, list) else []:
        name, metric = str(one.get("fieldName")), str(one.get("metricType"))
        if name not in found.vector_fields:
            raise Problem(BAD_PARAMETER, f"cannot create index on non-existed field: {name}")
        if found.indexes.get(name, metric) != metric:
            raise Problem(UNEXPECTED, "at most one distinct index is allowed per field")
        if name not in found.indexes:
            found.indexes[name] = metric
            call.effect("index", clusterId=cluster.cluster_id, collection=call.text("collectionName"), field=name)
    return {}


def serving(call: Call) -> Cluster:
    """The cluster, if its data plane answers. Problem: HTTP 503 while it is not up (inferred)."""
    cluster = call.cluster(call.path["clusterId"])
    if cluster.status not in SERVING:
        raise Problem(503, f"The cluster {cluster.cluster_id} is {cluster.status}", http=503)
    return cluster


def collection(call: Call) -> tuple[Cluster, Collection]:
    """The cluster and the collection that the body names."""
    cluster, db_name, name = serving(call), call.text("dbName", DEFAULT_DB), call.need("collectionName")
    found = cluster.collection(db_name, name)
    if found is None:
        raise collection_not_found(db_name, name)
    return cluster, found


def _schema(call: Call, given: Schema) -> Schema:
    if given:
        return {name: value for name, value in given.items() if name != "description"}
    schema = plain_schema()
    schema["autoId"] = bool(call.given.get("autoID") or call.given.get("autoId"))
    return schema


def _field(given: dict[str, object]) -> dict[str, object]:
    params = given.get("elementTypeParams")
    return {
        "name": given.get("fieldName") or given.get("name") or "",
        "type": given.get("dataType") or given.get("type") or "",
        "primaryKey": bool(given.get("isPrimary")),
        "description": given.get("description") or "",
        "params": [{"key": k, "value": str(v)} for k, v in params.items()] if isinstance(params, dict) else [],
    }
