"""What one run of the engine is told: the spec as SeaTunnel's JSON. Pure.

A run takes all collections that one job of the engine can: the connectors of Qdrant, Pinecone and Tencent Cloud
VectorDB take one, and a sink has one database (read in source). So a spec may have several runs, one after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zilliz_jobs.api import migrationsource as api
from zilliz_jobs.api.migrationjob import Migrated, MigrationJobSpec
from zilliz_jobs.kinds.migrations.migrationwire import DEFAULT_DATABASE
from zilliz_jobs.kinds.migrations.vts.address import BadAddress, postgres, qdrant, web
from zilliz_jobs.kinds.migrations.vts.sources import (
    Connector,
    ElasticsearchSource,
    JdbcSource,
    Json,
    MilvusSink,
    MilvusSource,
    PineconeSource,
    QdrantSource,
    TencentSource,
)

MAX_BYTES = 1_000_000
"""Of the JSON. A Secret holds 1 MiB (documented), and the files of the engine lie in it too."""

DEFAULT_SCHEMA, DEFAULT_TENCENT_USER = "public", "root"
MARK = "zilliz-jobs migration "

ONE_BY_ONE = (api.Qdrant, api.Pinecone, api.TencentVectorDB)
FOREIGN = (
    api.Milvus,
    api.Pinecone,
    api.Qdrant,
    api.Elasticsearch,
    api.OpenSearch,
    api.PostgreSQL,
    api.TencentVectorDB,
)
"""The sources that the engine can read."""

SHADED = ("api_key", "ak", "sk", "user", "user_name", "username", "password", "token")
"""The engine writes the value of none of these options into its log (measured, with DEBUG too)."""

_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TABLE_PART = re.compile(r"[^\s.\"'`/\\?&%#]+")  # the engine splits a path at its dots
_INDEX = re.compile(r"[^\s*?,\"\\/<>|]+")  # a pattern would take several indexes into one collection

Run = tuple[Migrated, ...]


class ConfigTooLarge(ValueError):  # noqa: N818 - named as its reason
    """The JSON is longer than a Secret can hold; the message has both sizes."""


@dataclass(frozen=True)
class Sink:
    """Where the engine writes: the cluster's address with its scheme, the key, and the database."""

    uri: str
    token: str = field(repr=False)
    database: str


def runs_of(spec: MigrationJobSpec) -> tuple[Run, ...]:
    """The collections of each run of the engine, in the order of the spec.

    Those of one run go into one database (`database_of`), and each source is in a run once, since the engine knows a
    collection by its name in the source.
    """
    alone = isinstance(_only(spec), ONE_BY_ONE)
    runs: list[list[Migrated]] = []
    for one in spec.collections or []:
        for run in runs:
            if not alone and _database(one) == _database(run[0]) and all(one.source != taken.source for taken in run):
                run.append(one)
                break
        else:
            runs.append([one])
    return tuple(tuple(run) for run in runs)


def database_of(run: Run) -> str:
    """The database of the target that the run writes into."""
    return _database(run[0])


def destination(one: Migrated) -> str:
    """The collection to make. The engine makes a name of a source fit in this way only (read in source)."""
    return one.destination or (one.source or "").replace("-", "_")


def destinations(run: Run) -> tuple[str, ...]:
    """The collections that the run makes."""
    return tuple(destination(one) for one in run)


def makes_indexes(spec: MigrationJobSpec) -> bool:
    """Whether the engine makes the indexes itself: those of a Milvus travel with its collections."""
    return isinstance(_only(spec), api.Milvus)


def mark(token: str) -> str:
    """The description that the engine gives the collections which it makes in the submission `token`. A collection
    that exists keeps its own (read in source)."""
    return f"{MARK}{token}"


def is_marked(description: str, token: str) -> bool:
    """Whether a collection with this description was made by a run of the submission `token`."""
    return description == mark(token)


def problem(spec: MigrationJobSpec, secrets: Mapping[str, str], *, run: int) -> str:
    """What keeps the engine from this run, and what to do; '' for nothing. No value of a Secret is in it.

    `secrets`: values by key; empty to check the spec alone. Raises IndexError where there is no such run.
    """
    return next(_problems(spec, secrets, runs_of(spec)[run]), "")


def render(spec: MigrationJobSpec, run: int, secrets: Mapping[str, str], sink: Sink, token: str) -> str:
    """The JSON text of one run, which holds credentials; the same arguments give the same text.

    `token`: of the submission, for names and marks. Raises ConfigTooLarge; BadAddress and KeyError only for what
    `problem` tells before.
    """
    taken = runs_of(spec)[run]
    target = MilvusSink(
        url=sink.uri,
        token=sink.token,
        database=sink.database,
        create_index=makes_indexes(spec),
        collection_rename={one.source or "": destination(one) for one in taken},
        collection_description={name: mark(token) for name in destinations(taken)},
    )
    told = {"env": _environment(token), "source": [_source(spec, taken, secrets).wire()], "sink": [target.wire()]}
    text = json.dumps(told, indent=1, ensure_ascii=True) + "\n"
    if len(text) > MAX_BYTES:
        raise ConfigTooLarge(f"the engine would be told {len(text)} bytes, and {MAX_BYTES} fit into a Secret")
    return text


def _environment(token: str) -> Json:
    """Never a second try by the engine itself, which would insert the rows once more (measured)."""
    return {
        "job.mode": "BATCH",
        "job.name": token,
        "parallelism": 1,
        "job.retry.times": 0,
        "shade.options": list(SHADED),
    }


def _source(spec: MigrationJobSpec, run: Run, secrets: Mapping[str, str]) -> Connector:
    names = [one.source or "" for one in run]
    match _only(spec):
        case api.Milvus(uri=uri, database=database):
            return MilvusSource(
                url=web(uri, "source.milvus.uri"),
                token=f"{secrets['username']}:{secrets['password']}",
                database=database or DEFAULT_DATABASE,
                collections=names,
            )
        case api.Pinecone(merge_namespaces=merge):
            return PineconeSource(api_key=secrets["apiKey"], index=names[0], merge_namespace=bool(merge))
        case api.Qdrant(uri=uri):
            host, port, tls = qdrant(uri)
            return QdrantSource(
                host=host, port=port, use_tls=tls, api_key=secrets["apiKey"], collection_name=names[0]
            )
        case api.Elasticsearch(cloud_id=str(cloud_id)):
            return ElasticsearchSource(cloud_id=cloud_id, api_key=secrets["apiKey"], index_list=_indexes(names))
        case api.Elasticsearch(uri=str(uri)) | api.OpenSearch(uri=uri):
            return ElasticsearchSource(
                hosts=[web(uri, _field(spec))],
                username=secrets["username"],
                password=secrets["password"],
                index_list=_indexes(names),
            )
        case api.PostgreSQL(uri=uri, database=named, schema_name=schema):
            url, database = postgres(uri, named)
            paths = [{"table_path": f"{database}.{schema or DEFAULT_SCHEMA}.{name}"} for name in names]
            return JdbcSource(url=url, user=secrets["username"], password=secrets["password"], table_list=paths)
        case api.TencentVectorDB(uri=uri, database=database, username=user):
            return TencentSource(
                url=web(uri, "source.tencentVectorDB.uri"),
                user_name=user or DEFAULT_TENCENT_USER,
                api_key=secrets["apiKey"],
                database=database or "",
                collection=names[0],
            )
        case other:
            raise BadAddress(f"the engine VTS does not read from {type(other).__name__}: leave out spec.engine")


def _problems(spec: MigrationJobSpec, secrets: Mapping[str, str], run: Run) -> Iterator[str]:
    source = _only(spec)
    if not isinstance(source, FOREIGN):
        yield "the engine VTS does not read from this source: leave out spec.engine"
        return
    try:
        _source(spec, run, secrets or _BLANK)
    except BadAddress as error:
        yield str(error)
    if isinstance(source, api.TencentVectorDB) and not source.database:
        yield "source.tencentVectorDB.database is not named: the engine needs it"
    if isinstance(source, api.Milvus) and ":" in secrets.get("username", ""):
        yield "the username of the Milvus has a colon, which ends it for the engine: use another account"
    if isinstance(source, api.PostgreSQL):
        parts = {"source.postgresql.schema": source.schema_name, "source.postgresql.database": source.database}
        yield from (
            f"{field} has a dot, a quote or a space, which the engine cannot read: rename it"
            for field, name in parts.items()
            if name and not _TABLE_PART.fullmatch(name)
        )
    for one in run:
        yield from _problems_of(source, one)
    yield from _twice(spec)


def _problems_of(source: api.AnySource, one: Migrated) -> Iterator[str]:
    name = one.source or ""
    if isinstance(source, api.PostgreSQL) and not _TABLE_PART.fullmatch(name):
        yield f"table {name!r} has a dot, a quote or a space, which the engine cannot read: name a view of it"
    if isinstance(source, api.Elasticsearch | api.OpenSearch) and not _INDEX.fullmatch(name):
        yield f"{name!r} is a pattern and not the name of one index: name each index"
    if not _COLLECTION.fullmatch(destination(one)):
        yield f"{destination(one)!r} cannot be the name of a collection: name another destination for {name!r}"


def _twice(spec: MigrationJobSpec) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for one in spec.collections or []:
        if (place := (_database(one), destination(one))) in seen:
            yield f"two of the collections go into {place[1]!r}: name another destination for one of them"
        seen.add(place)


def _indexes(names: list[str]) -> list[dict[str, str]]:
    return [{"index": name} for name in names]


def _database(one: Migrated) -> str:
    return one.dest_database or DEFAULT_DATABASE


def _field(spec: MigrationJobSpec) -> str:
    return f"source.{'opensearch' if isinstance(_only(spec), api.OpenSearch) else 'elasticsearch'}.uri"


def _only(spec: MigrationJobSpec) -> api.AnySource | None:
    return spec.source.given[0] if spec.source and spec.source.given else None


_BLANK = {"username": "", "password": "", "apiKey": ""}
"""For a check of the spec before its Secret was read."""
