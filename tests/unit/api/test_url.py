"""A URL with a login in it never gets into the cloud's jobs: everybody who may read the object would read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.migrationjob import MIGRATION_JOB
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.schema import spec_schema

Spec = dict[str, Any]

WITH_LOGIN = [
    "s3://AKIA1:PASSWORD@bucket/films/",
    "https://me:PASSWORD@host:9000/bucket/films/",
    "https://PASSWORD@host/bucket/",
    "s3://AKIA1:PASS/WORD+x@bucket/films/",
    "s3://AKIA1:/PASSWORD@bucket/films/",
    "s3:/AKIA1:PASSWORD@bucket/films/",
    "//me:PASSWORD@host/films/",
    "me:PASSWORD@host/films/",
    "https:\\\\me:PASSWORD@host/films/",
]
WITHOUT = [
    "s3://bucket/films/a@b.parquet",
    "s3://bucket//a@b.parquet",
    "https://host:9000/bucket/a@b.parquet",
    "https://[::1]:9000/bucket/a.parquet",
    "https://account.blob.core.windows.net/box/a.parquet?sv=2024&sig=c%2B@d",
    "https://host?next=https://a@b",
    "gs://bucket/",
]


def imported(url: str) -> tuple[Resource, Spec]:
    storage = {"urls": ["s3://bucket/a/", url]}
    return IMPORT_JOB, {"clusterId": "in01-1", "collection": "films", "objectStorage": storage}


def backup(url: str) -> tuple[Resource, Spec]:
    source = {"milvusBackup": {"objectStorage": {"url": url}}}
    return MIGRATION_JOB, {"source": source, "target": {"clusterId": "in01-1"}}


def server(url: str) -> tuple[Resource, Spec]:
    source = {"qdrant": {"uri": url, "credentialsSecretRef": {"name": "s"}}}
    return MIGRATION_JOB, {"source": source, "target": {"clusterId": "in01-1"}, "collections": [{"source": "a"}]}


def endpoint(url: str) -> tuple[Resource, Spec]:
    return ZILLIZ_CONNECTION, {"endpoint": url, "credentialsSecretRef": {"name": "s"}}


@pytest.mark.parametrize("url", WITH_LOGIN)
@pytest.mark.parametrize("of", [imported, backup, server, endpoint])
def test_a_login_in_a_url_is_refused_and_not_repeated(of: Any, url: str) -> None:
    resource, spec = of(url)
    with pytest.raises(SpecError, match="into a Secret") as refused:
        parse_spec(resource, {"spec": spec})
    assert "PASS" not in str(refused.value)


@pytest.mark.parametrize("url", WITHOUT)
@pytest.mark.parametrize("of", [imported, backup])
def test_an_at_sign_in_a_path_or_a_query_is_no_login(of: Any, url: str) -> None:
    resource, spec = of(url)
    parse_spec(resource, {"spec": spec})


@pytest.mark.parametrize("of", [imported, backup, server])
def test_a_job_that_was_submitted_before_the_rule_is_followed(of: Any) -> None:
    """Else an update of the operator would lose it."""
    resource, spec = of(WITH_LOGIN[0])
    parse_spec(resource, {"spec": spec, "status": {"submission": {"token": "t"}}})
    with pytest.raises(SpecError):
        parse_spec(resource, {"spec": spec, "status": {"observedGeneration": 1}})


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.kind)
def test_every_field_that_takes_a_url_has_the_rule(resource: Resource) -> None:
    """A kind that is added cannot forget it."""
    for path, schema in fields("spec", spec_schema(resource.spec)):
        if path.rstrip("[]").lower().endswith(("url", "urls", "uri", "uris", "endpoint", "endpoints", "address")):
            text = schema.get("items", schema)
            assert "no user and no password" in str(text.get("x-kubernetes-validations")), path


def fields(path: str, schema: Any) -> Iterator[tuple[str, Any]]:
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from fields(f"{path}.{name}", child)
    if "items" in schema:
        yield from fields(f"{path}[]", schema["items"])


def test_of_many_problems_the_rest_is_counted() -> None:
    urls = [f"https://me:PASSWORD@host/{number}" for number in range(8)]
    spec = {"clusterId": "in01-1", "collection": "films", "objectStorage": {"urls": urls}}
    with pytest.raises(SpecError, match=r"urls\.4: .*; and 3 more$"):
        parse_spec(IMPORT_JOB, {"spec": spec})
