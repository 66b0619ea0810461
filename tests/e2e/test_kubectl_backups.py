"""`kubectl zilliz backups` as people type it: the cloud is asked with what their role lets them read."""

from __future__ import annotations

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import Person
from tests.support.user import User

pytestmark = pytest.mark.controlplane


def test_the_backups_of_the_cloud_are_listed_as_far_as_the_rights_go(
    user: User, cloud: Cloud, real_cluster_with_controllers: ControlPlane
) -> None:
    """The role `edit` may read Secrets, the role `view` may not."""
    user.connect(cloud)
    user.backup(cloud, "movies").until_ended()
    editor = Person.arrive(real_cluster_with_controllers, user.namespace, "edit")
    seen = editor.zilliz("backups")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "backupjob/movies" in seen.stdout
    assert "1 manual backup, " in seen.stdout
    seen = editor.zilliz("backups", "--orphaned")
    assert (seen.returncode, "backupjob/movies" in seen.stdout) == (0, False), seen.stdout + seen.stderr
    viewer = Person.arrive(real_cluster_with_controllers, user.namespace, "view")
    seen = viewer.zilliz("backups")
    assert seen.returncode == 4, seen.stdout + seen.stderr
    assert "(needs get on Secret zilliz-api-key)" in seen.stdout
    assert cloud.effects("delete") == []
