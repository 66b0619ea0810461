"""What the tests of the engine VTS share: a spec for each of its sources, their credentials, and golden files.

With WRITE_GOLDEN=1 the files are written instead of compared; read the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.unit.api.migrations import BOOKS, EXTERNAL, OLD, SECRET, of

from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.kinds.migrations.vts.config import Sink

GOLDEN = Path(__file__).parent / "golden"
TOKEN = "3f9c1a2b4d5e6f708192a3b4c5d6e7f8"
SINK = Sink("https://in01-b.aws-us-west-2.vectordb.zillizcloud.com:19530", "key-CANARY", "default")

LOGIN = {"username": "reader", "password": 'pw-CANARY "\\${x}é'}
API_KEY = {"apiKey": "src-CANARY"}

TENCENT = {**EXTERNAL["tencentVectorDB"], "database": "shop"}
CLOUD_ID = {"cloudId": "demo:ZXU=", **SECRET}

SOURCES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "milvus": ("milvus", EXTERNAL["milvus"], LOGIN),
    "pinecone": ("pinecone", {**SECRET, "mergeNamespaces": True}, API_KEY),
    "qdrant": ("qdrant", EXTERNAL["qdrant"], API_KEY),
    "elasticsearch": ("elasticsearch", EXTERNAL["elasticsearch"], LOGIN),
    "elastic-cloud": ("elasticsearch", CLOUD_ID, API_KEY),
    "opensearch": ("opensearch", EXTERNAL["opensearch"], LOGIN),
    "postgresql": ("postgresql", {**EXTERNAL["postgresql"], "schema": "sales"}, LOGIN),
    "tencent": ("tencentVectorDB", TENCENT, API_KEY),
}
"""By the name of the golden file: the field of the source, what stands in it, its credentials."""


def spec_of(source: str, values: dict[str, Any], **more: Any) -> MigrationJobSpec:
    """A spec that the engine VTS runs, as the API server would take it."""
    return MigrationJobSpec.model_validate(of({source: values}, OLD, engine="VTS", **{"collections": BOOKS, **more}))


def postgres(uri: str = "postgresql://pg.example.com:5432", **more: Any) -> MigrationJobSpec:
    """Of PostgreSQL, from this address. `collections` and more as in the spec; `database` of the source."""
    values = {"uri": uri, "database": more.pop("database", "app"), **SECRET}
    return spec_of("postgresql", {name: value for name, value in values.items() if value}, **more)


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"what the engine is told differs from {file.name}"
