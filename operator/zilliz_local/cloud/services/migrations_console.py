"""Migrations that only the console has: from other vendors, from other organisations, without downtime.

The sources, their naming rules and what can be canceled are documented; path and body are ours. Connection fields of
the source are taken as they come and kept nowhere.
"""

from zilliz_local.cloud.answers import bad_request
from zilliz_local.cloud.arrivals import Arrival
from zilliz_local.cloud.bodies import Body, need, section, text
from zilliz_local.cloud.clusters import DEFAULT_DB
from zilliz_local.cloud.contents import Collection
from zilliz_local.cloud.jobs import MIGRATION
from zilliz_local.cloud.newclusters import create_cluster
from zilliz_local.cloud.routes import Call, Routes, present

from .migrations import into_new_cluster, migrate, new_target, require_few, running_target

routes = Routes()

SOURCES = (
    "milvus", "milvusbackup", "pinecone", "qdrant", "elasticsearch", "opensearch", "postgresql", "tencentvectordb",
    "zillizexternal",
)  # fmt: skip
MIGRATED_ROWS = 1_000


@routes.on("POST", "/console/v1/migrations/external", "console.migrate_external", kind="submit")
def external(call: Call) -> object:
    """Migrate collections (or what the source calls indexes, tables) of another system into a cluster, which exists
    or is made."""
    word = need(section(call.given, "source"), "type", "source")
    source = word.lower().replace("_", "").replace("-", "")
    if source not in SOURCES:
        raise bad_request(f"source.type {word} is not one of {', '.join(SOURCES)}")
    given = call.given.get("collections", [])
    if not isinstance(given, list) or not given:
        raise bad_request("collections is missing")
    arrivals = [_arrival(source, one) for one in given]
    if "clusterName" not in section(call.given, "destination"):
        return {"jobId": migrate(call, running_target(call), arrivals).job_id}
    require_few(arrivals)
    return create_cluster(
        call, MIGRATION, new_target(call), arrivals, status="MIGRATING", source_cluster_id="", cancelable=True
    )


@routes.on("POST", "/console/v1/migrations/zeroDowntime", "console.migrate_zero_downtime", kind="submit")
def zero_downtime(call: Call) -> object:
    """Migrate a cluster into a new dedicated one while it goes on serving; cannot be canceled."""
    return into_new_cluster(call, cancelable=False)


def _arrival(source: str, given: object) -> Arrival:
    """A name, or an object with a source and a destination name in either spelling."""
    if isinstance(given, str):
        given = {"source": given}
    if not isinstance(given, dict):
        raise bad_request("collections must be a list of names or objects")
    one: Body = present(given)
    name = text(one, "source", "collectionName")
    dest = text(one, "destination", "destCollectionName") or _usual_name(source, name)
    if not dest:
        raise bad_request("collections: source is missing")
    if source == "elasticsearch" and set(dest) & set("-."):
        raise bad_request(f"collections: {dest} must not contain a hyphen or a full stop")
    db_name = text(one, "destDbName", "destDatabase", "dbName", "database", default=DEFAULT_DB)
    return Arrival(db_name, dest, Collection(rows=MIGRATED_ROWS, loaded=False))


def _usual_name(source: str, name: str) -> str:
    """Pinecone's names may have hyphens, ours may not (documented)."""
    return name.replace("-", "_") if source == "pinecone" else name
