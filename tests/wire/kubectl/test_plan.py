"""`kubectl zilliz plan`: what it says of a manifest is what would happen, and nothing happens."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.engine_rig import Rig
from tests.support.everykind import ROWS
from tests.support.kubectl_zilliz import Typed, typed

from zilliz_jobs.cli.kubectl.doctor.operators import Installed
from zilliz_jobs.cli.kubectl.plan import engineruns
from zilliz_jobs.cli.kubectl.plan.rehearsing import without_secrets
from zilliz_jobs.kinds.migrations.vts.seatunnel import job_number
from zilliz_local.cloud import KEY, MOVIES

FILM = "s3://demo-data/films/part-1.parquet"
STORAGE = {"urls": [FILM], "credentialsSecretRef": {"name": "bucket"}}
FILMS = {"clusterId": MOVIES, "collection": "films", "objectStorage": STORAGE}
KEPT = "storage-canary-4711"


@pytest.fixture(autouse=True)
def http_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an operator beside the simulator."""
    monkeypatch.setenv("ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS", "true")


@pytest.fixture
def prepared(world: Rig) -> Rig:
    labels = {"jobs.zilliz.com/credentials": "true"}
    meta = {"name": "bucket", "namespace": "default", "labels": labels}
    data = {"accessKey": "QUtJQS0x", "secretKey": "c3RvcmFnZS1jYW5hcnktNDcxMQ=="}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    return world


async def planned(rig: Rig, folder: Path, *manifests: dict[str, Any]) -> Typed:
    file = folder / "jobs.yaml"
    file.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    before = [body["metadata"]["resourceVersion"] for body in rig.everything()]
    seen = await typed(rig.kubeconfig, "plan", "-f", str(file))
    assert rig.cloud.ledger.effects() == [], "something was sent"
    assert [body["metadata"]["resourceVersion"] for body in rig.everything()] == before, "something was written"
    assert KEPT not in seen.out + seen.err
    return seen


def job(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def said(seen: Typed, verdict: str) -> str:
    return "\n".join(line for line in seen.lines if line.startswith(verdict))


def body_of(seen: Typed) -> dict[str, Any]:
    """The body of the one request that is shown."""
    text = seen.out.partition("The request, of which nothing was sent:\n")[2]
    found: dict[str, Any] = json.loads(text[text.index("{") :])
    return found


async def test_a_job_with_nothing_in_its_way_shows_its_request(prepared: Rig, tmp_path: Path) -> None:
    seen = await planned(prepared, tmp_path, job("ImportJob", "films", FILMS))
    assert seen.code == 0, seen.out
    assert said(seen, "PROBLEM") == ""
    assert f"POST {prepared.cloud.url}/v2/vectordb/jobs/import/create" in seen.out
    body = body_of(seen)
    assert (body["clusterId"], body["collectionName"], body["objectUrls"]) == (MOVIES, "films", [[FILM]])
    assert (body["accessKey"], body["secretKey"]) == ("***", "***")


MIGRATION = {
    "engine": "VTS",
    "source": {
        "postgresql": {
            "uri": "postgresql://postgresql.shop.svc",
            "database": "shop",
            "credentialsSecretRef": {"name": "postgresql"},
        }
    },
    "target": {"clusterId": MOVIES},
    "collections": [{"source": "customers"}],
}


@pytest.fixture
def migrating(world: Rig) -> Rig:
    meta = {"name": "postgresql", "namespace": "default", "labels": {"jobs.zilliz.com/credentials": "true"}}
    data = {"username": "YWxpY2U=", "password": "c3RvcmFnZS1jYW5hcnktNDcxMQ=="}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    return world


async def test_of_a_migration_by_vts_it_shows_the_job_and_what_the_engine_is_told(
    migrating: Rig, tmp_path: Path
) -> None:
    """This server has no Deployments, so that whether an operator has the engine cannot be told."""
    seen = await planned(migrating, tmp_path, job("MigrationJob", "customers", MIGRATION))
    assert seen.code == 4, seen.out
    assert said(seen, "PROBLEM") == ""
    assert "whether migrations by VTS are enabled (needs list on deployments.apps in all namespaces)" in seen.out
    assert f"the engine would run in zmg-{'0' * 32}" in said(seen, "OK")
    made, told = seen.out.split("The request, of which nothing was sent:\n")[1:]
    assert made.splitlines()[0].endswith("/apis/batch/v1/namespaces/default/jobs")
    assert '"suspend": true' in made
    assert told.splitlines()[0].endswith("/api/v1/namespaces/default/secrets")
    assert '"url": "jdbc:postgresql://postgresql.shop.svc:5432/shop?sslmode=prefer"' in told
    assert '"password": "***"' in told
    assert '"token": "***"' in told
    assert KEY not in seen.out + seen.err


def installed(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """An operator with these settings of the engine, where the small Kubernetes has no Deployments."""
    one = Installed("zilliz", "operator", 1, 1, "operator", {f"ZILLIZ_JOBS_{k}": v for k, v in environment.items()})

    async def deployments(*_: object) -> list[Installed]:
        return [one]

    monkeypatch.setattr(engineruns, "deployments", deployments)


async def test_of_a_migration_on_a_cluster_of_seatunnel_it_shows_what_would_be_submitted_there(
    migrating: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, VTS_CLUSTER="http://seatunnel.data:8080/")
    seen = await planned(migrating, tmp_path, job("MigrationJob", "customers", MIGRATION))
    assert seen.code == 0, seen.out
    assert "migrations by VTS are enabled, on the SeaTunnel cluster http://seatunnel.data:8080" in said(seen, "OK")
    number = job_number("0" * 32, 0)
    assert f"it would run there as {number}" in said(seen, "OK")
    (told,) = seen.out.split("The request, of which nothing was sent:\n")[1:]
    line = f"POST http://seatunnel.data:8080/submit-job?jobId={number}&jobName=zmg-{'0' * 32}"
    assert told.splitlines()[0].strip() == line
    assert body_of(seen)["source"][0]["password"] == "***"
    assert KEY not in seen.out + seen.err


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        (
            {"VTS_IMAGE": "r.example/vts@sha256:1"},
            0,
            "OK migrations by VTS are enabled, with the image r.example/vts",
        ),
        ({}, 1, "PROBLEM EngineNotEnabled: "),
        ({"VTS_IMAGE": "r.example/vts", "NAMESPACES": "other"}, 1, "PROBLEM EngineNotEnabled: "),
    ],
    ids=["in workers", "not at all", "for another namespace"],
)
async def test_whether_an_operator_of_the_namespace_has_the_engine_is_told(
    migrating: Rig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    code: int,
    words: str,
) -> None:
    installed(monkeypatch, **environment)
    seen = await planned(migrating, tmp_path, job("MigrationJob", "customers", MIGRATION))
    assert seen.code == code, seen.out
    level, _, rest = words.partition(" ")
    assert rest in said(seen, level)
    assert ("zmg-" in seen.out) == (code == 0)


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        ({"collections": [{"source": "a.b", "destination": "ab"}]}, "Rejected: table 'a.b' has a dot"),
        ({"collections": [{"source": "films"}]}, "NameTaken: collection default/films exists"),
        ({"target": {"clusterId": "in01-nobody"}}, "ClusterNotFound: "),
    ],
    ids=["a name that the engine cannot read", "a collection that is there", "no such cluster"],
)
async def test_what_stands_in_the_way_of_a_migration_by_vts_is_told(
    migrating: Rig, tmp_path: Path, change: dict[str, Any], said_of_it: str
) -> None:
    seen = await planned(migrating, tmp_path, job("MigrationJob", "customers", MIGRATION | change))
    assert seen.code == 1, seen.out
    assert said_of_it in said(seen, "PROBLEM"), seen.out
    assert "The request" not in seen.out


async def test_it_is_the_request_that_is_sent_then(prepared: Rig, tmp_path: Path) -> None:
    seen = await planned(prepared, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES}))
    assert seen.code == 0, seen.out
    prepared.backup("movies")
    await prepared.start()
    await prepared.until(lambda: prepared.status("backupjobs", "movies").get("jobId"), "it is submitted")
    (sent,) = [entry for entry in prepared.cloud.ledger.entries if entry.event == "request"]
    assert f"POST {prepared.cloud.url}/v2/clusters/{sent.target['clusterId']}/backups/create" in seen.out


@pytest.mark.parametrize("console", [False, True], ids=["documented calls", "console"])
async def test_a_job_of_every_kind_can_be_planned(keyed: Rig, tmp_path: Path, console: bool) -> None:
    """Each by its own checks; some examples wait for a backup, or for a Secret that is not here."""
    keyed.connection(consoleApi={"enabled": console})
    manifests = {row.manifest["kind"]: row.manifest for row in ROWS}
    seen = await planned(keyed, tmp_path, *manifests.values())
    assert seen.code == 1, seen.out + seen.err
    assert [line.split()[0] for line in seen.lines if " default/" in line and line[0] in "BREMICS"] == [*manifests]
    assert seen.out.count("The request, of which nothing was sent:") >= 4


async def test_what_is_in_the_way_is_what_the_operator_would_say(prepared: Rig, tmp_path: Path) -> None:
    """For each: the same reason on the object, where it is created all the same."""
    nobody = {"clusterId": "in01-nobody"}
    secretless = FILMS | {"objectStorage": STORAGE | {"credentialsSecretRef": {"name": "none"}}}
    waits = {"backup": {"backupJobRef": {"name": "none"}}, "integrationId": "i", "directory": "d"}
    jobs = {
        "nobody": (job("BackupJob", "nobody", nobody), "backupjobs", "ClusterNotFound"),
        "secretless": (job("ImportJob", "secretless", secretless), "importjobs", "SecretNotFound"),
        "waits": (job("ExportJob", "waits", waits), "exportjobs", "BackupNotReady"),
        "elsewhere": (
            job("BackupJob", "elsewhere", {"clusterId": MOVIES, "connectionRef": {"name": "none"}}),
            "backupjobs",
            "ConnectionNotFound",
        ),
        "held": (job("BackupJob", "held", {"clusterId": MOVIES, "suspend": True}), "backupjobs", "Suspended"),
    }
    for manifest, _, reason in jobs.values():
        seen = await planned(prepared, tmp_path, manifest)
        assert seen.code == 1, seen.out
        assert f"{reason}: " in said(seen, "PROBLEM"), seen.out
    for manifest, _, _ in jobs.values():
        prepared.kube.create({**manifest, "metadata": {**manifest["metadata"], "namespace": "default"}})
    await prepared.start()
    for name, (_, plural, reason) in jobs.items():
        await prepared.until(lambda: prepared.status(plural, name).get("reason") == reason, f"{name} is {reason}")  # noqa: B023


async def test_a_key_that_is_rejected_is_told_before_all_else(keyed: Rig, tmp_path: Path) -> None:
    await keyed.patch_secret("another")
    keyed.connection()
    seen = await planned(keyed, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES}))
    assert seen.code == 1
    assert "ConnectionNotReady: ZillizConnection default: " in said(seen, "PROBLEM")
    assert "request" not in seen.out


async def test_a_cloud_that_is_not_reached_from_here_is_not_called_a_fault_of_the_job(
    world: Rig, tmp_path: Path
) -> None:
    await world.patch("zillizconnections", "default", {"spec": {"endpoint": "http://127.0.0.1:9"}})
    seen = await planned(world, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES}))
    assert seen.code == 4, seen.out
    assert "no way to it from here" in said(seen, "not checked")


async def test_a_job_that_is_there_already_sends_nothing(world: Rig, tmp_path: Path) -> None:
    world.backup("movies")
    status = {"state": "Successful", "completionTime": "2026-03-01T12:00:00Z"}
    await world.patch("backupjobs", "movies", {"status": status}, "/status")
    seen = await planned(world, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES}))
    assert seen.code == 1
    assert "backupjob/movies is Successful already, and an object is one job" in said(seen, "PROBLEM")


async def test_a_manifest_that_no_server_takes_is_told(world: Rig, tmp_path: Path) -> None:
    seen = await planned(world, tmp_path, job("ImportJob", "films", {"clusterId": MOVIES}))
    assert seen.code == 1
    assert "spec.collection: Field required" in said(seen, "PROBLEM")
    seen = await planned(world, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES, "colections": ["a"]}))
    assert seen.code == 1
    assert "colections" in said(seen, "PROBLEM"), "a misspelt field would be dropped in silence"


async def test_what_is_no_file_of_jobs_is_said(world: Rig, tmp_path: Path) -> None:
    for name, text, words in (
        ("none", None, "cannot read"),
        ("odd", "a: [", "is no YAML"),
        ("other", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}", "there is no job and no schedule in"),
        ("nameless", "apiVersion: jobs.zilliz.com/v1alpha1\nkind: BackupJob", "without metadata.name"),
    ):
        file = tmp_path / name
        if text is not None:
            file.write_text(text, encoding="utf-8")
        seen = await typed(world.kubeconfig, "plan", "-f", str(file))
        assert (seen.code, seen.out) == (5, "")
        assert words in seen.err


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    body = {"a": "key-1", "b": [{"c": "https://x?sig=key-1"}], "d": 1}
    assert without_secrets(body, frozenset({"key-1"})) == {"a": "***", "b": [{"c": "https://x?sig=***"}], "d": 1}


def backs_up_by_itself(rig: Rig, hours: str) -> None:
    """Every day, in these two hours of UTC."""
    policy = {"status": "ENABLED", "startTime": hours, "frequency": "1,2,3,4,5,6,7", "retentionDays": 7}
    rig.cloud.world.clusters[MOVIES].backup_policy = policy


def nightly(*crons: str, **spec: Any) -> dict[str, Any]:
    jobs = [{"name": "backup", "backupJob": {"clusterId": MOVIES}}]
    return job("JobSchedule", "nightly", {"schedules": [*crons], "jobs": jobs, **spec})


async def test_a_schedule_says_when_it_is_due_and_whether_the_cloud_backs_up_then(
    prepared: Rig, tmp_path: Path
) -> None:
    backs_up_by_itself(prepared, "02:00-04:00")
    seen = await planned(prepared, tmp_path, nightly("30 2 * * *"))
    assert seen.code == 0, seen.out + seen.err
    assert "the API server takes the manifest" in said(seen, "OK")
    assert "it is due at " in said(seen, "OK")
    assert f"AutomaticBackup: the cloud backs up cluster {MOVIES} by itself every day 02:00-04:00 UTC" in seen.out
    seen = await planned(prepared, tmp_path, nightly("30 5 * * *"))
    assert "when backup is not due" in said(seen, "OK")
    assert "AutomaticBackup" not in seen.out


async def test_the_jobs_of_the_next_run_are_prepared_as_far_as_they_can_be(prepared: Rig, tmp_path: Path) -> None:
    """A cluster that is misspelt would be told by the first night's failed run."""
    copied = {"backup": {"backupJobRef": {"name": "backup"}}, "integrationId": "integ-demo-s3", "directory": "x"}
    jobs = [
        {"name": "backup", "backupJob": {"clusterId": MOVIES, "collections": ["films"]}},
        {"name": "export", "exportJob": copied},
        {"name": "films", "importJob": FILMS},
    ]
    schedule = job("JobSchedule", "nightly", {"schedules": ["30 2 * * *"], "jobs": jobs})
    seen = await planned(prepared, tmp_path, schedule)
    assert seen.code == 0, seen.out + seen.err
    assert "export begins after backup, and is prepared then" in said(seen, "OK")
    assert re.findall(r"^\w+Job default/nightly-\d+-(\w+)$", seen.out, re.MULTILINE) == ["backup", "films"]
    assert seen.out.count("The request, of which nothing was sent:") == 2
    jobs[0]["backupJob"]["clusterId"] = "in01-misspelt"
    seen = await planned(prepared, tmp_path, schedule)
    assert (seen.code, "in01-misspelt" in said(seen, "PROBLEM")) == (1, True), seen.out


async def test_the_jobs_of_a_schedule_are_prepared_in_its_own_namespace(prepared: Rig, tmp_path: Path) -> None:
    elsewhere = nightly("30 2 * * *")
    elsewhere["metadata"]["namespace"] = "elsewhere"
    seen = await planned(prepared, tmp_path, elsewhere)
    assert re.search(r"^BackupJob elsewhere/nightly-\d+-backup$", seen.out, re.MULTILINE), seen.out
    assert "ZillizConnection default/default" not in seen.out
    assert seen.code == 1, "there is no connection"


async def test_a_schedule_that_never_comes_is_a_problem(prepared: Rig, tmp_path: Path) -> None:
    seen = await planned(prepared, tmp_path, nightly("0 0 30 2 *"))
    assert (seen.code, "so it never comes" in said(seen, "PROBLEM")) == (1, True), seen.out


async def test_a_schedule_whose_cloud_cannot_be_asked_says_what_is_not_known(prepared: Rig, tmp_path: Path) -> None:
    prepared.cloud.fault("backup_policy.get", "status", status=403)
    seen = await planned(prepared, tmp_path, nightly("30 2 * * *"))
    assert (seen.code, f"automatic backups of cluster {MOVIES}" in said(seen, "not checked")) == (4, True), seen.out


async def test_a_backup_while_the_cloud_may_make_its_own_is_warned_of(prepared: Rig, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for begins, warned in ((now.hour, True), ((now.hour + 3) % 24, False)):
        backs_up_by_itself(prepared, f"{begins:02d}:00-{(begins + 2) % 24:02d}:00")
        seen = await planned(prepared, tmp_path, job("BackupJob", "movies", {"clusterId": MOVIES}))
        assert seen.code == 0, seen.out + seen.err
        assert ("with a warning, AutomaticBackup" in seen.out) is warned
