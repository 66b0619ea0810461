"""Every documented form of an import against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.words import VOCABULARIES, state_of
from zilliz_jobs.core.observation import Absent, Accepted, Blocked, Found, Prepared, Refused, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_jobs.kinds.place import place_in
from zilliz_local.cloud import MOVIES, PROJECT, SHOP

KIND = ImportKind()
CREATE = "/v2/vectordb/jobs/import/create"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("2*.yaml"))
KEYS = {"accessKey": "ak-1", "secretKey": "sk-1"}
URLS = {
    "S3 by URI": "s3://demo-data/",
    "S3 virtual-hosted": "https://demo-data.s3.us-west-2.amazonaws.com/",
    "S3 path style": "https://s3.us-west-2.amazonaws.com/demo-data/",
    "Google by URI": "gs://demo-data/",
    "Google by https": "https://storage.cloud.google.com/demo-data/",
    "Azure": "https://demodata.blob.core.windows.net/demo-data/",
    "Aliyun by URI": "oss://demo-data/",
    "Aliyun by https": "https://demo-data.oss-cn-hangzhou.aliyuncs.com/",
    "Tencent": "https://demo-data-1250000000.cos.ap-beijing.myqcloud.com/",
}
TARGETS = {
    "cluster": {"clusterId": MOVIES},
    "on demand": {"projectId": PROJECT, "regionId": "aws-us-west-2"},
    "v1": {"clusterId": MOVIES},
}

every_url = pytest.mark.parametrize("bucket", URLS.values(), ids=URLS)
every_target = pytest.mark.parametrize("target", TARGETS)
every_route = pytest.mark.parametrize("source", ["storage", "volume"])


def stored(session: CloudSession, target: str, *urls: str, named: bool = True, **more: Any) -> Object:
    """An import from object storage; `named`: its spec names a Secret."""
    account = Account(session, ImportApi.V1 if target == "v1" else ImportApi.V2)
    storage: dict[str, Any] = {"urls": list(urls)} | ({"credentialsSecretRef": {"name": "s"}} if named else {})
    spec = parsed(KIND, **TARGETS[target], collection="films", objectStorage=storage)
    return Object(KIND, account, spec, **({"secrets": KEYS, "earlier": 1.0} | more))


class TestDetails:
    """What the page of the job centre asks for a row that failed."""

    @every_target
    async def test_the_file_that_failed_is_named(self, cloud, session, target):
        one = stored(session, target, "s3://demo-data/broken/films.parquet")
        await one.send()
        cloud.advance(3600)
        seen = await KIND.details(one.account, place_in(TARGETS[target]), one.status.job_id)
        assert seen.state is State.FAILED
        assert "films.parquet" in seen.message
        assert await KIND.details(one.account, place_in(TARGETS[target]), "job-unknown") is None

    async def test_a_row_without_a_place_is_not_asked_for_elsewhere(self, cloud, session):
        assert await KIND.details(Account(session), place_in({"projectId": PROJECT}), "job-1") is None
        assert cloud.ledger.requests() == []


@every_url
@every_target
class TestEveryUrl:
    async def test_it_reaches_the_cloud_as_written_and_ends_well(self, cloud, session, bucket, target):
        one = stored(session, target, f"{bucket}films/")
        assert isinstance(await one.send(), Accepted)
        source = cloud.jobs.get(one.status.job_id).source
        assert (source.urls, source.access_key, source.secret_key) == ((f"{bucket}films/",), "ak-1", "sk-1")
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)
        assert [f["name"] for f in seen.result["files"]] == [f"part-{n}.parquet" for n in (1, 2, 3)]
        if target != "v1":  # which tells no rows
            assert seen.result["importedRows"] == 300_000

    @pytest.mark.parametrize("file", ["broken/films.parquet", "missing.parquet", "private/a.parquet"])
    async def test_a_bad_file_is_named_with_the_clouds_reason(self, cloud, session, bucket, target, file):
        cloud.put_object(f"{bucket}private/a.parquet", access_key="other", secret_key="other")
        one = stored(session, target, f"{bucket}{file}")
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.FAILED
        assert f"{bucket}{file}" in seen.message
        assert {"broken": "512", "missing": "does not exist", "private": "access denied"}[
            file.split("/")[0].removesuffix(".parquet")
        ] in seen.message

    async def test_a_lost_submission_is_found_by_its_files(self, cloud, session, bucket, target):
        """The cloud names the files without the bucket."""
        cloud.fault("import*.create", "drop_after", times=1)
        one = stored(session, target, f"{bucket}films/part-1.parquet")
        await one.send()
        (effect,) = cloud.ledger.effects(kind="submit")
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle == {"jobId": effect.job_id}


class TestCredentials:
    @pytest.mark.parametrize(
        ("bucket", "keys"),
        [
            (URLS["S3 by URI"], KEYS | {"token": "tk-1"}),
            (URLS["Google by URI"], {"token": "tk-1"}),
            (URLS["Google by https"], {"token": "tk-1"}),
            (URLS["Azure"], {"token": "tk-1"}),
        ],
    )
    async def test_a_short_term_token_reaches_the_cloud_and_no_message(self, cloud, session, bucket, keys):
        cloud.put_object(f"{bucket}short.json", rows=5, token="tk-1")
        for token, state in (("tk-1", State.SUCCESSFUL), ("expired-one", State.FAILED)):
            one = stored(session, "cluster", f"{bucket}short.json", secrets=keys | {"token": token}, token=token)
            assert isinstance(await one.send(), Accepted)
            cloud.advance(3600)
            seen = await one.read()
            assert seen.state is state
            assert not [secret for secret in (*keys.values(), token) if secret in repr(seen)]

    @pytest.mark.parametrize(
        ("bucket", "needs"),
        [
            (URLS["S3 virtual-hosted"], (("accessKey", "secretKey"), ("token",), ())),
            (URLS["Aliyun by https"], (("accessKey", "secretKey"), ("token",), ())),
            (URLS["Tencent"], (("accessKey", "secretKey"), ("token",), ())),
            (URLS["Google by URI"], (("accessKey", "secretKey"), ("token",), ("token",))),
            (URLS["Azure"], (("accessKey", "secretKey"), ("token",), ("token",))),
            ("https://[odd/", (("accessKey", "secretKey"), ("token",), ())),
        ],
    )
    def test_the_keys_that_a_secret_must_have(self, bucket, needs):
        """A key that is missing is told before anything is sent, and heals."""
        storage = {"urls": [f"{bucket}a.json"], "credentialsSecretRef": {"name": "s"}}
        (need,) = KIND.secrets(parsed(KIND, clusterId=MOVIES, collection="films", objectStorage=storage))
        assert (need.required, need.optional, need.instead) == needs

    @pytest.mark.parametrize(
        ("bucket", "keys"),
        [
            (URLS["Google by URI"], {}),
            (URLS["Google by URI"], {"accessKey": "ak-1"}),
            (URLS["Azure"], {"secretKey": "sk-1"}),
            (URLS["S3 by URI"], {"token": "tk-1"}),
        ],
    )
    def test_too_few_keys_are_told_before_anything_is_sent(self, bucket, keys):
        storage = {"urls": [f"{bucket}a.json"], "credentialsSecretRef": {"name": "s"}}
        (need,) = KIND.secrets(parsed(KIND, clusterId=MOVIES, collection="films", objectStorage=storage))
        assert "Secret s has n" in need.lacks(keys)

    @pytest.mark.parametrize("bucket", [URLS["Google by URI"], URLS["Azure"]])
    def test_a_token_alone_is_enough_where_the_provider_knows_such(self, bucket):
        storage = {"urls": [f"{bucket}a.json"], "credentialsSecretRef": {"name": "s"}}
        (need,) = KIND.secrets(parsed(KIND, clusterId=MOVIES, collection="films", objectStorage=storage))
        assert need.lacks({"token": "tk-1"}) == ""

    @every_target
    async def test_public_objects_need_no_secret(self, cloud, session, target):
        one = stored(session, target, "s3://demo-data/actors.json", named=False, secrets={})
        assert isinstance(await one.send(), Accepted)


class TestOnDemand:
    async def test_another_region_another_project_and_a_cluster_are_other_targets(self, cloud, session):
        """A stranger's import there must not pass for ours, nor make it unknown."""
        cloud.fault("import.create", "drop_before", times=1)
        one = stored(session, "on demand", "s3://demo-data/actors.json")
        await one.send()
        url = {"collectionName": "films", "objectUrls": [["s3://demo-data/actors.json"]]}
        for where in ({"projectId": PROJECT, "regionId": "aws-us-east-1"}, {"clusterId": MOVIES}):
            cloud.act_as("rival", "POST", CREATE, url | where)
        assert await one.look() == Absent()
        cloud.act_as("rival", "POST", CREATE, url | {"projectId": PROJECT, "regionId": "aws-us-west-2"})
        assert isinstance(await one.look(), Found)

    async def test_a_project_that_the_key_does_not_see_is_refused_and_heals(self, cloud, session):
        spec = parsed(
            KIND, projectId="proj-unknown", regionId="r", collection="films", objectStorage={"urls": ["s3://a/b"]}
        )
        one = Object(KIND, Account(session), spec)
        assert isinstance(await one.prepare(), Prepared)
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.CLUSTER_NOT_FOUND, True)

    async def test_over_v1_it_is_told_before_anything_is_sent(self, session):
        one = stored(session, "on demand", "s3://demo-data/actors.json")
        one.account = Account(session, ImportApi.V1)
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert "on-demand" in ready.message


class TestV1:
    async def test_an_import_of_another_collection_or_cluster_is_not_ours(self, cloud, session):
        """The v1 list shows a whole cluster."""
        cloud.fault("import_v1.create", "drop_before", times=1)
        one = stored(session, "v1", "s3://demo-data/actors.json")
        await one.send()
        path, url = "/v1/vector/collections/import", {"objectUrl": "s3://demo-data/actors.json"}
        cloud.act_as("rival", "POST", path, url | {"clusterId": MOVIES, "collectionName": "actors"})
        cloud.act_as("rival", "POST", path, url | {"clusterId": SHOP, "collectionName": "products"})
        assert await one.look() == Absent()

    @pytest.mark.parametrize("key", ["records", "tasks"])
    async def test_both_forms_of_the_list_are_read(self, cloud, session, key):
        """Schema and example contradict each other; a list that is not read would send the import again."""
        cloud.behave(v1_items_key=key, v1_numbers_as_strings=key == "records")
        cloud.fault("import_v1.create", "drop_after", times=1)
        one = stored(session, "v1", "s3://demo-data/actors.json")
        await one.send()
        assert isinstance(await one.look(), Found)


@every_target
class TestAnswers:
    async def test_a_refusal_ends_the_job_in_the_clouds_words(self, cloud, session, target):
        body = {"code": 47005, "message": "no such collection"}
        cloud.fault("import*.create", "status", status=200, body=body)
        answer = await stored(session, target, "s3://demo-data/actors.json").send()
        assert isinstance(answer, Refused)
        assert not answer.heals
        assert "no such collection" in answer.message

    async def test_a_cluster_that_is_importing_is_waited_for(self, cloud, session, target):
        """Documented for older clusters: one import at a time."""
        cloud.fault("import*.create", "status", status=200, body={"code": 47053, "message": "importing"})
        answer = await stored(session, target, "s3://demo-data/actors.json").send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.CLUSTER_BUSY, True)


IMPORT_WORDS = [
    w.text for v in VOCABULARIES if v.name in ("Imports, v2: progress", "Imports, inside Milvus") for w in v.words
]


@pytest.mark.parametrize("word", [*dict.fromkeys(IMPORT_WORDS), "Pondering"])
@pytest.mark.parametrize("target", ["cluster", "on demand"])
async def test_the_word_of_the_cloud_is_understood_and_kept(cloud, session, word, target):
    """A word that nobody knows is neither an end nor an error."""
    one = stored(session, target, "s3://demo-data/actors.json")
    await one.send()
    cloud.fault("import.progress", "unknown_status", word=word)
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert (seen.state, seen.cloud_status) == (state_of(word), word)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_does_what_it_says(cloud, session, example):
    """These are copied first."""
    manifests = list(yaml.safe_load_all(example.read_text(encoding="utf-8")))
    (job,) = (m["spec"] for m in manifests if m["kind"] == "ImportJob")
    accounts = {m["metadata"]["name"]: m["spec"] for m in manifests if m["kind"] == "ZillizConnection"}
    connection = accounts[job["connectionRef"]["name"]] if "connectionRef" in job else {}
    given = {m["metadata"]["name"]: m["stringData"] for m in manifests if m["kind"] == "Secret"}
    one = Object(KIND, Account(session, ImportApi(connection.get("importApi", "V2"))), parsed(KIND, **job))
    for need in KIND.secrets(one.spec):
        one.secrets = given.get(need.name, KEYS)
        assert {*need.required} <= {*one.secrets} <= {*need.required, *need.optional}
    assert isinstance(await one.send(), Accepted)
    cloud.advance(3600)
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is (State.FAILED if "broken" in example.stem else State.SUCCESSFUL), seen.message
