"""The same tests against the stand-in and against a real kube-apiserver."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.contract.client import Client
from tests.contract.widget import CRD, GROUP, PLURAL
from tests.support.controlplane import ControlPlane
from tests.support.published import until_served

from zilliz_local.kube import KubeApi

STAND_IN = "stand-in"
REAL = pytest.param("real", marks=pytest.mark.controlplane)


@pytest.fixture(scope="session")
def real_with_widgets(real_cluster: ControlPlane) -> ControlPlane:
    """A real server that serves widgets."""
    real_cluster.kubectl("apply", "-f", "-", input=json.dumps(CRD))
    until_served(real_cluster, f"{GROUP}/v1", {PLURAL})
    return real_cluster


@pytest.fixture
async def kube() -> AsyncIterator[KubeApi]:
    """The stand-in with widgets."""
    async with KubeApi([CRD], bookmark_seconds=0.05) as api:
        yield api


@pytest.fixture(params=[STAND_IN, REAL])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Each of the two servers, with a new namespace."""
    namespace = f"contract-{secrets.token_hex(4)}"
    if request.param == STAND_IN:
        async with KubeApi([CRD], bookmark_seconds=0.05) as api, aiohttp.ClientSession() as session:
            client = Client(session, api.url, namespace, real=False)
            await client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
            yield client
        return
    plane: ControlPlane = request.getfixturevalue("real_with_widgets")
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {plane.admin_token}"},
        connector=aiohttp.TCPConnector(ssl=context),
    ) as session:
        client = Client(session, plane.url, namespace, real=True)
        await client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        await client.eventually(client.widgets(), lambda reply: reply.status == 200)
        yield client  # the namespace is left: its deletion would cost more than most of these tests


@pytest.fixture
async def stand_in(kube: KubeApi) -> AsyncIterator[Client]:
    """The stand-in alone, in its `default` namespace."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, kube.url, "default", real=False)
