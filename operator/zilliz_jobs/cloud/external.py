"""What an external migration reads from: the sources that the vendor's guides know and its public REST does not.

The names of the fields are ours, as is the call that sends them (see `console`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.cloud.fields import WireModel


class SourceType(StrEnum):
    """The kinds of source that the vendor's migration guides have; the words are ours."""

    MILVUS = "MILVUS"
    PINECONE = "PINECONE"
    QDRANT = "QDRANT"
    ELASTICSEARCH = "ELASTICSEARCH"
    OPENSEARCH = "OPENSEARCH"
    POSTGRESQL = "POSTGRESQL"
    TENCENT_VECTORDB = "TENCENT_VECTORDB"
    ZILLIZ_EXTERNAL = "ZILLIZ_EXTERNAL"
    """A cluster of another organisation."""


class ExternalSource(WireModel):
    """Where the source is and how to log in: `uri`, or the `cloud_id` of Elasticsearch, or nothing for Pinecone;
    `username` and `password`, or `api_key`. The credentials never show in a repr."""

    type: SourceType
    uri: Annotated[str | None, Field(repr=False)] = None  # may hold credentials, too
    cloud_id: str | None = None
    database: str | None = None
    username: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None
    api_key: Annotated[str | None, Field(repr=False)] = None


class MigratedCollection(WireModel):
    """One collection, index or table of the source and its name in the target; at most 10 in a migration (guides).
    `db_name`: its database in the source, where that has several."""

    db_name: str | None = None
    collection_name: str
    dest_db_name: str | None = None
    dest_collection_name: str | None = None
