"""A cluster's data plane: insert, upsert and count entities (documented). Only their keys are kept."""

from zilliz_local.cloud.answers import BAD_PARAMETER, COLLECTION_NOT_LOADED, Problem
from zilliz_local.cloud.contents import Collection
from zilliz_local.cloud.routes import Call, Routes

from .data_collections import collection

routes = Routes()

BASE = "/_data/{clusterId}/v2/vectordb/entities"
COUNT = "count(*)"


@routes.on("POST", f"{BASE}/insert", "data.insert", kind="write")
def insert(call: Call) -> object:
    """Add entities; a key that exists is added again."""
    cluster, found = collection(call)
    keys = _keys(call, found)
    found.insert(keys)
    call.effect("write", clusterId=cluster.cluster_id, collection=call.text("collectionName"), rows=str(len(keys)))
    return {"insertCount": len(keys), "insertIds": keys}


@routes.on("POST", f"{BASE}/upsert", "data.upsert", kind="write")
def upsert(call: Call) -> object:
    """Add entities, or replace those with the same key."""
    cluster, found = collection(call)
    if found.schema.get("autoId"):
        raise Problem(BAD_PARAMETER, "cannot upsert into a collection that makes its own keys")
    keys = _keys(call, found)
    found.upsert(keys)
    call.effect("write", clusterId=cluster.cluster_id, collection=call.text("collectionName"), rows=str(len(keys)))
    return {"upsertCount": len(keys), "upsertIds": keys}


@routes.on("POST", f"{BASE}/query", "data.query")
def query(call: Call) -> object:
    """How many entities there are; the simulator answers nothing else."""
    _, found = collection(call)
    name = call.text("collectionName")
    if found.load_progress(call.now) < 100:
        raise Problem(COLLECTION_NOT_LOADED, f"collection not loaded[collection={name}]")
    if call.given.get("outputFields") != [COUNT] or "filter" in call.given:
        raise Problem(BAD_PARAMETER, f"the simulator answers queries for {COUNT} only, without a filter")
    return [{COUNT: found.count}]


def _keys(call: Call, found: Collection) -> list[str]:
    """Keys of the rows in `data`; new ones where the collection makes its own."""
    rows = call.given.get("data")
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Problem(BAD_PARAMETER, "data must be a list of rows")
    if found.schema.get("autoId"):
        return [str(found.count + number) for number, _ in enumerate(rows, 1)]
    name = found.primary_field
    if any(name not in row for row in rows):
        raise Problem(BAD_PARAMETER, f"the field {name} is missing in a row")
    return [str(row[name]) for row in rows]
