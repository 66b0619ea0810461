"""Suspend, resume and scale clusters as a user does. These jobs have no id: the cluster itself tells how they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.charted import Release
from tests.support.cloud import Cloud, movies
from tests.support.operators import Operator, OperatorInProcess
from tests.support.user import Job, User, condition, manifest

from zilliz_local.cloud.clusters import ClusterFields

pytestmark = pytest.mark.controlplane

EXAMPLES = sorted(
    path for first in "456" for path in (Path(__file__).parents[2] / "examples").glob(f"{first}*-*.yaml")
)
WAYS: dict[str, dict[str, Any]] = {
    "SuspendClusterJob": {},
    "ResumeClusterJob": {},
    "ScaleClusterJob": {"cuSize": 8},
    "ScaleReplicasJob": {"replicas": 2},
}
VERBS = {"SuspendClusterJob": "suspend", "ResumeClusterJob": "resume"}
SETTLED = 40.0


@pytest.fixture(scope="module")
def operator(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    operator = OperatorInProcess(release, tmp_path_factory.mktemp("operator") / "operator.log")
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def another(cloud: Cloud, status: str = "RUNNING", **fields: Any) -> str:
    """A cluster of the test's own; of one cluster the jobs go one at a time."""
    cluster_id = f"in01-{secrets.token_hex(7)}"
    change(cloud, cluster_id, status, **fields)
    return cluster_id


def change(cloud: Cloud, cluster_id: str, status: str, **fields: Any) -> None:
    known = ClusterFields(**(movies().model_dump() | {"status": status, "cu_size": 2, **fields}))
    cloud.ask(lambda sim: sim.world.put_cluster(cluster_id, known))


def start_of(kind: str) -> str:
    return "STOPPED" if kind == "ResumeClusterJob" else "RUNNING"


def make(user: User, kind: str, cluster_id: str, **spec: Any) -> Job:
    return user.create(
        kind, f"{kind.lower()}-{secrets.token_hex(3)}", {"clusterId": cluster_id, **WAYS[kind], **spec}
    )


def effects(cloud: Cloud, cluster_id: str) -> list[str]:
    """What the operator brought about on the cluster."""
    every = cloud.ask(lambda sim: sim.ledger.effects(client="api"))
    return [entry.kind for entry in every if entry.target["clusterId"] == cluster_id]


def requests(cloud: Cloud) -> int:
    return sum(len(cloud.requests(kind)) for kind in ("suspend", "resume", "modify"))


def test_every_example_ends_well_as_it_is_written(user: User, cloud: Cloud) -> None:
    """Else the first manifest that a newcomer copies would not work."""
    user.connect(cloud)
    jobs: dict[Job, str] = {}
    for path in EXAMPLES:
        text = path.read_text()
        written = yaml.safe_load(text)
        kind, its = written["kind"], another(cloud, start_of(written["kind"]))
        user.kubectl("apply", "-f", "-", stdin=text.replace(written["spec"]["clusterId"], its))
        jobs[Job(user, kind, written["metadata"]["name"])] = its
    assert {job.kind for job in jobs} == WAYS.keys()
    assert len(jobs) == 8
    for job, its in jobs.items():
        user.kubectl("wait", "--for=condition=Finished", job.arg, "--timeout=90s")
        body = job.body()
        assert (body["status"]["state"], body["status"].get("reason")) == ("Successful", None), user.story()
        assert condition(body, "Succeeded")["status"] == "True"
        assert (body["status"]["target"], body["status"].get("jobId")) == (its, None)
        assert body["status"]["cloudStatus"] == ("STOPPED" if job.kind == "SuspendClusterJob" else "RUNNING")
        assert effects(cloud, its) == [VERBS.get(job.kind, "modify")]
    listed = user.kubectl("get", "zsu,zre,zsc,zsp", "-o", "name").split()
    assert len(listed) == 8


def test_what_is_so_already_is_not_sent(user: User, cloud: Cloud) -> None:
    """Else a manifest that is applied every night would disturb a cluster that is as it should be."""
    user.connect(cloud)
    jobs = [
        make(user, "SuspendClusterJob", another(cloud, "STOPPED")),
        make(user, "ResumeClusterJob", another(cloud)),
        make(user, "ScaleClusterJob", another(cloud, cu_size=8)),
        make(user, "ScaleReplicasJob", another(cloud, replica=2)),
    ]
    for job in jobs:
        status = job.until_ended()
        assert status["reason"] == "AlreadyInState"
        assert "submission" not in status
        assert condition(job.body(), "Submitted")["status"] == "False"
    assert requests(cloud) == 0


def test_one_waits_for_the_other_and_then_goes(user: User, cloud: Cloud) -> None:
    """Else of two jobs for one cluster one would fail, though it only had to wait."""
    user.connect(cloud)
    its = another(cloud)
    cloud.next_job("SCALE_CU", run_seconds=10_000)
    first = make(user, "ScaleClusterJob", its)
    first.until("is at work", lambda s: s.get("cloudStatus") == "MODIFYING")
    waiting = make(user, "SuspendClusterJob", its)
    assert waiting.until_reason("ClusterBusy")["state"] == "Pending"
    assert effects(cloud, its) == ["modify"]
    first.ask("cancel-requested", "1")
    refusal = first.until_request("cancel", "Refused", "1")["cancel"]
    assert refusal["reason"] == "KindHasNoCancel"
    (its_job,) = cloud.ask(lambda sim: [job.job_id for job in sim.jobs.all()])
    cloud.ask(lambda sim: sim.force(its_job, "SUCCESSFUL"))
    first.until_ended()
    waiting.until_ended()
    assert effects(cloud, its) == ["modify", "suspend"]


def test_a_cancel_before_the_submission_costs_nothing(user: User, cloud: Cloud) -> None:
    """The kinds have no cancel in the cloud; before it there is nothing to ask the cloud."""
    user.connect(cloud)
    job = make(user, "ScaleClusterJob", another(cloud, "MIGRATING"))
    job.until_reason("ClusterBusy")
    job.ask("cancel-requested", "1")
    assert job.until_ended("Canceled")["reason"] == "CanceledBeforeSubmission"
    assert requests(cloud) == 0


def test_a_lost_answer_leaves_one_effect_and_a_strangers_change_is_not_undone(user: User, cloud: Cloud) -> None:
    """Else a second request would follow the first, or undo what somebody else wanted meanwhile. Busy clusters that
    nobody here works on wait beside them, since all of that takes its time."""
    user.connect(cloud)
    patient = {kind: make(user, kind, another(cloud, "MIGRATING")) for kind in WAYS}
    for job in patient.values():
        job.until_reason("ClusterBusy")
    for kind, job in patient.items():
        change(cloud, job.body()["spec"]["clusterId"], start_of(kind))

    taken = []
    for kind in WAYS:
        cloud.fault(f"cluster.{VERBS.get(kind, 'modify*')}", "drop_after")
        taken.append(make(user, kind, another(cloud, start_of(kind))))
        taken[-1].until_told("Found")
    for job in taken:
        assert job.until_ended()["submission"]["evidence"] == "Inferred"
        assert len(effects(cloud, job.body()["spec"]["clusterId"])) == 1

    its = another(cloud)
    cloud.fault("cluster.modify", "drop_before")
    policy = {"limit": 3, "resubmit": True, "backoffSeconds": 1}
    overtaken = make(user, "ScaleClusterJob", its, retryPolicy=policy)
    overtaken.until("is looked for", lambda s: s.get("reason") == "LookingForSubmission")
    change(cloud, its, "RUNNING", cu_size=4)
    status = overtaken.until_ended("Failed", SETTLED)
    assert (status["reason"], len(status["attempts"])) == ("ChangedElsewhere", 1)
    assert effects(cloud, its) == []

    for job in patient.values():
        job.until_ended()


def test_a_size_that_is_neither_old_nor_wanted_is_nobodys_success(user: User, cloud: Cloud) -> None:
    """Else `Successful` would stand beside a cluster of another size, or the policy would fight with a person."""
    user.connect(cloud)
    its = another(cloud)
    cloud.next_job("SCALE_CU", run_seconds=10_000)
    job = make(user, "ScaleClusterJob", its, retryPolicy={"limit": 3, "resubmit": True, "backoffSeconds": 1})
    job.until("is at work", lambda s: s.get("cloudStatus") == "MODIFYING")

    def meddle(sim: Any) -> None:
        (there,) = sim.jobs.all()
        sim.force(there.job_id, "FAILED")
        cluster = sim.world.clusters[its].at(sim.world.now)
        cluster.fields = cluster.fields.model_copy(update={"cu_size": 4})

    cloud.ask(meddle)
    status = job.until_ended("Failed")
    assert (status["reason"], len(status["attempts"])) == ("ChangedElsewhere", 1)
    assert "neither the old number nor 8" in status["message"]
    assert effects(cloud, its) == ["modify"]


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        ("ScaleClusterJob", {}, "name exactly one of cuSize, autoscaling and schedules"),
        ("ScaleClusterJob", {"cuSize": 8, "autoscaling": {"min": 2, "max": 8}}, "name exactly one of cuSize"),
        ("ScaleClusterJob", {"autoscaling": {"min": 9, "max": 8}}, "autoscaling.min must not be above"),
        ("ScaleClusterJob", {"cuSize": 0}, "spec.cuSize"),
        ("ScaleReplicasJob", {}, "name exactly one of replicas, autoscaling and schedules"),
        (
            "ScaleReplicasJob",
            {"replicas": 2, "schedules": [{"cron": "0 8 * * *", "target": 2}]},
            "name exactly one of replicas",
        ),
        ("ScaleReplicasJob", {"replicas": 11}, "spec.replicas"),
    ],
)
def test_a_spec_that_means_nothing_is_refused(user: User, kind: str, spec: dict[str, Any], told: str) -> None:
    """Else the mistake would show only when the job runs."""
    assert told in user.post(manifest(kind, "wrong", {"clusterId": "in01-1", **spec})).message
