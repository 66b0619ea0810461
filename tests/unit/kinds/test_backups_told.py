"""Is this listed backup the lost one? Wrongly "no", and the cluster is backed up twice; wrongly "yes", and somebody
else's backup is told as ours."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.kinds.backups.backing import _fits

WHOLE: dict[str, Any] = {
    "backupId": "b1",
    "clusterId": "in01",
    "creationMethod": "MANUAL",
    "backupType": "CLUSTER",
    "regionId": "aws-us-west-2",
}
PART = WHOLE | {
    "backupType": "COLLECTION",
    "dbCollections": [{"dbName": "default", "collections": [{"collectionName": "films"}]}],
}


def holding(*names: str, database: str = "default") -> dict[str, Any]:
    return {"dbCollections": [{"dbName": database, "collections": [{"collectionName": name} for name in names]}]}


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"creationMethod": "manual", "backupType": "cluster"}, True),
        # proven: another one
        ({"creationMethod": "AUTO"}, False),
        ({"clusterId": "in02"}, False),
        ({"backupType": "COLLECTION"}, False),
        ({"regionId": "aws-eu-west-1"}, False),
        # nobody can tell
        ({"creationMethod": ""}, None),
        ({"creationMethod": "BY_HAND"}, None),
        ({"clusterId": ""}, None),
        ({"clusterId": "IN01"}, None),
        ({"backupType": ""}, None),
        ({"backupType": "WHOLE"}, None),
        # a strange spelling of the region makes no copy of it
        ({"regionId": "AWS-US-WEST-2"}, True),
        ({"regionId": "us-west-2"}, True),
        ({"regionId": "us-east-1"}, False),
        ({"regionId": ""}, None),
        ({"regionId": "US West (Oregon)"}, None),
    ],
)
def test_of_a_whole_cluster(changes, fits):
    told = Backup.model_validate(WHOLE | changes)
    assert _fits(told, "in01", "aws-us-west-2", "default", ()) is fits


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"dbCollections": None, "collections": [{"collectionName": "films"}]}, True),
        (holding("actors"), False),
        (holding("films", "actors"), False),
        (holding("films", database="archive"), False),
        ({"dbCollections": []}, None),
        (holding("Films"), None),
        (holding("[films]"), None),
        (holding("film\N{REPLACEMENT CHARACTER}"), None),
        (holding("films", database="DEFAULT"), None),
    ],
)
def test_of_a_collection(changes, fits):
    told = Backup.model_validate(PART | changes)
    assert _fits(told, "in01", "aws-us-west-2", "default", ["films"]) is fits


def test_of_fewer_collections_than_wanted_is_another_one():
    told = Backup.model_validate(PART)
    assert _fits(told, "in01", "", "default", ["films", "actors"]) is False


def test_of_a_cluster_that_does_not_tell_its_region_is_not_ruled_out():
    assert _fits(Backup.model_validate(WHOLE), "in01", "", "default", ()) is None
