"""Migrations on the wire: a spec to the requests of the cloud, and the names that it brings into its target. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zilliz_jobs.api import migrationjob as api
from zilliz_jobs.api import migrationsource as sources
from zilliz_jobs.api.migrationengine import usual_name
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.api.migrationsource import MigrationSource
from zilliz_jobs.api.model import Model
from zilliz_jobs.cloud import migrations as wire
from zilliz_jobs.cloud.external import ExternalSource, MigratedCollection, SourceType
from zilliz_jobs.cloud.migrations import DatabaseCollections, RemoteSource

DEFAULT_DATABASE = "default"
CU_TYPES: dict[api.CuType, wire.CuType] = {
    api.CuType.PERFORMANCE: "Performance-optimized",
    api.CuType.CAPACITY: "Capacity-optimized",
    api.CuType.TIERED: "Tiered-storage",
}
PLANS: dict[api.Plan, wire.Plan] = {api.Plan.STANDARD: "Standard", api.Plan.ENTERPRISE: "Enterprise"}

SOURCE_TYPES: dict[type[Model], SourceType] = {
    sources.Milvus: SourceType.MILVUS,
    sources.Pinecone: SourceType.PINECONE,
    sources.Qdrant: SourceType.QDRANT,
    sources.Elasticsearch: SourceType.ELASTICSEARCH,
    sources.OpenSearch: SourceType.OPENSEARCH,
    sources.PostgreSQL: SourceType.POSTGRESQL,
    sources.TencentVectorDB: SourceType.TENCENT_VECTORDB,
    sources.ZillizExternal: SourceType.ZILLIZ_EXTERNAL,
}


@dataclass(frozen=True)
class Move:
    """What goes where. `collection` and `destination` are empty for a whole database."""

    database: str
    dest_database: str
    collection: str = ""
    destination: str = ""

    @property
    def renames(self) -> bool:
        """Whether the collection gets another name: the one that the spec wants, or one that the cloud allows."""
        return self.collection != self.destination


def moves(spec: MigrationJobSpec) -> list[Move]:
    """What the spec names, with everything that it leaves out; empty where it names nothing."""
    return [
        Move(
            one.database or DEFAULT_DATABASE,
            one.dest_database or one.database or DEFAULT_DATABASE,
            one.source or "",
            one.destination or usual_name(spec.source, one.source or ""),
        )
        for one in spec.collections or []
    ]


def wanted(spec: MigrationJobSpec, held: Mapping[str, list[str]]) -> list[str]:
    """The collections that will come into being, as `place` writes them. `held`: the names in each database of the
    source that is taken as a whole."""
    found: dict[str, None] = {}
    for move in moves(spec):
        names = [move.destination] if move.collection else held.get(move.database, [])
        found.update({place(move.dest_database, name): None for name in names})
    if not spec.collections:
        found.update({place(database, name): None for database, names in held.items() for name in names})
    return list(found)


def place(database: str, collection: str) -> str:
    """Neither name has a slash."""
    return f"{database}/{collection}"


def in_databases(spec: MigrationJobSpec) -> list[DatabaseCollections]:
    """For toExisting: the collections, grouped by where they come from and go to; one whole database covers its
    collections. Empty for all."""
    groups: dict[tuple[str, str], list[str]] = {}
    for move in moves(spec):
        groups.setdefault((move.database, move.dest_database), []).append(move.collection)
    return [
        DatabaseCollections(db_name=here, dest_db_name=there, collections=() if "" in names else tuple(names))
        for (here, there), names in groups.items()
    ]


def whole_databases(spec: MigrationJobSpec) -> dict[str, str]:
    """For toNewDedicated: name here, name there. Empty for all."""
    return {move.database: move.dest_database for move in moves(spec)}


def new_cluster(wanted: api.NewCluster, name: str) -> wire.NewCluster:
    """The cluster to make, in the cloud's words for plan and CU type. `name`: the spec's, or the one that the record
    of the submission holds."""
    return wire.NewCluster(
        cluster_name=name,
        project_id=wanted.project_id,
        region_id=wanted.region_id,
        plan=PLANS[wanted.plan],
        cu_type=CU_TYPES[wanted.cu_type],
        cu_size=wanted.cu_size,
    )


def remote(spec: MigrationJobSpec, secrets: Mapping[str, str]) -> RemoteSource:
    """The files of a milvusBackup."""
    backup = spec.source.milvus_backup if spec.source else None
    if backup and backup.volume:
        return RemoteSource(stage_name=backup.volume.name, data_path=backup.volume.path)
    return RemoteSource(
        object_url=backup.object_storage.url if backup and backup.object_storage else None,
        access_key=secrets.get("accessKey"),
        secret_key=secrets.get("secretKey"),
        token=secrets.get("token"),
    )


def external(source: MigrationSource, secrets: Mapping[str, str]) -> ExternalSource:
    """A source that only the console knows. An API key comes before a login."""
    (only,) = source.given
    return ExternalSource(
        type=SOURCE_TYPES[type(only)],
        uri=getattr(only, "uri", None),
        cloud_id=getattr(only, "cloud_id", None),
        database=getattr(only, "database", None),
        api_key=secrets.get("apiKey"),
        username=None if "apiKey" in secrets else secrets.get("username"),
        password=None if "apiKey" in secrets else secrets.get("password"),
    )


def migrated(spec: MigrationJobSpec) -> list[MigratedCollection]:
    """For the console: every name in full."""
    has_databases = spec.source is not None and spec.source.zilliz_external is not None
    return [
        MigratedCollection(
            db_name=move.database if has_databases else None,
            collection_name=move.collection,
            dest_db_name=move.dest_database,
            dest_collection_name=move.destination,
        )
        for move in moves(spec)
    ]
