"""JobSchedules on a real API server: runs by the clock and on request, what collects them, and who may make one."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from tests.support.charted import install
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.user import Body, User, condition, manifest

from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.scheduledjob import TEMPLATES

pytestmark = pytest.mark.controlplane

NEVER = "0 0 29 2 *"


def objects_of(user: User, plural: str) -> list[Body]:
    found: list[Body] = user.read(f"/apis/{GROUP}/v1alpha1/namespaces/{user.namespace}/{plural}")["items"]
    return found


def run_of(status: Body, state: str) -> bool:
    return any(run["state"] == state for run in status.get("runs") or [])


def test_a_run_is_made_followed_and_collected(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    ref = {"backup": {"backupJobRef": {"name": "backup"}}, "integrationId": "integ-demo0001", "directory": "d"}
    jobs = [{"name": "export", "exportJob": ref}, {"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    schedule = user.create("JobSchedule", "nightly", {"schedules": [NEVER], "jobs": jobs})
    schedule.until(
        "is understood",
        lambda s: any(c["type"] == "Ready" and c["status"] == "True" for c in s.get("conditions") or []),
    )
    schedule.ask("run-requested", "now")
    schedule.until("its run ended well", lambda s: run_of(s, "Successful"), 90)
    assert condition(schedule.body(), "LastRunSucceeded")["status"] == "True"
    assert {len(objects_of(user, plural)) for plural in ("backupjobs", "exportjobs")} == {1}
    selected = user.kubectl("get", "zilliz", "-l", f"{GROUP}/schedule=nightly", "-o", "name").split()
    assert len(selected) == 2
    assert "RunSucceeded" in schedule.told()
    assert "nightly" in user.kubectl("get", "zsd")
    assert len(cloud.effects("submit")) == 2

    schedule.delete()
    user.until("its objects are collected", lambda: not objects_of(user, "backupjobs"), 60)
    assert len(cloud.effects("submit")) == 2


def test_a_run_begins_when_the_minute_does(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    jobs = [{"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    schedule = user.create("JobSchedule", "often", {"schedules": ["* * * * *"], "jobs": jobs})
    status = schedule.until("made a run", lambda s: s.get("lastScheduleTime"), 100)
    run = status["runs"][-1]["name"]
    minute = status["lastScheduleTime"]
    assert run == "".join(sign for sign in minute if sign.isdigit())[:12]
    user.until(
        "its object is there", lambda: [b for b in objects_of(user, "backupjobs") if run in b["metadata"]["name"]]
    )


def test_a_policy_holds_who_may_schedule_what(cluster: ControlPlane, cluster_namespace: str) -> None:
    """A schedule makes objects by the operator's right to create, not by its author's."""
    release = install(cluster, f"policy-{secrets.token_hex(3)}", rbac={"schedulePolicy": True})
    account = f"system:serviceaccount:{cluster_namespace}:writer"
    cluster.kubectl("-n", cluster_namespace, "create", "serviceaccount", "writer")
    for kind, verbs in (("jobschedules", "create,get,patch"), ("suspendclusterjobs", "create")):
        name = f"writer-{kind}"
        cluster.kubectl(
            "-n", cluster_namespace, "create", "role", name, f"--verb={verbs}", f"--resource={kind}.{GROUP}"
        )
        cluster.kubectl(
            *("-n", cluster_namespace, "create", "rolebinding", name, f"--role={name}"),
            f"--serviceaccount={cluster_namespace}:writer",
        )

    def refusal(name: str, kinds: list[str]) -> str:
        specs: dict[str, Any] = {"suspendClusterJob": {"clusterId": "c"}, "backupJob": {"clusterId": "c"}}
        jobs = [{"name": f"j{n}", kind: specs[kind]} for n, kind in enumerate(kinds)]
        body = manifest("JobSchedule", name, {"schedules": [NEVER], "jobs": jobs})
        done = cluster.kubectl(
            *("-n", cluster_namespace, f"--as={account}", "create", "-f", "-"), input=json.dumps(body), check=False
        )
        return done.stderr if done.returncode else ""

    try:
        told = ""
        for turn in range(40):  # a policy is in force a moment after it was made
            if told := refusal(f"many-{turn}", ["suspendClusterJob"] * 9 + ["backupJob"]):
                break
        assert "the schedule makes backupjobs, which you may not create in this namespace" in told
        assert refusal("mine", ["suspendClusterJob"] * 10) == ""
        policy = json.loads(
            cluster.kubectl(
                "get", "validatingadmissionpolicies", f"{release.name}-zilliz-jobs-operator-schedules", "-o", "json"
            ).stdout
        )
        assert len(policy["spec"]["validations"]) == len(TEMPLATES)
        assert not policy.get("status", {}).get("typeChecking", {}).get("expressionWarnings")
    finally:
        cluster.run_helm("uninstall", release.name, "-n", release.namespace, "--no-hooks")
