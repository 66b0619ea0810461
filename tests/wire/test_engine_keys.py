"""Keys that are rotated and revoked while jobs are at every stage, and Secrets that a manifest may not use: no job
fails of the one, nothing storms, and nothing is read or reached that nobody allowed."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace
from typing import Any

import pytest
from tests.support.engine_rig import FILM, NAMESPACE, QUICK, Body, Rig, condition

from zilliz_jobs.accounts import connections
from zilliz_jobs.cloud.session import fingerprint
from zilliz_jobs.control.objects import Key
from zilliz_local.cloud import KEY, MOVIES, PROJECT, SHOP, Duration
from zilliz_local.cloud.crowd import ImportCrowd, put_imports

FRESH = "key-of-the-second-day"
LABEL = {"jobs.zilliz.com/credentials": "true"}
MANY = 40
STEADY = replace(QUICK, recheck=0.5)
"""Each object is looked at twice a second: often enough to show a storm, seldom enough not to be one itself."""


@pytest.fixture
def world(keyed: Rig) -> Rig:
    return keyed


def make(world: Rig, kind: str, name: str, spec: Body, namespace: str = NAMESPACE) -> None:
    meta = {"name": name, "namespace": namespace}
    world.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})


def make_secret(world: Rig, name: str, labels: dict[str, str], namespace: str = NAMESPACE, **data: str) -> None:
    packed = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    meta = {"name": name, "namespace": namespace, "labels": labels}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": packed})


def refused_calls(world: Rig) -> int:
    return sum(n for what, n in world.cloud.stats.by_answer.items() if what.endswith("HTTP 401"))


def ready(world: Rig) -> Body:
    return condition(world.get("zillizconnections", "default"), "Ready")


def in_progress(world: Rig) -> int:
    return sum((body.get("status") or {}).get("state") == "InProgress" for body in world.everything())


class TestRevoked:
    @pytest.mark.parametrize("console", [False, True])
    async def test_it_is_one_condition_and_no_storm(self, world: Rig, console: bool) -> None:
        """Else all jobs would lean on the cloud with a dead key, which can lock the account, and drown a cluster in
        events and writes."""
        world.connection(consoleApi={"enabled": console})
        world.cloud.pace(import_=Duration(pending_seconds=0, run_seconds=100_000))
        running, waiting = [f"runs-{n}" for n in range(MANY - 10)], [f"waits-{n}" for n in range(10)]
        crowd = {"cluster_id": MOVIES, "collection": "films", "url": FILM, "run_seconds": 100_000}
        begun = put_imports(world.cloud.world, ImportCrowd(count=len(running), **crowd))
        for name, job in zip(running, begun, strict=True):
            world.imports(name, adopt={"jobId": job.job_id})
        await world.start(STEADY, retry_cap=60.0)
        await world.until(lambda: in_progress(world) == len(running), "all run", 60)
        world.cloud.world.keys.revoke(KEY)
        for name in waiting:
            world.imports(name, "actors")

        def told() -> int:
            every = (world.status("importjobs", name) for name in running + waiting)
            return sum(status.get("reason") == "ConnectionNotReady" for status in every)

        await world.until(lambda: told() == MANY, "all say so", 20)
        assert ready(world)["reason"] == "KeyRejected"
        assert refused_calls(world) <= MANY, "one of each job, that was on its way when the key was revoked"
        calls, writes = refused_calls(world), world.kube.stats.count("patch", "*/status")
        await asyncio.sleep(2.5)
        assert refused_calls(world) - calls <= 5, "calls of the connection's own check"
        assert world.kube.stats.count("patch", "*/status") - writes <= 5
        assert len(world.events("ConnectionNotReady")) <= MANY
        assert len(world.events("KeyRejected")) <= 5
        world.cloud.world.keys.add(KEY)
        await world.until(lambda: ready(world)["status"] == "True", "it heals by itself", 40)
        await world.until(lambda: in_progress(world) == MANY, "all run", 20)
        assert len(world.cloud.ledger.effects(kind="submit")) == len(waiting)


class TestRotated:
    @pytest.mark.parametrize("how", ["patched", "made anew"])
    @pytest.mark.parametrize("old", ["valid for a while", "revoked at once"])
    async def test_no_job_fails_of_it(self, world: Rig, monkeypatch: pytest.MonkeyPatch, how: str, old: str) -> None:
        """Else each rotation would cost the jobs of that moment, or need a restart."""
        monkeypatch.setattr(connections, "SECRET_SECONDS", 0.4)
        world.connection(consoleApi={"enabled": True})
        cloud = world.cloud
        slow = Duration(pending_seconds=0, run_seconds=6_000)
        cloud.pace(import_=Duration(pending_seconds=0, run_seconds=60), backup=slow, cancel_seconds=30)
        cloud.next_job("IMPORT", pending_seconds=50)
        world.imports("pending")
        await world.start(QUICK, retry_cap=1.0)
        await world.until_state("importjobs", "pending", "Pending")
        world.imports("running", "actors")
        world.backup("cancelled")
        await world.until(lambda: in_progress(world) == 2, "they run")
        await world.patch(
            "backupjobs", "cancelled", {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "x"}}}
        )
        await world.until(
            lambda: world.status("backupjobs", "cancelled").get("reason") == "Canceling", "it is cancelled"
        )
        cloud.fault("import.create", "latency_after", seconds=0.6, times=1)
        world.imports("submitting", "reviews")
        await world.until(lambda: len(cloud.ledger.effects(kind="submit")) == 4, "it is on its way")
        world.backup("in-line")  # the cloud makes one at a time
        cloud.world.keys.add(FRESH)
        if old == "revoked at once":
            cloud.world.keys.revoke(KEY)
        if how == "patched":
            await world.patch_secret(FRESH)
        else:
            await world.delete_secret()
            await asyncio.sleep(0.6)
            world.secret(FRESH)
        mark = fingerprint(FRESH)

        def taken() -> bool:
            status = world.status("zillizconnections", "default")
            return status.get("keyFingerprint") == mark and ready(world).get("status") == "True"

        await world.until(taken, "the new key is taken", 15)
        cloud.world.keys.revoke(KEY)
        await asyncio.sleep(0.3)
        refused = refused_calls(world)
        cloud.advance(35)
        await world.until_state("backupjobs", "cancelled", "Canceled")
        for _ in range(4):
            cloud.advance(60)
            await asyncio.sleep(0.4)
        for name in ("pending", "running", "submitting"):
            assert len((await world.until_state("importjobs", name, "Successful"))["attempts"]) == 1
        await world.until_state("backupjobs", "in-line", "InProgress")
        assert refused_calls(world) == refused, "the old key is not used any more"
        assert len(cloud.ledger.effects(kind="submit")) == 5

    async def test_a_secret_that_is_mended_is_read_within_half_a_minute(self, world: Rig) -> None:
        """Else who mends it would wait for the longest back-off, and think that it did not help."""
        assert connections.SECRET_SECONDS <= 30
        world.connection()
        await world.delete_secret()
        engine = await world.start(QUICK, retry_cap=3600.0)
        await world.until(lambda: ready(world).get("reason") == "SecretNotFound", "it says so")
        connection = engine.connections.get(Key("ZillizConnection", NAMESPACE, "default"))
        assert connection is not None
        wait, _ = await engine.accounts._reconciler.reconcile(connection, 30)
        assert wait <= connections.SECRET_SECONDS


class TestForbidden:
    async def test_a_connection_serves_its_own_namespace_only(self, world: Rig) -> None:
        """Who may write jobs in another namespace could else spend its money."""
        world.connection()
        await world.start()
        world.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
        for name in ("default", "default/default", "../default/default", "..", "default%2Fdefault"):
            ref = {"connectionRef": {"name": name}}
            slug = f"j{len(world.everything())}"
            make(world, "BackupJob", slug, {"clusterId": MOVIES} | ref, "other")
            make(world, "JobCenter", slug, {"projectId": PROJECT} | ref, "other")
            make(
                world,
                "ZillizConnection",
                slug,
                {"endpoint": world.cloud.url, "credentialsSecretRef": {"name": name}},
                "other",
            )

        def reasons() -> set[str]:
            mine = [b for b in world.everything() if b["metadata"]["namespace"] == "other"]
            return {condition(body, "Ready").get("reason", "") for body in mine}

        await world.until(
            lambda: reasons() == {"ConnectionNotFound", "SecretNotFound"}, f"all say so {reasons()}", 15
        )
        assert not world.cloud.ledger.requests()

    @pytest.mark.parametrize(
        ("labels", "reason"),
        [({}, "SecretNotLabelled"), ({"jobs.zilliz.com/credentials": "false"}, "SecretNotLabelled")],
    )
    async def test_a_secret_without_the_label_is_sent_nowhere(self, world: Rig, labels: Body, reason: str) -> None:
        """Who may write jobs could else have any Secret of the namespace sent to an address of his own."""
        world.connection(consoleApi={"enabled": True})
        make_secret(
            world, "others", labels, apiKey=KEY, accessKey="AK12", secretKey="SK12", username="u", password="pw12"
        )
        await world.start()
        make_secret(world, "others-key", labels, apiKey=KEY)
        world.connection("stolen", credentialsSecretRef={"name": "others-key"})
        for name, spec in _takers("others").items():
            make(world, *spec[:1], name, spec[1])

        def reasons() -> set[str]:
            found = {b["metadata"]["name"]: condition(b, "Ready").get("reason", "") for b in world.everything()}
            return {found.get(name, "") for name in ("stolen", *_takers("others"))}

        await world.until(lambda: reasons() == {reason}, "all say so", 15)
        assert not world.cloud.ledger.requests(kind="submit")

    async def test_the_api_key_of_a_connection_is_no_credential_of_a_source(self, world: Rig) -> None:
        """It has the same label: who may only write jobs could else have the cloud send our key to his own host."""
        world.connection(consoleApi={"enabled": True})
        await world.start()
        spec = _takers("zilliz")["pinecone"][1]
        make(world, "MigrationJob", "thief", spec)
        await world.until(
            lambda: world.status("migrationjobs", "thief").get("reason") == "SecretHoldsApiKey", "it is refused"
        )
        assert not world.cloud.ledger.requests(kind="submit")
        make_secret(world, "source", LABEL, apiKey="key-of-the-source")
        make(world, "MigrationJob", "honest", _takers("source")["pinecone"][1])
        await world.until(lambda: world.status("migrationjobs", "honest").get("jobId"), "an honest one is submitted")

    async def test_a_new_clusters_password_overwrites_no_secret(self, world: Rig) -> None:
        """Else a manifest could destroy any Secret of the namespace, or make it ours."""
        world.connection()
        make_secret(world, "plain", {}, password="mine")
        await world.start()
        world.backup("base")
        await world.until(lambda: world.status("backupjobs", "base").get("jobId"), "it runs")
        world.cloud.advance(600)
        await world.until_state("backupjobs", "base", "Successful")
        before = {
            n: world.kube.object("secrets", NAMESPACE, n)["metadata"]["resourceVersion"] for n in ("plain", "zilliz")
        }  # type: ignore[index]
        for name in ("plain", "zilliz", ".."):
            new = {"projectId": PROJECT, "name": f"new-{len(name)}", "cuSize": 1, "credentialsSecretName": name}
            make(
                world,
                "RestoreJob",
                f"to-{len(name)}",
                {"backup": {"backupJobRef": {"name": "base"}}, "newCluster": new},
            )
        for name in ("to-5", "to-6"):
            await world.until(
                lambda name=name: world.status("restorejobs", name).get("reason") == "CredentialsSecretTaken", name
            )
        await asyncio.sleep(0.5)
        assert not [e for e in world.cloud.ledger.requests(kind="submit") if e.route.startswith("restore")]
        after = {n: world.kube.object("secrets", NAMESPACE, n)["metadata"]["resourceVersion"] for n in before}  # type: ignore[index]
        assert after == before

    async def test_no_address_in_a_spec_is_opened_by_the_operator(self, world: Rig) -> None:
        """Else a manifest could make the operator knock on any door of the cluster's network."""
        knocks: list[Any] = []

        async def door(_reader: Any, writer: asyncio.StreamWriter) -> None:
            knocks.append(time.monotonic())
            writer.close()

        trap = await asyncio.start_server(door, "127.0.0.1", 0)
        host = f"127.0.0.1:{trap.sockets[0].getsockname()[1]}"
        world.connection(consoleApi={"enabled": True})
        make_secret(
            world,
            "source",
            LABEL,
            apiKey="k123",
            username="user",
            password="pw12",
            accessKey="AK12",
            secretKey="SK12",
        )
        await world.start()
        for name, (kind, spec) in _takers("source", host).items():
            make(world, kind, name, spec)

        def over() -> bool:
            found = [b.get("status") or {} for b in world.everything() if b["kind"] in ("ImportJob", "MigrationJob")]
            return all(status.get("jobId") or status.get("completionTime") for status in found)

        await world.until(over, "the cloud was told of each", 20)
        trap.close()
        assert not knocks


def _takers(name: str, host: str = "source.example") -> dict[str, tuple[str, Body]]:
    """Jobs of every kind that take a Secret, and their sources."""
    ref = {"credentialsSecretRef": {"name": name}}
    wanted = {"clusterId": SHOP}
    sources: dict[str, Body] = {
        "milvus": {"uri": f"http://{host}"},
        "pinecone": {},
        "qdrant": {"uri": f"http://{host}"},
        "elasticsearch": {"uri": f"http://{host}"},
        "opensearch": {"uri": f"http://{host}"},
        "postgresql": {"uri": f"postgresql://{host}/db"},
        "tencentvectordb": {"uri": f"http://{host}"},
        "zillizexternal": {"uri": f"http://{host}"},
    }
    words = {"tencentvectordb": "tencentVectorDB", "zillizexternal": "zillizExternal"}
    found: dict[str, tuple[str, Body]] = {
        kind: (
            "MigrationJob",
            {
                "source": {words.get(kind, kind): more | ref},
                "target": wanted,
                "collections": [{"source": f"of-{kind}", "destination": f"from-{kind}"}],
            },
        )
        for kind, more in sources.items()
    }
    url = FILM if host == "source.example" else f"http://{host}/film.parquet"
    found["import"] = (
        "ImportJob",
        {"clusterId": MOVIES, "collection": "films", "objectStorage": {"urls": [url]} | ref},
    )
    files = {"milvusBackup": {"objectStorage": {"url": f"http://{host}/backup/"} | ref}}
    found["files"] = ("MigrationJob", {"source": files, "target": wanted})
    return found


class TestRetriedWithOtherKeys:
    """That the console goes on with the keys that the job had is inferred; a corrected Secret must count."""

    async def failed(self, world: Rig) -> None:
        """An import that failed in the cloud, of a connection with the console API."""
        world.connection(consoleApi={"enabled": True})
        make_secret(world, "s3", LABEL, accessKey="AKIA-OLD", secretKey="old")
        world.cloud.next_job("IMPORT", failure="access denied")
        storage = {"urls": [FILM], "credentialsSecretRef": {"name": "s3"}}
        world.imports("one", objectStorage=storage)
        await world.start()
        await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is sent")
        world.cloud.advance(60)
        await world.until_state("importjobs", "one", "Failed")

    async def retried(self, world: Rig) -> Body:
        await world.patch(
            "importjobs", "one", {"metadata": {"annotations": {"jobs.zilliz.com/retry-requested": "1"}}}
        )
        await world.until(
            lambda: world.status("importjobs", "one")["state"] in ("Pending", "InProgress"), "it goes on"
        )
        await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is sent again")
        world.cloud.advance(60)
        return await world.until_state("importjobs", "one", "Successful")

    async def test_a_corrected_secret_is_submitted_again_and_said_so(self, world: Rig) -> None:
        await self.failed(world)
        client = await world.client()
        data = {"secretKey": base64.b64encode(b"new").decode()}
        where = f"/api/v1/namespaces/{NAMESPACE}/secrets/s3"
        await client.request("PATCH", where, body={"data": data}, content_type="application/merge-patch+json")
        status = await self.retried(world)
        assert (status["submission"]["step"], len(status["attempts"])) == ("Submit", 2)
        (notice,) = status["submission"]["notices"]
        assert notice["reason"] == "CredentialsChanged"
        assert len(world.cloud.ledger.effects(route="import.create")) == 2
        assert not world.cloud.ledger.effects(kind="retry")

    async def test_an_untouched_one_is_retried_in_place(self, world: Rig) -> None:
        await self.failed(world)
        status = await self.retried(world)
        assert status["submission"]["step"] == "Retry"
        assert "notices" not in status["submission"]
        assert len(world.cloud.ledger.effects(route="import.create")) == 1
