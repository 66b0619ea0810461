"""A secret is hidden where it can leak, and nowhere else.

Who writes a Secret in one namespace must not be able to make the objects, figures and alerts of others unreadable;
and what went over an API key stays hidden, whoever hears it again.
"""

from __future__ import annotations

import base64

import pytest
from prometheus_client import generate_latest
from tests.support.engine_rig import NAMESPACE, Body, Rig

from zilliz_jobs.engine.runtime import Engine
from zilliz_local.cloud import KEY, MOVIES, PROJECT, Duration

LABEL = {"jobs.zilliz.com/credentials": "true"}
OTHER_KEY = "the-api-key-of-another-account"
FILM = "s3://demo-data/films/part-1.parquet"
AZURE = "https://demodata.blob.core.windows.net/demo-data/films/"


@pytest.fixture
def world(keyed: Rig) -> Rig:
    keyed.cloud.pace(import_=Duration(pending_seconds=0, run_seconds=100_000))
    keyed.cloud.world.keys.add(OTHER_KEY)
    for name in ("team-x", "team-y", "team-z"):
        keyed.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return keyed


def make_secret(world: Rig, namespace: str, name: str, **data: str) -> None:
    packed = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    meta = {"name": name, "namespace": namespace, "labels": LABEL}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": packed})


def make(world: Rig, namespace: str, kind: str, name: str, spec: Body) -> None:
    meta = {"name": name, "namespace": namespace}
    world.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})


def settle(world: Rig, namespace: str, key: str = KEY, name: str = "default") -> None:
    make_secret(world, namespace, f"key-{name}", apiKey=key)
    spec = {"endpoint": world.cloud.url, "credentialsSecretRef": {"name": f"key-{name}"}}
    make(world, namespace, "ZillizConnection", name, {**spec, "submissionSettleSeconds": 0})


def imports(
    world: Rig, namespace: str, name: str, collection: str, secret: str = "", url: str = FILM, **more: str
) -> None:
    storage: Body = {"urls": [url]} | ({"credentialsSecretRef": {"name": secret}} if secret else {})
    spec = {"clusterId": MOVIES, "collection": collection, "objectStorage": storage}
    make(world, namespace, "ImportJob", name, spec)


def status(world: Rig, namespace: str, name: str) -> Body:
    body = world.kube.object("importjobs.jobs.zilliz.com", namespace, name) or {}
    return body.get("status") or {}


async def runs(world: Rig, namespace: str, name: str) -> Body:
    await world.until(lambda: status(world, namespace, name).get("jobId"), f"{namespace}/{name} is submitted")
    return status(world, namespace, name)


async def fails(world: Rig, namespace: str, name: str, reason: str) -> Body:
    job_id = (await runs(world, namespace, name))["jobId"]
    world.cloud.force(job_id, "FAILED", reason=reason)
    await world.until(lambda: status(world, namespace, name).get("state") == "Failed", f"{namespace}/{name} failed")
    return status(world, namespace, name)


class TestNowhereElse:
    @pytest.fixture
    async def stage(self, world: Rig) -> Rig:
        settle(world, "team-x")
        settle(world, "team-y", OTHER_KEY)
        make_secret(world, "team-x", "bucket", accessKey="actors", secretKey="movies0001")
        engine = await world.start()
        imports(world, "team-x", "first", "films", "bucket")
        await runs(world, "team-x", "first")
        assert engine.alive
        return world

    async def test_what_comes_from_a_spec_is_shown_in_every_namespace(self, stage: Rig) -> None:
        for namespace in ("team-x", "team-y"):
            imports(stage, namespace, "actors", "actors")
            told = await runs(stage, namespace, "actors")
            assert told["target"] == f"{MOVIES}/default/actors"
            assert told["description"].endswith("into collection actors")

    async def test_the_figures_keep_their_targets(self, stage: Rig) -> None:
        """Else an alert names no cluster that anybody could look for."""
        engine, job_id = stage.engine, status(stage, "team-x", "first")["jobId"]
        assert engine is not None
        stage.cloud.force(job_id, "SUCCESSFUL")
        await stage.until(lambda: status(stage, "team-x", "first").get("completionTime"), "it ended")
        await stage.until(lambda: _targets(engine), "the figures name a target")
        assert not [labels for labels in _targets(engine) if "***" in labels]
        assert [labels for labels in _targets(engine) if "movies0001" in labels]

    async def test_another_account_hears_its_own_words(self, stage: Rig) -> None:
        imports(stage, "team-y", "plain", "reviews")
        told = await fails(stage, "team-y", "plain", "collection actors of in01-demo0movies0001 is full")
        assert "collection actors of in01-demo0movies0001 is full" in told["message"]

    async def test_its_own_namespace_does_not(self, stage: Rig) -> None:
        told = await fails(stage, "team-x", "first", "no access with actors and movies0001")
        assert "no access with *** and ***" in told["message"]
        assert told["target"] == f"{MOVIES}/default/films"


class TestWhereItCanLeak:
    async def test_what_went_over_the_same_key_is_hidden_from_its_other_namespaces(self, world: Rig) -> None:
        settle(world, "team-x")
        settle(world, "team-z")
        make_secret(world, "team-x", "bucket", accessKey="actors", secretKey="movies0001")
        await world.start()
        imports(world, "team-x", "first", "films", "bucket")
        imports(world, "team-z", "second", "actors")
        await runs(world, "team-x", "first")
        told = await fails(world, "team-z", "second", "no access with actors and movies0001")
        assert "no access with *** and ***" in told["message"]
        assert told["target"] == f"{MOVIES}/default/actors"

    async def test_a_rotated_key_is_the_same_account(self, world: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        """The job was submitted over the old key; its end is heard over the new one."""
        monkeypatch.setattr("zilliz_jobs.accounts.connections.SECRET_SECONDS", 0.2)
        settle(world, NAMESPACE)
        make_secret(world, NAMESPACE, "bucket", accessKey="actors", secretKey="movies0001")
        await world.start()
        imports(world, NAMESPACE, "first", "films", "bucket")
        await runs(world, NAMESPACE, "first")
        before = world.get("zillizconnections", "default")["status"]["keyFingerprint"]
        await world.patch_secret(OTHER_KEY, "key-default")
        await world.until(
            lambda: world.get("zillizconnections", "default")["status"]["keyFingerprint"] != before, "it is rotated"
        )
        told = await fails(world, NAMESPACE, "first", "no access with actors and movies0001")
        assert "no access with *** and ***" in told["message"]


SIGNED = "https://demodata.example.com/films/part-1.parquet"
SIGNATURE = "sp=r&sig=Zm9yZ2VkLXNpZ25hdHVyZQ%3D%3D"


class TestPresignedUrls:
    """The signature stands in the query: whoever has it reads the file, with no other secret."""

    @pytest.mark.parametrize("answer", ["ends well", "fails with it", "is refused with it"])
    async def test_the_query_is_shown_nowhere_but_in_the_spec(
        self, world: Rig, answer: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        settle(world, NAMESPACE)
        make(world, NAMESPACE, "JobCenter", "page", {"projectId": PROJECT})
        engine = await world.start()
        url = f"{SIGNED}?{SIGNATURE}"
        if answer == "is refused with it":
            refusal = {"code": 1, "message": f"cannot read {url}: no such file"}
            world.cloud.fault("import.create", "status", times=1, status=400, body=refusal)
        imports(world, NAMESPACE, "first", "films", url=url)
        if answer == "fails with it":
            told = await fails(world, NAMESPACE, "first", f"cannot read {url}: no such file")
        else:
            if answer == "ends well":
                world.cloud.force((await runs(world, NAMESPACE, "first"))["jobId"], "SUCCESSFUL")
            await world.until(lambda: status(world, NAMESPACE, "first").get("completionTime"), "it ended")
            told = status(world, NAMESPACE, "first")
        if answer != "ends well":
            assert f"{SIGNED}?..." in told["message"]
            await world.until(lambda: world.events("JobFailed") or world.events("Rejected"), "an event tells it")
        specs = [body.pop("spec") for body in map(dict, world.everything())]
        assert url in str(specs)
        shown = [body.get("status") for body in world.everything()], world.kube.objects("events"), caplog.text
        for text in (*map(str, shown), generate_latest(engine.metrics.registry).decode()):
            assert "sig=" not in text
            assert "Zm9yZ2Vk" not in text


class TestAzure:
    @pytest.fixture
    async def stage(self, world: Rig) -> Rig:
        settle(world, NAMESPACE)
        await world.start()
        return world

    async def test_the_storage_account_is_named(self, stage: Rig) -> None:
        """By our own page `accessKey` is its name; an error that hides it does not say which file is missing."""
        make_secret(stage, NAMESPACE, "azure", accessKey="demodata", secretKey="c2VjcmV0LW9mLWF6dXJl+/==")
        imports(stage, NAMESPACE, "first", "films", "azure", AZURE)
        told = await fails(stage, NAMESPACE, "first", f"no file {AZURE}a.parquet with c2VjcmV0LW9mLWF6dXJl+/==")
        assert f"no file {AZURE}a.parquet with ***" in told["message"]

    async def test_a_refusal_names_it_too(self, stage: Rig) -> None:
        make_secret(stage, NAMESPACE, "azure", accessKey="demodata", secretKey="c2VjcmV0LW9mLWF6dXJl+/==")
        stage.cloud.fault("import.create", "echo", times=1)
        imports(stage, NAMESPACE, "first", "films", "azure", AZURE)
        await stage.until(lambda: status(stage, NAMESPACE, "first").get("completionTime"), "it is refused")
        message = status(stage, NAMESPACE, "first")["message"]
        assert "demodata" in message
        assert "c2VjcmV0LW9mLWF6dXJl" not in message

    @pytest.mark.parametrize(
        ("case", "url", "access"),
        [
            ("the key id of another storage", FILM, "demodata"),
            ("a key in the place of the name", AZURE, "QXp1cmVLZXlJblRoZVdyb25nUGxhY2U="),
            ("a host that only looks like it", "https://demodata.blob.core.windows.net.evil.io/d/films/", "demodata"),
        ],
    )
    async def test_what_is_no_name_stays_hidden(self, stage: Rig, case: str, url: str, access: str) -> None:
        make_secret(stage, NAMESPACE, "storage", accessKey=access, secretKey="SECRET-of-storage-1")
        imports(stage, NAMESPACE, "first", "films", "storage", url)
        told = await fails(stage, NAMESPACE, "first", f"bad login {access}")
        assert "bad login ***" in told["message"], case


def _targets(engine: Engine) -> list[str]:
    text = generate_latest(engine.metrics.registry).decode()
    return [line for line in text.splitlines() if "target=" in line]
