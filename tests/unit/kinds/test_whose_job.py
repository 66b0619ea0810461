"""Whether a job that was found by inference may as well be of another object, which is gone or has one open too.

If these fail, an object shows the end of a job that somebody else wanted, and its own is never done.
"""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.control.ownership import Rival
from zilliz_jobs.core.observation import Found, Undecided
from zilliz_jobs.jobs.rivals import alone
from zilliz_jobs.kinds import JOB_KINDS

KINDS = {kind.resource.kind: kind for kind in JOB_KINDS}
C = {"clusterId": "in01-a"}
CLUSTER: dict[str, Any] = {**C}
SOME: dict[str, Any] = {**C, "collections": ["films"]}
OTHERS: dict[str, Any] = {**C, "collections": ["books"]}
FILMS: dict[str, Any] = {**C, "collection": "films", "destCollection": "copy"}
HERE: dict[str, Any] = {"existingCluster": {**C}, "backup": {**C, "backupId": "b-1"}}
NEW: dict[str, Any] = {"newCluster": {"projectId": "p", "name": "n", "cuSize": 1}, "backup": HERE["backup"]}
EXPORT: dict[str, Any] = {"backup": {**C, "backupId": "b-1"}, "integrationId": "i", "directory": "d"}
EXPORT_2: dict[str, Any] = {**EXPORT, "backup": {**C, "backupId": "b-2"}}
BY_JOB: dict[str, Any] = {**EXPORT, "backup": {"backupJobRef": {"name": "bk"}}}
MOVE: dict[str, Any] = {"source": {"zillizCluster": {"clusterId": "in01-z"}}, "target": {**C}}
LOAD: dict[str, Any] = {**C, "collection": "films", "objectStorage": {"urls": ["s3://b/one.json"]}}
LOAD_2: dict[str, Any] = {**LOAD, "objectStorage": {"urls": ["s3://b/two.json"]}}
CU_4, CU_8 = {**C, "cuSize": 4}, {**C, "cuSize": 8}
BOUNDS: dict[str, Any] = {**C, "autoscaling": {"min": 2, "max": 8}}


def spec(kind: str, fields: dict[str, Any]) -> JobSpec:
    parsed = KINDS[kind].resource.spec.model_validate(fields)
    assert isinstance(parsed, JobSpec)
    return parsed


GONE = [  # the kind that looks, its spec; the kind that is gone, its spec; whether its job would look the same
    ("BackupJob", CLUSTER, "BackupJob", CLUSTER, True),
    ("BackupJob", SOME, "BackupJob", SOME, True),
    ("BackupJob", SOME, "BackupJob", OTHERS, False),
    ("BackupJob", CLUSTER, "BackupJob", SOME, False),
    ("BackupJob", SOME, "CloneCollectionJob", FILMS, True),
    ("BackupJob", OTHERS, "CloneCollectionJob", FILMS, False),
    ("BackupJob", SOME, "RestoreJob", HERE, True),
    ("CloneCollectionJob", FILMS, "BackupJob", SOME, True),
    ("CloneCollectionJob", FILMS, "BackupJob", CLUSTER, False),
    ("CloneCollectionJob", FILMS, "CloneCollectionJob", FILMS, True),
    ("CloneCollectionJob", FILMS, "RestoreJob", HERE, True),
    ("RestoreJob", HERE, "RestoreJob", HERE, True),
    ("RestoreJob", HERE, "CloneCollectionJob", FILMS, True),
    ("RestoreJob", NEW, "RestoreJob", NEW, True),
    ("SampleCollectionJob", {**C, "collection": "s"}, "SampleCollectionJob", {**C, "collection": "s"}, True),
    ("ExportJob", EXPORT, "ExportJob", EXPORT, True),
    ("ExportJob", EXPORT, "ExportJob", EXPORT_2, False),
    ("ExportJob", BY_JOB, "ExportJob", BY_JOB, True),
    ("MigrationJob", MOVE, "MigrationJob", MOVE, True),
    ("ImportJob", LOAD, "ImportJob", LOAD, True),
    ("ImportJob", LOAD, "ImportJob", LOAD_2, False),
    ("ScaleClusterJob", CU_8, "ScaleClusterJob", CU_4, True),
    ("ScaleClusterJob", CU_8, "ScaleClusterJob", BOUNDS, True),
    ("ScaleClusterJob", CU_8, "ScaleClusterJob", CU_8, False),
    ("ScaleClusterJob", BOUNDS, "ScaleClusterJob", BOUNDS, False),
    ("ScaleClusterJob", CU_8, "ScaleReplicasJob", {**C, "replicas": 8}, True),
    ("ScaleReplicasJob", {**C, "replicas": 2}, "ScaleReplicasJob", {**C, "replicas": 3}, True),
    ("ScaleReplicasJob", {**C, "replicas": 2}, "ScaleReplicasJob", {**C, "replicas": 2}, False),
    ("ScaleClusterJob", CU_8, "SuspendClusterJob", CLUSTER, False),
]


@pytest.mark.parametrize(("ours", "fields", "theirs", "others", "alike"), GONE)
def test_the_job_of_one_that_is_gone(ours: str, fields: Any, theirs: str, others: Any, alike: bool) -> None:
    found = Found({"jobId": "job-1"}, Evidence.INFERRED)
    look = alone(KINDS[ours], spec(ours, fields), [Rival(spec(theirs, others), gone=True)], found)
    assert isinstance(look, Undecided) is alike


def test_every_kind_has_a_row_of_the_table() -> None:
    wanted = {name for name in KINDS if name not in ("SuspendClusterJob", "ResumeClusterJob")}
    assert {row[0] for row in GONE} == wanted


@pytest.mark.parametrize("name", ["SuspendClusterJob", "ResumeClusterJob", "ScaleClusterJob"])
def test_a_cluster_that_is_as_wanted_is_so_whoever_did_it(name: str) -> None:
    fields = CU_8 if name == "ScaleClusterJob" else CLUSTER
    found = Found({"clusterId": "in01-a"}, Evidence.INFERRED, as_wanted=True)
    for gone in (Rival(spec(name, fields), gone=True), Rival(None, gone=True)):
        assert alone(KINDS[name], spec(name, fields), [gone], found) is found
    assert alone(KINDS[name], spec(name, fields), [Rival(spec(name, fields))], found) is not found
