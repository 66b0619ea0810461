"""The kinds of jobs that the product's own page explains, as this page lists them: with type and purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from zilliz_jobs.api.jobresources import ROW_TYPES
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.cli.kubectl.dashboard.board import KINDS
from zilliz_jobs.cli.kubectl.dashboard.rows import job_row
from zilliz_jobs.cli.kubectl.jobview import JobView

EXAMPLES = Path(__file__).parents[4] / "examples"
EXPLAINED = (
    ("10-backup-cluster", "Backup", "Back up cluster"),
    ("11-backup-collections", "Backup", "collection"),
    ("12-backup-with-copies", "Backup", "with copies in aws-us-east-1"),
    ("70-restore-new-cluster", "Restore", "into a new cluster"),
    ("71-restore-collection", "Restore", "Restore collection films"),
    ("73-export", "Export", "Export the backup"),
    ("81-migrate-milvus", "Migration", "of Milvus"),
    ("82-migrate-pinecone", "Migration", "of Pinecone"),
    ("83-migrate-qdrant", "Migration", "of Qdrant"),
    ("84-migrate-elasticsearch", "Migration", "of Elasticsearch"),
    ("85-migrate-opensearch", "Migration", "of OpenSearch"),
    ("86-migrate-postgresql", "Migration", "of PostgreSQL"),
    ("87-migrate-tencent-vectordb", "Migration", "of Tencent Cloud VectorDB"),
    ("88-migrate-zilliz-cluster", "Migration", "of cluster in01-demo0movies0001"),
    ("89-migrate-zilliz-external", "Migration", "of another organisation's cluster"),
    ("20-import-object-storage", "Import", "into collection films"),
    ("75-clone-collection", "CloneCollection", "Clone collection films"),
    ("76-sample-collection", "SampleCollection", "with sample data Films"),
    ("40-suspend-cluster", "Suspend", "Suspend cluster"),
    ("41-resume-cluster", "Resume", "Resume cluster"),
    ("50-scale-cluster", "ScaleCluster", "to 8"),
    ("51-scale-cluster-dynamic", "ScaleCluster", "between 2 and 8"),
    ("60-scale-replicas", "ScaleReplicas", "to 2"),
    ("61-scale-replicas-dynamic", "ScaleReplicas", "between 1 and 3"),
)


@pytest.mark.parametrize(("example", "type_", "words"), EXPLAINED, ids=lambda value: str(value))
def test_every_job_that_is_explained_there_is_listed_here(example: str, type_: str, words: str) -> None:
    body = yaml.safe_load((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))
    kind = KINDS[body["kind"]]
    body["metadata"] |= {"namespace": "shop", "uid": "u1"}
    body["status"] = {"description": kind.description(parse_spec(kind.resource, body))}
    row = job_row(JobView(kind, body), None)
    assert row["type"] == type_
    assert words in row["description"]


def test_no_type_is_left_out_but_one_that_has_no_object() -> None:
    """The copy of a backup in another region is a row of the project's page only."""
    assert {one.name for one in ROW_TYPES} - {type_ for _, type_, _ in EXPLAINED} == {"CrossRegionCopy"}
