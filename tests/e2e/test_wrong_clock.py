"""The operator's machine has a clock that is an hour off, and the API server has not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.charted import Release
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import Operator, OperatorProcess
from tests.support.user import User

from zilliz_jobs.api.model import parse_time

pytestmark = pytest.mark.controlplane
HOUR = 3600.0


@pytest.fixture(scope="module", params=[HOUR, -HOUR], ids=["ahead", "behind"])
def off(request: pytest.FixtureRequest) -> float:
    found: float = request.param
    return found


@pytest.fixture(scope="module")
def operator(
    cluster: ControlPlane, release: Release, tmp_path_factory: pytest.TempPathFactory, off: float
) -> Iterator[Operator]:
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    operator = OperatorProcess(cluster, log, release=release, log_format="text", clock_off=off)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def test_jobs_are_submitted_within_their_start_deadline(user: User, cloud: Cloud, off: float) -> None:
    """Else every new job of such a cluster ends unsent as DeadlineExceeded, or a deadline never comes."""
    user.connect(cloud)
    jobs = [user.backup(cloud, startDeadlineSeconds=1800), user.importing(cloud, startDeadlineSeconds=1800)]
    for job in jobs:
        job.until_ended()
        assert job.status()["state"] == "Successful"
        made = parse_time(job.body()["metadata"]["creationTimestamp"])
        told = [parse_time(c["lastTransitionTime"]) for c in job.status()["conditions"]]
        told.append(parse_time(job.status()["submission"]["intentTime"]))
        assert made is not None
        for moment in told:
            assert moment is not None
            assert -2 <= (moment - made).total_seconds() < 120
    assert user.operator.metrics()["zilliz_jobs_clock_skew_seconds"] == pytest.approx(off, abs=5)
    warned = [line for line in user.operator.said().splitlines() if "this machine's clock is" in line]
    assert len(warned) == 1


def test_a_start_deadline_that_is_over_is_over(user: User, cloud: Cloud) -> None:
    """Its cluster does not exist."""
    user.connect(cloud)
    job = user.create("BackupJob", "late", {"clusterId": "in01-nothere", "startDeadlineSeconds": 8})
    job.until_ended("Failed")
    assert job.status()["reason"] == "DeadlineExceeded"
    assert not cloud.requests()
