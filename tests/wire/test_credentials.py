"""One-time credentials: a place for them before they are told, kept before anything else, never in a log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupJobSpec
from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core.observation import Accepted, Blocked, Found, Prepared
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs import credentials
from zilliz_jobs.jobs.credentials import Credentials
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kube.client import MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Conflict, NotFound
from zilliz_jobs.kube.secrets import Secret, Secrets
from zilliz_local.kube import KubeApi

Body = dict[str, Any]
TOLD = {"username": "db_admin", "password": "told-only-once", "clusterId": "in01-new"}
ANSWER = Accepted({"jobId": "job-1", "clusterId": "in01-new"}, {}, TOLD)
READY = Prepared("t", "h")
SPEC = BackupJobSpec(cluster_id="in01")


class Maker(BackupKind):
    """A kind whose jobs bring credentials."""

    def credentials_secret(self, spec: BackupJobSpec, name: str) -> str | None:
        return f"{name}-credentials"


def job(name: str = "new", uid: str = "u1") -> Body:
    return {"kind": "RestoreJob", "metadata": {"name": name, "namespace": "default", "uid": uid}}


@pytest.fixture
async def kube(tmp_path: Path) -> AsyncIterator[KubeApi]:
    async with KubeApi(crds=[crd(BACKUP_JOB)]) as api:
        api.write_kubeconfig(tmp_path / "kubeconfig")
        yield api


@pytest.fixture
async def client(kube: KubeApi, tmp_path: Path) -> AsyncIterator[KubeClient]:
    client = await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig")
    yield client
    await client.close()


@pytest.fixture
def place(client: KubeClient) -> Credentials:
    return Credentials(Secrets(client))


async def secret(client: KubeClient, name: str = "new-credentials") -> Secret:
    return await Secrets(client).read("default", name)


async def test_the_secret_is_there_and_empty_before_the_password_is_told(client: KubeClient, place: Credentials):
    ready = await place.reserve(Maker(), job(), SPEC, READY)
    assert isinstance(ready, Prepared)
    assert ready.credentials_secret == "new-credentials"
    made = await secret(client)
    assert (made.keys, made.labels["jobs.zilliz.com/one-time-credentials"]) == (frozenset(), "true")


async def test_a_second_try_finds_its_own_empty_secret(place: Credentials):
    for _ in range(2):
        assert isinstance(await place.reserve(Maker(), job(), SPEC, READY), Prepared)


async def test_a_job_that_brings_no_credentials_makes_no_secret(client: KubeClient, place: Credentials):
    assert await place.reserve(BackupKind(), job(), SPEC, READY) == READY
    with pytest.raises(NotFound):
        await secret(client)


@pytest.mark.parametrize("name", ["someone-elses", "another-jobs"])
async def test_a_secret_that_is_not_the_jobs_own_is_never_overwritten(kube: KubeApi, place: Credentials, name: str):
    if name == "another-jobs":
        assert isinstance(await place.reserve(Maker(), job("other"), SPEC, READY), Prepared)
        body = job("other")
        body["kind"] = "MigrationJob"
        ready = await place.reserve(Maker(), body, SPEC, READY)
    else:
        meta = {"name": "new-credentials", "namespace": "default"}
        kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"password": "b2xk"}})
        ready = await place.reserve(Maker(), job(), SPEC, READY)
    assert isinstance(ready, Blocked)
    assert ready.reason is Reason.CREDENTIALS_SECRET_TAKEN


async def test_the_password_of_an_earlier_cluster_is_never_overwritten(place: Credentials):
    """An object that was deleted and made anew: its Secret holds the only password of the first one's cluster."""
    await place.reserve(Maker(), job(), SPEC, READY)
    await place.keep(job(), "new-credentials", ANSWER)
    ready = await place.reserve(Maker(), job(uid="u2"), SPEC, READY)
    assert isinstance(ready, Blocked)
    assert "delete it" in ready.message


async def test_what_was_told_is_in_the_secret_and_not_in_the_answer(client: KubeClient, place: Credentials, caplog):
    caplog.set_level(logging.DEBUG)
    await place.reserve(Maker(), job(), SPEC, READY)
    kept = await place.keep(job(), "new-credentials", ANSWER)
    assert (kept.credentials, kept.credentials_stored, kept.handle) == ({}, True, ANSWER.handle)
    made = await secret(client)
    assert {key: made.text(key) for key in made.keys} == TOLD
    assert TOLD["password"] not in caplog.text + repr(ANSWER) + repr(kept) + repr(made)


async def test_a_secret_that_somebody_deleted_in_between_is_made_again(client: KubeClient, place: Credentials):
    await place.reserve(Maker(), job(), SPEC, READY)
    await client.request("DELETE", "/api/v1/namespaces/default/secrets/new-credentials")
    assert (await place.keep(job(), "new-credentials", ANSWER)).credentials_stored
    assert (await secret(client)).text("password") == TOLD["password"]


@pytest.mark.parametrize(("method", "path"), [("POST", "*/secrets"), ("PATCH", "*/secrets/*")])
async def test_a_right_that_is_missing_is_told_before_anything_is_submitted(
    kube: KubeApi, place: Credentials, method: str, path: str
):
    """Found out afterwards, it would cost the only password."""
    lacks = 'secrets is forbidden: User "operator" cannot create resource "secrets" in API group ""'
    kube.faults.answer(403, method=method, path=path, times=1, message=lacks)
    ready = await place.reserve(Maker(), job(), SPEC, READY)
    assert isinstance(ready, Blocked)
    assert ready.reason is Reason.CREDENTIALS_FORBIDDEN
    assert isinstance(await place.reserve(Maker(), job(), SPEC, READY), Prepared)


async def test_an_outage_of_kubernetes_is_outlasted(
    kube: KubeApi, client: KubeClient, place: Credentials, monkeypatch
):
    monkeypatch.setattr(credentials, "PAUSE_SECONDS", 0.01)
    await place.reserve(Maker(), job(), SPEC, READY)
    kube.faults.answer(503, method="PATCH", path="*/secrets/*", times=3)
    assert (await place.keep(job(), "new-credentials", ANSWER)).credentials_stored
    assert (await secret(client)).text("password") == TOLD["password"]


async def test_the_jobs_id_does_not_wait_for_ever(kube: KubeApi, place: Credentials, monkeypatch, caplog):
    """Without its id the job would be lost as well."""
    monkeypatch.setattr(credentials, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(credentials, "KEEP_SECONDS", 0.05)
    await place.reserve(Maker(), job(), SPEC, READY)
    kube.faults.answer(503, method="PATCH", path="*/secrets/*", times=None)
    kept = await place.keep(job(), "new-credentials", ANSWER)
    assert (kept.credentials, kept.credentials_stored, kept.handle) == ({}, False, ANSWER.handle)
    assert "lost" in caplog.text
    assert TOLD["password"] not in caplog.text


async def test_an_answer_without_a_password_has_nothing_to_keep(place: Credentials):
    kept = await place.keep(job(), "new-credentials", Accepted({"jobId": "job-1"}))
    assert not kept.credentials_stored


async def test_credentials_that_were_kept_before_the_crash_are_not_called_lost(place: Credentials):
    await place.reserve(Maker(), job(), SPEC, READY)
    await place.keep(job(), "new-credentials", ANSWER)
    found = Found({"clusterId": "in01-new"}, Evidence.MARKER)
    assert (await place.check(job(), "new-credentials", found)).credentials_stored
    other = Found({"clusterId": "in01-other"}, Evidence.MARKER)
    assert not (await place.check(job(), "new-credentials", other)).credentials_stored


async def test_an_empty_or_missing_secret_holds_no_credentials(client: KubeClient, place: Credentials):
    found = Found({"clusterId": "in01-new"}, Evidence.MARKER)
    assert not (await place.check(job(), "new-credentials", found)).credentials_stored
    await place.reserve(Maker(), job(), SPEC, READY)
    assert not (await place.check(job(), "new-credentials", found)).credentials_stored


async def test_a_stranger_who_fills_the_secret_is_noticed(client: KubeClient, place: Credentials):
    """The Secret is filled in the state in which it was read; a change meanwhile is read again, not overwritten."""
    await place.reserve(Maker(), job(), SPEC, READY)
    where = "/api/v1/namespaces/default/secrets/new-credentials"
    change = {"metadata": {"annotations": {"jobs.zilliz.com/made-for": "RestoreJob/another"}}}
    await client.request("PATCH", where, body=change, content_type=MERGE_PATCH)
    with pytest.raises(Conflict, match="another's"):
        await place.fill(job(), "new-credentials", TOLD)
