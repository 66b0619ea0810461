"""The operator has the rights that it uses, and no other: what it may not do, a stolen token of it cannot do either.

An operator with the chart's service account does everything that an operator ever does. The API server's audit says
which rights that took. With one less, something here is forbidden, and `require_clean_log` finds it in every module.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.charted import Release, install
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.everykind import ROWS, Walker
from tests.support.operators import OperatorProcess
from tests.support.rights import Deeds, granted, may
from tests.support.stirring import stirred
from tests.support.user import PATIENCE, PLURALS, Body, Job, User, condition, connection, manifest

from zilliz_jobs.api.model import API_VERSION, GROUP
from zilliz_jobs.api.scheduledjob import TEMPLATES
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_local.cloud import PROJECT

pytestmark = pytest.mark.controlplane

BY_KIND = {row.manifest["kind"]: row for row in reversed(ROWS)}
HELD = [kind.resource.kind for kind in JOB_KINDS if kind.traits.can_cancel or kind.traits.cleanup]
"""These carry the finalizer of the operator, where it is wanted."""
READ = {*PLURALS} - {"ProjectJob"}
"""Of these an object is read again only where a write met another version of it."""


@pytest.fixture(params=["in all namespaces", "in one namespace"])
def release(request: pytest.FixtureRequest, cluster: ControlPlane, cluster_namespace: str) -> Release:
    namespaces = [cluster_namespace] if request.param == "in one namespace" else []
    return install(cluster, f"rights-{secrets.token_hex(4)}", namespaces=namespaces)


@pytest.fixture
def operator(cluster: ControlPlane, release: Release, log_file: Path) -> Iterator[OperatorProcess]:
    """As the chart starts it."""
    operator = OperatorProcess(cluster, log_file, release=release)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def test_it_uses_every_right_that_the_chart_gives_it(user: User, cloud: Cloud, release: Release) -> None:
    """One too many is a gift to a thief, and for one too few there are jobs that never move."""
    deeds, walker = deeds_of(release), Walker(user, cloud, BY_KIND["ExportJob"])
    user.apply(connection(cloud.url, submissionSettleSeconds=2) | {"metadata": {"name": "plain"}})
    stranger = a_job_of_somebody_else(cloud)
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    held, short, copied = run_to_their_end(walker), expire(user), restore_a_cluster(user, cloud)
    with restless(user, release):
        user.until("it reads an object of each kind again", lambda: not deeds.unread(READ), 2 * PATIENCE)
    for job in short:
        job.until_gone()
    schedule_each_kind(user)
    row(user, stranger).ask("cancel-requested", "please")
    for job in (*held, copied):
        job.until_ended(seconds=60)
    assert condition(copied.body(), "CredentialsAvailable")["status"] == "True"
    user.until("the stranger's job is cancelled", lambda: len(cloud.effects("cancel")) == 1)
    page.edit(types=["Import"])  # so that the rows of all others go
    user.until("it uses each of its rights", lambda: granted(release.manifests, "operator") <= deeds.used(), 20)
    assert deeds.forbidden() == []


def deeds_of(release: Release) -> Deeds:
    return Deeds(release.cluster, release.account, release.name)


def restore_a_cluster(user: User, cloud: Cloud) -> Job:
    """Its password has to be kept, in a Secret that the operator makes."""
    target = {"projectId": PROJECT, "cuSize": 2}
    return user.create("RestoreJob", "copy", {"backup": {"backupJobRef": {"name": "movies"}}, "newCluster": target})


def run_to_their_end(walker: Walker) -> list[Job]:
    """Jobs that the operator holds while they run: a clone that is made by steps, and what can be cancelled."""
    jobs = [walker.user.backup(walker.cloud, deletionPolicy="Cancel")]
    for kind in HELD:
        walker.row = BY_KIND[kind]
        more = {"connectionRef": {"name": "plain"}} if kind == "CloneCollectionJob" else {"deletionPolicy": "Cancel"}
        jobs.append(walker.apply(f"held-{kind.lower()}", **more))
    return jobs


def expire(user: User) -> list[Job]:
    """Jobs that end at once, and whose time to live is over then."""
    now = {f"{GROUP}/cancel-requested": "now"}
    more = {"suspend": True, "ttlSecondsAfterFinished": 0}
    return [user.create(kind, "short", row.manifest["spec"] | more, annotations=now) for kind, row in BY_KIND.items()]


def schedule_each_kind(user: User) -> None:
    """One run of each kind: the operator makes objects of all of them. A connection that is not there holds them."""
    nowhere = {"connectionRef": {"name": "nowhere"}}
    for number, (field, resource) in enumerate(TEMPLATES.items()):
        spec = json.loads(json.dumps(SCHEDULED.get(resource.kind) or BY_KIND[resource.kind].manifest["spec"]))
        jobs = [{"name": "job", field: {k: v for k, v in spec.items() if k != "suspend"} | nowhere}]
        token = {f"{GROUP}/run-requested": "now"}
        made = {"schedules": ["0 0 29 2 *"], "jobs": jobs}
        user.create("JobSchedule", f"every-{number}", made, annotations=token)


SCHEDULED: dict[str, Body] = {
    "RestoreJob": {"backup": {"clusterId": "c", "backupId": "b"}, "newCluster": {"projectId": PROJECT, "cuSize": 2}},
    "ExportJob": {"backup": {"clusterId": "c", "backupId": "b"}, "integrationId": "i", "directory": "d"},
    "MigrationJob": {
        "source": {"zillizCluster": {"clusterId": "a"}},
        "target": {"clusterId": "b"},
        "collections": [{"source": "films", "destination": "films_$(RUN)"}],
    },
    "CloneCollectionJob": {"clusterId": "c", "collection": "films", "destCollection": "films_$(RUN)"},
    "SampleCollectionJob": {"clusterId": "c", "collection": "films_$(RUN)"},
}
"""Those whose example names what can be made once."""


def a_job_of_somebody_else(cloud: Cloud) -> str:
    cloud.next_job("BACKUP", run_seconds=10_000)
    path = f"/v2/clusters/{cloud.cluster}/backups/create"
    answer: Any = cloud.ask(lambda sim: sim.act_as("console", "POST", path, {"backupType": "CLUSTER"}))
    return str(answer["data"]["jobId"])


def row(user: User, job_id: str) -> Job:
    def find() -> str:
        rows = user.read(f"/apis/{API_VERSION}/namespaces/{user.namespace}/projectjobs")["items"]
        names = [one["metadata"]["name"] for one in rows if (one.get("status") or {}).get("jobId") == job_id]
        return names[0] if names else ""

    return Job(user, "ProjectJob", str(user.until(f"a row of {job_id}", find)))


@contextmanager
def restless(user: User, release: Release) -> Iterator[None]:
    """Objects that somebody changes all the time, so that the operator's writes meet what it has not seen yet."""
    others: dict[str, Body] = {"ZillizConnection": {"endpoint": "https://nowhere.invalid"}, "JobCenter": {}}
    others["ZillizConnection"]["credentialsSecretRef"] = {"name": "nothing"}
    others["JobSchedule"] = {
        "schedules": ["0 0 29 2 *"],
        "jobs": [{"name": "a", "suspendClusterJob": {"clusterId": "c"}}],
    }
    specs = {kind: row.manifest["spec"] for kind, row in BY_KIND.items()} | others
    for kind, spec in specs.items():
        nowhere = {} if kind in ("ZillizConnection", "JobSchedule") else {"connectionRef": {"name": "nowhere"}}
        user.apply(manifest(kind, "restless", spec | nowhere))
    deeds = deeds_of(release)
    with stirred(
        release.cluster,
        lambda: [Job(user, kind, "restless").path for kind in deeds.unread(READ)],
        lambda turn: {"spec": {"suspend": turn}},
    ):
        yield


@pytest.mark.parametrize(
    "deed",
    [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("create", f"zillizconnections.{GROUP}"),
        ("create", f"jobschedules.{GROUP}"),
        ("delete", f"jobschedules.{GROUP}"),
        ("get", "configmaps"),
        ("create", "pods"),
        ("list", "namespaces"),
        ("get", "customresourcedefinitions"),
        ("get", "leases.coordination.k8s.io"),
    ],
    ids=" ".join,
)
def test_it_may_not(cluster: ControlPlane, cluster_wide: Release, deed: tuple[str, str]) -> None:
    """Else a leaked token of the operator would open more than the operator ever needs."""
    assert not may(cluster, cluster_wide.account, *deed)


def test_in_one_namespace_it_may_do_nothing_elsewhere(cluster: ControlPlane, cluster_namespace: str) -> None:
    """Else a team could not give the operator its own namespace without giving it those of others."""
    release = install(cluster, f"rights-{secrets.token_hex(4)}", namespaces=[cluster_namespace])
    for where, allowed in ((cluster_namespace, True), ("default", False)):
        assert may(cluster, release.account, "list", f"backupjobs.{GROUP}", namespace=where) is allowed
    bound = cluster.kubectl(
        "get", "clusterrolebindings", "-l", f"app.kubernetes.io/instance={release.name}", "-o", "name"
    )
    assert bound.stdout == ""
