"""A cluster that changes under the operator: CRDs that come late or go, and an etcd that goes back in time.

Nobody must restart it. A kind that is not served holds up no other, and nothing says that it is watched. On a control
plane of its own, since other tests need theirs as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.kinds_away import (
    one_kind_goes_and_comes_back,
    one_kind_is_installed_late,
    the_crds_are_installed_late,
)
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane, control_plane
from tests.support.operators import OperatorProcess
from tests.support.published import install_crds
from tests.support.user import User

pytestmark = pytest.mark.controlplane

WATCH_LIMIT = 20


@pytest.fixture(scope="module")
def alone(real_cluster: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane that may be spoilt. `real_cluster` skips where there can be none."""
    with control_plane(controller_manager=False, binaries=real_cluster.binaries) as plane:
        install_crds(plane)
        yield plane


@pytest.fixture
def user(alone: ControlPlane, log_file: Path) -> Iterator[User]:
    operator = OperatorProcess(alone, log_file, watch_limit=WATCH_LIMIT)
    user = User(alone, "default", operator)
    yield user
    user.clear()
    user.close()
    if operator.runs:
        operator.close()


def test_crds_that_are_installed_after_the_operator_are_served(user: User, cloud: Cloud) -> None:
    the_crds_are_installed_late(user, cloud)


def test_one_kind_that_is_installed_late_is_served_and_holds_up_no_other(user: User, cloud: Cloud) -> None:
    one_kind_is_installed_late(user, cloud)


def test_a_crd_that_is_deleted_pauses_its_kind_alone(user: User, cloud: Cloud) -> None:
    one_kind_goes_and_comes_back(user, cloud)


def test_an_etcd_that_was_restored_to_an_older_version_is_listed_anew(
    user: User, cloud: Cloud, alone: ControlPlane
) -> None:
    """Every watch waits for versions that come only after hours; the objects made meanwhile would never be seen."""
    operator = user.operator
    assert isinstance(operator, OperatorProcess)
    operator.start()
    user.connect(cloud)
    user.backup(cloud, "before").until_ended()
    with alone.restored_to_now():
        later = [user.backup(cloud, f"later-{n}") for n in range(3)]
        for job in later:
            job.until_ended()
    assert not later[0].body(), "the store went back"
    user.importing(cloud, "films").until_ended(seconds=4 * WATCH_LIMIT)
    user.backup(cloud, "after").until_ended()
    assert "history of the cluster went back" in operator.said()
    user.until("it is well", lambda: operator.health()[0] == 200)
    operator.require_clean_log()
