"""Where a migration comes from: in words for people, and the Secret that it takes. Pure.

Addresses are shown by their host alone, since a path or a query may hold what is nobody's business.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from zilliz_jobs.api import migrationsource as api
from zilliz_jobs.api.model import Model
from zilliz_jobs.cloud.azure import is_blob_url
from zilliz_jobs.kinds.secretneed import SecretNeed

LOGIN = ("username", "password")
API_KEY = ("apiKey",)
STORAGE = ("accessKey", "secretKey")
TOKEN = ("token",)

WORDS: dict[type[Model], str] = {
    api.Milvus: "Milvus",
    api.Pinecone: "Pinecone",
    api.Qdrant: "Qdrant",
    api.Elasticsearch: "Elasticsearch",
    api.OpenSearch: "OpenSearch",
    api.PostgreSQL: "PostgreSQL",
    api.TencentVectorDB: "Tencent Cloud VectorDB",
    api.ZillizExternal: "another organisation's cluster",
}
KEYS: dict[type[Model], tuple[str, ...]] = {
    api.Milvus: LOGIN,
    api.Pinecone: API_KEY,
    api.Qdrant: API_KEY,
    api.OpenSearch: LOGIN,
    api.PostgreSQL: LOGIN,
    api.TencentVectorDB: API_KEY,
}


def origin(source: api.MigrationSource | None) -> str:
    """The source in words; never a credential."""
    match _only(source):
        case None:
            return "data"
        case api.ZillizCluster(cluster_id=cluster_id):
            return f"cluster {cluster_id}"
        case api.MilvusBackup(volume=volume):
            return "Milvus backup files in " + (f"volume {volume.name}" if volume else "object storage")
        case api.Elasticsearch(cloud_id=str()):
            return "Elastic Cloud"
        case found:
            return WORDS[type(found)] + _at(getattr(found, "uri", None) or "")


def needs(source: api.MigrationSource | None) -> tuple[SecretNeed, ...]:
    """The Secret that the source names, if it names one, and its keys."""
    match _only(source):
        case None | api.ZillizCluster():
            return ()
        case api.MilvusBackup(object_storage=files):
            ref = files.credentials_secret_ref if files else None
            return (SecretNeed(ref.name, STORAGE, TOKEN, in_azure=is_blob_url(files.url)),) if files and ref else ()
        case api.Elasticsearch(credentials_secret_ref=ref, cloud_id=cloud_id):
            return (SecretNeed(ref.name, API_KEY if cloud_id else LOGIN),)
        case api.ZillizExternal(credentials_secret_ref=ref):
            return (SecretNeed(ref.name, API_KEY, instead=LOGIN),)
        case found:
            return (SecretNeed(found.credentials_secret_ref.name, KEYS[type(found)]),)


def _only(source: api.MigrationSource | None) -> api.AnySource | None:
    """The one source that is there."""
    return source.given[0] if source and source.given else None


def _at(uri: str) -> str:
    try:
        host = urlsplit(uri if "//" in uri else f"//{uri}").hostname
    except ValueError:
        host = None
    return f" at {host}" if host else ""
