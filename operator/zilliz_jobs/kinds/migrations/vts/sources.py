"""The sources as SeaTunnel's JSON has them: one frozen value for each connector, and the sink.

Each field has the name of the connector's option, since an unknown option is ignored in silence (read in source);
golden files hold the whole JSON. No text form of a value shows a credential.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar

BATCH_ROWS = 500
READ_ROWS = 100
FETCH_ROWS = 1000

ROWS = "rows"
"""The name by which the sink takes what the source gives."""

Json = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Connector:
    """One entry of `source` or `sink`."""

    plugin_name: ClassVar[str]

    def wire(self) -> Json:
        """The options by name; what is None is left out."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return {"plugin_name": self.plugin_name} | {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class MilvusSource(Connector):
    """Milvus, and what speaks its protocol. `token`: username:password."""

    plugin_name = "Milvus"
    url: str
    token: str = field(repr=False)
    database: str
    collections: list[str]
    batch_size: int = BATCH_ROWS
    parallelism: int = 1
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class PineconeSource(Connector):
    """One serverless index. `merge_namespace`: its namespaces are taken together."""

    plugin_name = "Pinecone"
    api_key: str = field(repr=False)
    index: str
    merge_namespace: bool
    batch_size: int = READ_ROWS
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class QdrantSource(Connector):
    """One collection of Qdrant. `port`: of gRPC."""

    plugin_name = "Qdrant"
    host: str
    port: int
    use_tls: bool
    api_key: str = field(repr=False)
    collection_name: str
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class ElasticsearchSource(Connector):
    """Indexes of Elasticsearch or OpenSearch. `wan_only`: only the named address is asked, not those that its nodes
    tell of themselves."""

    plugin_name = "Elasticsearch"
    hosts: list[str] | None = None
    cloud_id: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    wan_only: bool = True
    search_api_type: str = "SCROLL"
    scroll_size: int = READ_ROWS
    index_list: list[dict[str, str]]
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class JdbcSource(Connector):
    """Tables of PostgreSQL. `use_single_split`: one query for each table, so that no row is read twice or left out
    between two."""

    plugin_name = "Jdbc"
    url: str
    driver: str = "org.postgresql.Driver"
    user: str
    password: str = field(repr=False)
    fetch_size: int = FETCH_ROWS
    use_single_split: bool = True
    table_list: list[dict[str, str]]
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class TencentSource(Connector):
    """One collection of Tencent Cloud VectorDB."""

    plugin_name = "TencentVectorDB"
    url: str
    user_name: str
    api_key: str = field(repr=False)
    database: str
    collection: str
    batch_size: int = READ_ROWS
    plugin_output: str = ROWS


@dataclass(frozen=True, kw_only=True)
class MilvusSink(Connector):
    """The target. `create_index`: with the indexes that a Milvus has; of other sources they would not be the wanted
    ones."""

    plugin_name = "Milvus"
    plugin_input: list[str] = field(default_factory=lambda: [ROWS])
    url: str
    token: str = field(repr=False)
    database: str
    batch_size: int = BATCH_ROWS
    schema_save_mode: str = "CREATE_SCHEMA_WHEN_NOT_EXIST"
    create_index: bool
    collection_rename: dict[str, str]
    collection_description: dict[str, str]
