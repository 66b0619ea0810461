"""The kit for Argo CD at work: health, waves, the hook, what a failure stops, and what healing leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gitops.argo_rig import ArgoCD, Shop, argo_cd, healths, word
from tests.gitops.kit import GROUP, JOBS, KIT, expected
from tests.gitops.programs import argo_parts
from tests.gitops.tree import Body, Tree, config_map, key_secret, made
from tests.support.cloud import BROKEN, FILMS, Cloud
from tests.support.controlplane import ControlPlane
from tests.support.kubelet import ended
from tests.support.user import PLURALS, Job, User, manifest, secret

from zilliz_local.cloud import PROJECT

pytestmark = [pytest.mark.controlplane, pytest.mark.timeout(3600)]  # Argo CD is built once

WAVE = "argocd.argoproj.io/sync-wave"
BACKUP, SCHEMA, IMPORT = "before-2-4", "schema-2-4", "products-2-4"
HOOK = "before-sync-"
FOREVER = 10_000
NEVER = "0 0 29 2 *"


@pytest.fixture(scope="module")
def live(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCD]:
    with argo_cd(cluster, *argo_parts(), tmp_path_factory.mktemp("argocd")) as running:
        yield running


@pytest.fixture
def shop(live: ArgoCD, user: User, cloud: Cloud, tmp_path: Path) -> Iterator[Shop]:
    """The kit's examples in a repository, with the connection applied by its own Application."""
    user.apply(key_secret(cloud), secret("demo-data-bucket", accessKey="AK", secretKey="storage-canary"))
    tree = Tree(tmp_path / "repository")
    tree.copy(KIT / "argocd" / "examples" / "connection", "zilliz/connection")
    tree.reach(cloud, "zilliz/connection/connection.yaml")
    one = Shop(live, user, tree)
    one.commit()
    one.application("connection", "zilliz/connection", like="shop-zilliz")
    one.until_synced("connection")
    yield one
    one.clear()


def objects(user: User, kind: str) -> dict[str, Body]:
    return {body["metadata"]["name"]: body for body in user.read(user.path(PLURALS[kind]))["items"]}


def run_to_its_end(user: User, job: str) -> None:
    """As a node runs the Job; there is none here."""
    path = f"/apis/batch/v1/namespaces/{user.namespace}/jobs/{job}"
    user.until(f"{job} is applied", lambda: user.read(path))
    user.merge(f"{path}/status", {"status": ended(well=True)}).ok()


def test_a_release_goes_wave_by_wave_and_is_left_in_peace(shop: Shop, user: User, cloud: Cloud) -> None:
    """Else the data would be imported before its backup, or each look at Git would start it all again."""
    cloud.ask(lambda sim: sim.put_object("s3://demo-data/products/2-4/part-1.parquet", rows=10, size_bytes=1000))
    cloud.next_job("BACKUP", run_seconds=FOREVER)
    shop.tree.copy(KIT / "argocd" / "examples" / "shop", "shop")
    shop.commit()
    shop.application("shop", "shop")
    (hook,) = user.until("the hook is made", lambda: [name for name in objects(user, "BackupJob") if HOOK in name])
    runs = Job(user, "BackupJob", hook).until("runs", lambda s: s.get("state") == "InProgress" and s.get("jobId"))
    assert set(objects(user, "BackupJob")) == {hook}, "its backup comes before the first wave"
    cloud.ask(lambda sim: sim.force(runs["jobId"], "SUCCESSFUL"))
    backup = Job(user, "BackupJob", BACKUP)
    backup.until_ended("Successful")
    user.until("the second wave", lambda: user.read(f"/apis/batch/v1/namespaces/{user.namespace}/jobs/{SCHEMA}"))
    assert not objects(user, "ImportJob"), "the third wave waits for the second"
    run_to_its_end(user, SCHEMA)
    status = shop.until_synced("shop")
    assert healths(status)["ImportJob", IMPORT] == "Healthy"
    user.until("a hook that succeeded is removed", lambda: hook not in objects(user, "BackupJob"))
    assert len(cloud.effects()) == 3

    begun = status["operationState"]["startedAt"]
    for _ in range(3):
        now = shop.refresh("shop")
        assert word(now)[0] == "Synced", "what the operator writes is no difference from Git"
    assert shop.status("shop")["operationState"]["startedAt"] == begun
    assert len(cloud.effects()) == 3

    connection = Job(user, "ZillizConnection", "default")
    connection.edit(consoleApi={"enabled": False})
    user.until("the edit is healed", lambda: connection.body()["spec"]["consoleApi"]["enabled"])
    shop.until_synced("connection")
    assert len(cloud.effects()) == 3, "healing starts nothing"


def test_a_failed_job_stops_the_release_however_often_it_is_tried(shop: Shop, user: User, cloud: Cloud) -> None:
    """Else an application would be there without its data, or the data would be imported once for each try."""
    spec = {
        "clusterId": cloud.cluster,
        "collection": "films",
        "objectStorage": {"urls": [BROKEN], "credentialsSecretRef": {"name": "demo-data-bucket"}},
    }
    shop.tree.write("bad/import.yaml", manifest("ImportJob", "broken", spec))
    shop.tree.write("bad/after.yaml", config_map("after", annotations={WAVE: "1"}))
    shop.commit()
    shop.application("bad", "bad", retry={"limit": 2, "backoff": {"duration": "1s", "maxDuration": "2s"}})
    status = shop.until("bad", "gave up", lambda s: word(s)[1:] == ("Degraded", "Failed"))
    assert status["operationState"]["retryCount"] == 2
    assert healths(status)["ImportJob", "broken"] == "Degraded"
    assert not made(user, "after")
    assert len(cloud.effects()) == 1

    cloud.ask(lambda sim: sim.put_object(BROKEN, rows=10, size_bytes=1000))
    job = Job(user, "ImportJob", "broken")
    job.ask("retry-requested", "again")
    job.until_request("retry", "Completed", "again")
    job.until_ended("Successful")
    shop.until("bad", "is healthy again", lambda s: healths(s).get(("ImportJob", "broken")) == "Healthy")
    shop.sync("bad")
    shop.until_synced("bad")
    assert made(user, "after")
    assert (len(cloud.effects()), len(cloud.effects("retry"))) == (1, 1)


def test_health_is_shown_as_the_page_says(shop: Shop, user: User, cloud: Cloud) -> None:
    """Each state that lasts, by the health of the kit and as the controller tells it."""
    cloud.next_job("IMPORT", run_seconds=FOREVER)
    storage = {"credentialsSecretRef": {"name": "demo-data-bucket"}}
    films = {"clusterId": cloud.cluster, "collection": "films"}
    running = {**films, "objectStorage": {"urls": [FILMS], **storage}}
    backup = {"clusterId": cloud.cluster}
    asked = {f"{GROUP}/cancel-requested": "1"}
    jobs = [{"name": "backup", "backupJob": backup}]
    account = {"endpoint": cloud.url, "credentialsSecretRef": {"name": "zilliz-cloud"}}
    user.apply(secret("of-another", apiKey="not-of-this-cloud"))
    wanted = {
        "running": ("Progressing", manifest("ImportJob", "running", running)),
        "done": ("Healthy", manifest("BackupJob", "done", backup)),
        "held": ("Suspended", manifest("BackupJob", "held", {**backup, "suspend": True})),
        "cancelled": (
            "Degraded",
            manifest("BackupJob", "cancelled", {**backup, "suspend": True}, annotations=asked),
        ),
        "waiting": ("Progressing", manifest("BackupJob", "waiting", {**backup, "connectionRef": {"name": "none"}})),
        "nightly": ("Healthy", manifest("JobSchedule", "nightly", {"schedules": [NEVER], "jobs": jobs})),
        "paused": (
            "Suspended",
            manifest("JobSchedule", "paused", {"schedules": [NEVER], "jobs": jobs, "suspend": True}),
        ),
        "never": ("Degraded", manifest("JobSchedule", "never", {"schedules": ["0 0 31 2 *"], "jobs": jobs})),
        "asleep": ("Suspended", manifest("ZillizConnection", "asleep", {**account, "suspend": True})),
        "asked-asleep": (
            "Suspended",
            manifest("BackupJob", "asked-asleep", {**backup, "connectionRef": {"name": "asleep"}}),
        ),
        "rejected": (
            "Degraded",
            manifest("ZillizConnection", "rejected", {**account, "credentialsSecretRef": {"name": "of-another"}}),
        ),
        "no-secret": (
            "Progressing",
            manifest("ZillizConnection", "no-secret", {**account, "credentialsSecretRef": {"name": "none"}}),
        ),
        "center": ("Healthy", manifest("JobCenter", "center", {"projectId": PROJECT})),
        "closed": ("Suspended", manifest("JobCenter", "closed", {"projectId": PROJECT, "suspend": True})),
    }
    for name, (_, body) in wanted.items():
        shop.tree.write(f"states/{name}.yaml", body)
    shop.commit()
    shop.application("states", "states")
    Job(user, "ImportJob", "running").until("runs", lambda s: s.get("state") == "InProgress")
    Job(user, "BackupJob", "done").until_ended("Successful")
    Job(user, "BackupJob", "cancelled").until_ended("Canceled")
    shown = {(body["kind"], name): health for name, (health, body) in wanted.items()}
    shop.until("states", "shows each health", lambda s: healths(s) == shown)
    for name, (health, body) in wanted.items():
        if body["kind"] in JOBS:
            assert expected(Job(user, body["kind"], name).body()).health == health


def test_who_suspends_a_job_is_not_overruled(shop: Shop, user: User, cloud: Cloud) -> None:
    """Else the action Suspend would last until the next look at Git."""
    spec = {"clusterId": cloud.cluster, "connectionRef": {"name": "none"}, "suspend": False}
    shop.tree.write("one/backup.yaml", manifest("BackupJob", "one", spec))
    shop.commit()
    shop.application("one", "one")
    job = Job(user, "BackupJob", "one")
    job.until_reason("ConnectionNotFound")
    # Until it has seen its own first sync, Argo CD compares with what was before that, and applies once more.
    shop.until("one", "is synced", lambda s: word(s)[::2] == ("Synced", "Succeeded"))
    job.edit(suspend=True)
    shop.until("one", "is Suspended", lambda s: healths(s).get(("BackupJob", "one")) == "Suspended")
    assert word(shop.refresh("one"))[0] == "Synced"
    assert job.body()["spec"]["suspend"] is True


def test_runs_of_a_schedule_are_neither_out_of_sync_nor_pruned(shop: Shop, user: User, cloud: Cloud) -> None:
    """Else a backup at night would be deleted by the next sync, or turn its Application yellow."""
    jobs = [{"name": "backup", "backupJob": {"clusterId": cloud.cluster}}]
    shop.tree.write("nightly/schedule.yaml", manifest("JobSchedule", "nightly", {"schedules": [NEVER], "jobs": jobs}))
    shop.commit()
    shop.application("nightly", "nightly")
    shop.until_synced("nightly")
    cloud.next_job("BACKUP", failure="disk full")
    nightly = Job(user, "JobSchedule", "nightly")
    nightly.ask("run-requested", "now")
    nightly.until("its run failed", lambda s: [run for run in s.get("runs") or [] if run["state"] == "Failed"])
    (child,) = objects(user, "BackupJob").values()
    assert word(shop.refresh("nightly"))[:2] == ("Synced", "Healthy")
    shop.tree.write("nightly/more.yaml", config_map("more"))
    shop.commit()
    shop.refresh("nightly")
    user.until("the new revision is applied", lambda: made(user, "more"))
    status = shop.until_synced("nightly")
    assert set(healths(status)) == {("JobSchedule", "nightly"), ("ConfigMap", "more")}
    assert [body["metadata"]["uid"] for body in objects(user, "BackupJob").values()] == [child["metadata"]["uid"]]
    assert len(cloud.effects()) == 1

    (shop.tree.root / "nightly" / "schedule.yaml").unlink()
    shop.commit()
    shop.refresh("nightly")
    nightly.until_gone()
    user.until("its run is collected", lambda: not objects(user, "BackupJob"))
