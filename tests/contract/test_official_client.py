"""The official Python client, asynchronous, on the stand-in: typed core kinds and untyped custom ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from kubernetes.aio import client, watch
from tests.contract.widget import widget

from zilliz_local.kube import KubeApi

PLACE = ("contract.test", "v1", "default", "widgets")


@pytest.fixture
async def api(kube: KubeApi) -> AsyncIterator[client.ApiClient]:
    async with client.ApiClient(client.Configuration(host=kube.url)) as found:
        yield found


async def test_core_kinds_are_typed(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    made = await core.create_namespaced_secret(
        "default", client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"})
    )
    assert (made.data, made.type) == ({"a": "Yg=="}, "Opaque")
    assert [one.metadata.name for one in (await core.list_namespaced_secret("default")).items] == ["s"]
    assert (await core.read_namespace("default")).status.phase == "Active"
    await core.delete_namespaced_secret("s", "default")
    with pytest.raises(client.ApiException) as refused:
        await core.read_namespaced_secret("s", "default")
    assert refused.value.status == 404


async def test_a_lease_is_renewed_with_its_version(api: client.ApiClient) -> None:
    leases = client.CoordinationV1Api(api)
    lease = client.V1Lease(
        metadata=client.V1ObjectMeta(name="l"),
        spec=client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15),
    )
    made = await leases.create_namespaced_lease("default", lease)
    made.spec.holder_identity = "you"
    after = await leases.replace_namespaced_lease("l", "default", made)
    assert after.spec.holder_identity == "you"
    with pytest.raises(client.ApiException) as refused:
        await leases.replace_namespaced_lease("l", "default", made)
    assert refused.value.status == 409


async def test_custom_resources_are_patched_and_watched(api: client.ApiClient, kube: KubeApi) -> None:
    custom = client.CustomObjectsApi(api)
    await custom.create_namespaced_custom_object(*PLACE, widget())
    after = await custom.patch_namespaced_custom_object_status(
        *PLACE, "one", {"status": {"observedGeneration": 1}}, _content_type="application/merge-patch+json"
    )
    assert after["status"] == {"observedGeneration": 1}
    stream = watch.Watch()
    async with asyncio.timeout(20):
        async for event in stream.stream(custom.list_namespaced_custom_object, *PLACE):
            assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "one")
            break
    await stream.close()
