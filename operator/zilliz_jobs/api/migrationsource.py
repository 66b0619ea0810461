"""Where a MigrationJob can come from: one model for each source that the vendor's guides know."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.model import CloudId, CloudName, Model, NameRef
from zilliz_jobs.api.url import Address, Url, VolumePath

_LABELLED = 'It must carry the label jobs.zilliz.com/credentials: "true".'
_REACHED = "It must be reachable from the internet; with engine VTS from the pods of the namespace."
ElasticCloudId = Annotated[str, Field(min_length=1, max_length=1024)]


def _secret(keys: str) -> NameRef:
    reference: NameRef = Field(description=f"Secret with {keys}. {_LABELLED}")
    return reference


def _uri(of: str) -> str:
    uri: str = Field(description=f"Address of {of}, without credentials in it. {_REACHED}")
    return uri


class Milvus(Model):
    uri: Address = _uri("the Milvus")
    database: CloudName | None = Field(default=None, description="Database to migrate from. Default: `default`.")
    credentials_secret_ref: NameRef = _secret("the keys username and password")


class BackupFiles(Model):
    url: Url = Field(description="Folder in object storage with the files, for example s3://bucket/backup/.")
    credentials_secret_ref: NameRef | None = Field(
        default=None,
        description="Secret with the keys accessKey, secretKey and, for short-term credentials, token. "
        f"{_LABELLED} Left out for public objects.",
    )


class BackupVolume(Model):
    name: CloudName = Field(description="Name of the Zilliz Cloud volume.")
    path: VolumePath = Field(description="Folder of the files in the volume.")


class MilvusBackup(Model):
    object_storage: BackupFiles | None = Field(default=None, description="Files in object storage.")
    volume: BackupVolume | None = Field(default=None, description="Files in a Zilliz Cloud volume.")


class Pinecone(Model):
    credentials_secret_ref: NameRef = _secret("the key apiKey")
    merge_namespaces: bool | None = Field(
        default=None,
        description="With engine VTS: true takes the vectors of all namespaces of an index together; false refuses "
        "an index with several. Default false.",
    )


class Qdrant(Model):
    uri: Address = _uri("the Qdrant cluster")
    credentials_secret_ref: NameRef = _secret("the key apiKey")


class Elasticsearch(Model):
    cloud_id: ElasticCloudId | None = Field(default=None, description="Cloud ID of an Elastic Cloud deployment.")
    uri: Address | None = Field(
        default=None, description=f"Address of the cluster, without credentials in it. {_REACHED}"
    )
    credentials_secret_ref: NameRef = _secret("the key apiKey (with cloudId), or username and password (with uri)")


class OpenSearch(Model):
    uri: Address = _uri("the OpenSearch cluster")
    credentials_secret_ref: NameRef = _secret("the keys username and password")


class PostgreSQL(Model):
    uri: Address = _uri("the server")
    database: CloudName | None = Field(default=None, description="Database to migrate from. Default: the server's.")
    schema_name: CloudName | None = Field(
        default=None,
        alias="schema",
        description="With engine VTS: the schema that the tables are in. Default: `public`.",
    )
    credentials_secret_ref: NameRef = _secret("the keys username and password")


class TencentVectorDB(Model):
    uri: Address = _uri("the instance")
    database: CloudName | None = Field(
        default=None, description="With engine VTS: the database that the collections are in; required there."
    )
    username: CloudName | None = Field(
        default=None, description="With engine VTS: the account that the API key is of. Default: `root`."
    )
    credentials_secret_ref: NameRef = _secret("the key apiKey")


class ZillizCluster(Model):
    cluster_id: CloudId = Field(description="Id of the cluster; the connection's key must see it.")


class ZillizExternal(Model):
    uri: Address = _uri("the cluster")
    credentials_secret_ref: NameRef = _secret("the key apiKey, or username and password")


AnySource = (
    Milvus
    | MilvusBackup
    | Pinecone
    | Qdrant
    | Elasticsearch
    | OpenSearch
    | PostgreSQL
    | TencentVectorDB
    | ZillizCluster
    | ZillizExternal
)


class MigrationSource(Model):
    """Exactly one of its fields is there."""

    milvus: Milvus | None = Field(default=None, description="A Milvus that runs.")
    milvus_backup: MilvusBackup | None = Field(default=None, description="Files that milvus-backup made.")
    pinecone: Pinecone | None = Field(default=None, description="Serverless indexes of Pinecone.")
    qdrant: Qdrant | None = Field(default=None, description="Collections of Qdrant.")
    elasticsearch: Elasticsearch | None = Field(default=None, description="Indexes of Elasticsearch.")
    opensearch: OpenSearch | None = Field(default=None, description="Indexes of OpenSearch.")
    postgresql: PostgreSQL | None = Field(default=None, description="Tables of PostgreSQL with pgvector.")
    tencent_vector_db: TencentVectorDB | None = Field(
        default=None, alias="tencentVectorDB", description="Collections of Tencent Cloud VectorDB."
    )
    zilliz_cluster: ZillizCluster | None = Field(default=None, description="A cluster of the same organisation.")
    zilliz_external: ZillizExternal | None = Field(
        default=None, description="A cluster of another organisation of Zilliz Cloud."
    )

    @property
    def given(self) -> tuple[AnySource, ...]:
        """The sources that are there."""
        return tuple(found for name in type(self).model_fields if isinstance(found := getattr(self, name), AnySource))


SOURCES = tuple(field.alias or name for name, field in MigrationSource.model_fields.items())
"""Their names as users write them."""
