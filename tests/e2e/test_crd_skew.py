"""An operator that is newer than the installed CRDs: what it writes would be lost in silence, so it sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.published import CRDS, install_crds, until_published
from tests.support.user import User

pytestmark = pytest.mark.controlplane

CRD = "backupjobs.jobs.zilliz.com"


def record_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of status.submission."""
    found: dict[str, Any] = schema["properties"]["status"]["properties"]["submission"]["properties"]
    return found


@pytest.fixture(scope="module", autouse=True)
def old_crd(cluster: ControlPlane) -> Iterator[None]:
    """The CRD of BackupJob as an earlier release may have had it; in place before the operator starts."""
    crd = yaml.safe_load((CRDS / "backupjobs.yaml").read_text())
    del record_of(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])["baseline"]
    cluster.kubectl("replace", "-f", "-", input=json.dumps(crd))
    until_published(cluster, lambda schemas: "baseline" not in record_of(schemas["BackupJob"]))
    yield
    install_crds(cluster)


def test_nothing_is_submitted_until_the_crds_are_those_of_the_operator(
    user: User, cloud: Cloud, cluster: ControlPlane
) -> None:
    """Else the record of a submission would lose a field on the way, and a crash would make a second backup."""
    user.connect(cloud)
    backup, films = user.backup(cloud), user.importing(cloud)
    status = backup.until_reason("CRDOutdated")
    assert CRD in status["message"]
    assert "submission.baseline" in status["message"]
    assert "apply the CRDs of this release" in backup.until_told("CRDOutdated")
    assert f"CRDOutdated: the installed CRD {CRD} lacks" in user.operator.said()
    films.until_ended()
    assert user.operator.metrics()['zilliz_jobs_crd_outdated{kind="BackupJob"}'] == 1
    assert user.operator.metrics()['zilliz_jobs_crd_outdated{kind="ImportJob"}'] == 0
    assert [entry.route for entry in cloud.requests()] == ["import.create"]

    install_crds(cluster)
    backup.until_ended(seconds=45)
    assert user.operator.metrics()['zilliz_jobs_crd_outdated{kind="BackupJob"}'] == 0
    assert len(cloud.effects()) == 2
