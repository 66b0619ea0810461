"""What a kind says of itself: names, targets, scopes."""

from __future__ import annotations

import pytest

from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.backup import BackupKind
from zilliz_jobs.kinds.importing import ImportKind

BACKUP, IMPORT = BackupKind(), ImportKind()


def parsed(kind, **fields):
    return kind.resource.spec.model_validate(fields)


@pytest.mark.parametrize(
    ("kind", "fields", "target", "scope"),
    [
        (BACKUP, {"clusterId": "in01"}, "in01", "backup/in01"),
        (BACKUP, {"clusterId": "in01", "collections": ["a", "b"]}, "in01/default/a,b", "backup/in01"),
        (BACKUP, {"clusterId": "in01", "database": "d", "collections": ["a"]}, "in01/d/a", "backup/in01"),
        (IMPORT, {"clusterId": "in01", "collection": "c"}, "in01/default/c", "import/in01/default/c"),
        (
            IMPORT,
            {"clusterId": "in01", "database": "default", "collection": "c"},
            "in01/default/c",
            "import/in01/default/c",
        ),
        (
            IMPORT,
            {"clusterId": "in01", "database": "d", "collection": "c", "partition": "p"},
            "in01/d/c/p",
            "import/in01/d/c",
        ),
        (
            IMPORT,
            {"projectId": "p", "regionId": "r", "collection": "c"},
            "p@r/default/c",
            "import/p@r/default/c",
        ),
    ],
)
def test_targets_for_people_and_scopes_for_submissions(kind, fields, target, scope):
    """Two names of one target would let two submissions be open there."""
    spec = parsed(kind, **fields)
    assert (kind.target(spec), kind.scope(spec)) == (target, scope)


def test_sources_secrets_and_descriptions():
    public = parsed(IMPORT, clusterId="i", collection="c", objectStorage={"urls": ["s3://b/a"]})
    private = parsed(
        IMPORT,
        clusterId="i",
        collection="c",
        objectStorage={"urls": ["s3://b/a", "s3://b/b"], "credentialsSecretRef": {"name": "s3"}},
    )
    adopted = parsed(IMPORT, clusterId="i", collection="c", adopt={"jobId": "j"})
    assert IMPORT.secrets(public) == ()
    (need,) = IMPORT.secrets(private)
    assert (need.name, need.required, need.optional) == ("s3", ("accessKey", "secretKey"), ("token",))
    assert [IMPORT.has_source(s) for s in (public, private, adopted)] == [True, True, False]
    assert [IMPORT.description(s) for s in (public, private, adopted)] == [
        "Import 1 source into collection c",
        "Import 2 sources into collection c",
        "Import data into collection c",
    ]
    assert BACKUP.has_source(parsed(BACKUP, clusterId="i"))
    assert (
        BACKUP.description(parsed(BACKUP, clusterId="i", collections=["a"])) == "Back up 1 collection(s) of cluster i"
    )
    copied = parsed(BACKUP, clusterId="i", crossRegionCopies=[{"regionId": "a"}, {"regionId": "b"}])
    assert BACKUP.description(copied) == "Back up cluster i, with copies in a, b"


def test_kinds_are_listed_once_and_their_job_types_are_told_apart():
    assert len({kind.resource.kind for kind in JOB_KINDS}) == len(JOB_KINDS)
    types = [kind.job_types for kind in JOB_KINDS]
    assert sum(len(t) for t in types) == len(frozenset().union(*types))
