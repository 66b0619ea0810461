"""The rows of the table of kinds, walked on a real API server.

Each shape of object and each walk once; with E2E_WHOLE every walk of every row, as on the stand-in. The rules of the
schemas, which only a real server judges, are asked about every row.
"""

from __future__ import annotations

import os

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.everykind import ROWS, SAMPLE_BY_STEPS, Row, Walk, Walker, cases, cover, named
from tests.support.user import PLURALS, User

from zilliz_jobs.api.model import API_VERSION

pytestmark = pytest.mark.controlplane

CASES = cases() if os.environ.get("E2E_WHOLE") else cover()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_each_row_keeps_its_rules(user: User, cloud: Cloud, case: tuple[Row, Walk]) -> None:
    """What the table of the documentation promises for a kind is what a person with kubectl gets."""
    row, walk = case
    walk(Walker(user, cloud, row))


@pytest.mark.parametrize("row", [*ROWS, SAMPLE_BY_STEPS], ids=lambda row: row.name)
def test_the_manifest_of_each_row_is_taken(cluster: ControlPlane, row: Row) -> None:
    """Else the stand-in, which knows no rules of CEL, would show a walk that no cluster allows."""
    path = f"/apis/{API_VERSION}/namespaces/default/{PLURALS[row.manifest['kind']]}"
    assert cluster.client.call("POST", path, row.manifest, dryRun="All", fieldValidation="Strict").message == ""
