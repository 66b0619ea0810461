"""The job-centre page on a real API server: rows by kubectl, their rules, and what collects them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.cloud import Cloud
from tests.support.user import Body, Job, User

from zilliz_local.cloud import PROJECT

pytestmark = pytest.mark.controlplane


def started(cloud: Cloud) -> str:
    """A backup that somebody starts in the web console."""
    path = f"/v2/clusters/{cloud.cluster}/backups/create"
    answer: Any = cloud.ask(lambda sim: sim.act_as("console", "POST", path, {"backupType": "CLUSTER"}))
    return str(answer["data"]["jobId"])


def row(user: User, job_id: str) -> Job:
    def find() -> str:
        named = {(one.get("status") or {}).get("jobId"): one["metadata"]["name"] for one in rows(user)}
        return str(named.get(job_id, ""))

    return Job(user, "ProjectJob", str(user.until(f"a row of {job_id}", find)))


def test_the_page_lives_on_a_real_api_server(user: User, cloud: Cloud) -> None:
    """Else none of it would be there for a user with kubectl."""
    user.connect(cloud, console=True)
    cloud.slow()
    job_id = started(cloud)
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    one = row(user, job_id)
    one.until("is filled", lambda s: s.get("state") in ("Pending", "InProgress") and s["cloud"]["jobId"] == job_id)

    table = user.kubectl("get", "projectjobs")
    assert table.split()[:9] == [
        "NAME",
        "JOB-ID",
        "TYPE",
        "DESCRIPTION",
        "STATE",
        "PROGRESS",
        "STARTED",
        "FINISHED",
        "CREATOR",
    ]
    assert job_id in table
    assert "page" in user.kubectl("get", "zjc")
    selected = user.kubectl("get", "zpj", "--field-selector", f"status.type=Backup,status.clusterId={cloud.cluster}")
    assert one.name in selected
    assert one.name not in user.kubectl("get", "zpj", "--field-selector", "status.state=Failed")

    assert "cannot be changed" in one.edit_refused(jobId="another")
    one.ask("cancel-requested", "please")
    one.until("is cancelled", lambda s: s["state"] == "Canceled" and s["cancel"]["outcome"] == "Completed")
    assert len(cloud.effects("cancel")) == 1

    ours = user.backup(cloud)
    ours.until("is submitted", lambda s: s.get("jobId"))
    mine = row(user, ours.status()["jobId"])
    mine.until("names its owner", lambda s: (s.get("owner") or {}).get("name") == ours.name)
    mine.ask("cancel-requested", "from the row")
    ours.until("is cancelled", lambda s: s["state"] == "Canceled" and s["cancel"]["token"] == "from the row")
    mine.until("says the same", lambda s: s["state"] == "Canceled" and s["cancel"]["outcome"] == "Completed")
    assert len(cloud.effects("cancel")) == 2

    page.delete()
    user.until("its rows are gone", lambda: not rows(user))


def rows(user: User) -> list[Body]:
    found: list[Body] = user.read(f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{user.namespace}/projectjobs")["items"]
    return found
