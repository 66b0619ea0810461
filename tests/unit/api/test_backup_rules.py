"""What a restore or an export must name: the operator checks it by the same rules as the API server."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.exportjob import EXPORT_JOB
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.restorejob import RESTORE_JOB

BY_ID = {"clusterId": "in01", "backupId": "b1"}
BY_JOB = {"backupJobRef": {"name": "movies"}}
NEW = {"projectId": "p", "cuSize": 1}
FILMS = {"clusterId": "in02", "collections": [{"collection": "films"}]}
SEVERAL: list[dict[str, str]] = [
    {"collection": "a"},
    {"collection": "a", "destCollection": "b"},
    {"database": "archive", "collection": "a"},
    {"database": "archive", "collection": "a", "destDatabase": "default", "destCollection": "c"},
]
INTO = {"integrationId": "i", "directory": "d"}
ADOPT = {"adopt": {"jobId": "j"}}

GOOD = [
    (RESTORE_JOB, {"backup": BY_ID, "newCluster": NEW}),
    (RESTORE_JOB, {"backup": BY_JOB, "existingCluster": FILMS}),
    (RESTORE_JOB, {"backup": BY_JOB, "existingCluster": {"clusterId": "in02"}}),
    (RESTORE_JOB, {"backup": BY_ID, "existingCluster": {"clusterId": "in02", "collections": SEVERAL}}),
    (RESTORE_JOB, ADOPT),
    (RESTORE_JOB, {**ADOPT, "newCluster": NEW}),
    (RESTORE_JOB, {**ADOPT, "backup": BY_ID}),
    (EXPORT_JOB, {"backup": BY_ID, **INTO}),
    (EXPORT_JOB, {"backup": BY_JOB, **INTO}),
    (EXPORT_JOB, ADOPT),
]
BAD = [
    (RESTORE_JOB, {"newCluster": NEW}, "name the backup"),
    (RESTORE_JOB, {"backup": {}, "newCluster": NEW}, "name one backup"),
    (RESTORE_JOB, {"backup": {**BY_ID, **BY_JOB}, "newCluster": NEW}, "name one backup"),
    (RESTORE_JOB, {"backup": {"clusterId": "in01"}, "newCluster": NEW}, "name one backup"),
    (RESTORE_JOB, {"backup": {"backupId": "b1"}, "newCluster": NEW}, "name one backup"),
    (RESTORE_JOB, {"backup": {**BY_JOB, "backupId": "b1"}, "newCluster": NEW}, "name one backup"),
    (RESTORE_JOB, {"backup": BY_ID}, "exactly one target"),
    (RESTORE_JOB, {"backup": BY_ID, "newCluster": NEW, "existingCluster": FILMS}, "exactly one target"),
    (RESTORE_JOB, {**ADOPT, "newCluster": NEW, "existingCluster": FILMS}, "exactly one target"),
    (RESTORE_JOB, {**ADOPT, "backup": {}}, "name one backup"),
    (RESTORE_JOB, {"backup": BY_ID, "newCluster": {**NEW, "cuSize": 0}}, "cuSize"),
    (RESTORE_JOB, {"backup": BY_ID, "newCluster": {**NEW, "collectionStatus": "KEEP"}}, "collectionStatus"),
    (
        RESTORE_JOB,
        {"backup": BY_ID, "existingCluster": {"clusterId": "in02", "collections": [{"collection": "a"}] * 2}},
        "restore each collection under a name of its own",
    ),
    *(
        (
            RESTORE_JOB,
            {"backup": BY_ID, "existingCluster": {"clusterId": "in02", "collections": [*SEVERAL, one]}},
            "restore each collection under a name of its own",
        )
        for one in (
            {"database": "default", "collection": "a"},
            {"collection": "x", "destCollection": "a"},
            {"database": "other", "destDatabase": "default", "collection": "c"},
        )
    ),
    (RESTORE_JOB, {"backup": BY_ID, "existingCluster": {"clusterId": "in02", "collections": []}}, "collections"),
    (EXPORT_JOB, INTO, "name the backup"),
    (EXPORT_JOB, {"backup": BY_ID, "directory": "d"}, "name where to export to"),
    (EXPORT_JOB, {"backup": BY_ID, "integrationId": "i"}, "name where to export to"),
    (EXPORT_JOB, {"backup": {}, **INTO}, "name one backup"),
]


@pytest.mark.parametrize(("resource", "spec"), GOOD)
def test_a_complete_manifest_and_an_adopted_job_are_taken(resource: Resource, spec: dict[str, Any]) -> None:
    parse_spec(resource, {"spec": spec})


@pytest.mark.parametrize(("resource", "spec", "sentence"), BAD)
def test_what_is_missing_or_too_much_is_said_in_a_sentence(
    resource: Resource, spec: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SpecError, match=sentence):
        parse_spec(resource, {"spec": spec})
