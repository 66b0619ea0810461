"""Whether there is an election: two that work by mistake pay twice, one that waits by mistake is dead."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import kopf
import pytest
from kubernetes.aio.client import Configuration

from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.control.leaderelection import Alone, Elector
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.connection import Source
from zilliz_jobs.main import (
    TLS_BUFFER_BYTES,
    _leadership,
    _spare_memory_of_connections,
    make_kind_registry,
    make_registry,
)
from zilliz_jobs.settings import Settings


@pytest.fixture
async def clients() -> AsyncIterator[dict[str, KubeClient]]:
    in_a_pod = KubeClient(Source(None), Configuration())
    outside = KubeClient(Source("kubeconfig"), Configuration())
    outside._namespace = "mine"
    yield {"pod": in_a_pod, "laptop": outside}
    await in_a_pod.close()
    await outside.close()


@pytest.mark.parametrize(
    ("where", "wanted", "found"),
    [
        ("pod", None, Elector),
        ("pod", True, Elector),
        ("pod", False, Alone),
        ("laptop", None, Alone),
        ("laptop", True, Elector),
        ("laptop", False, Alone),
    ],
)
async def test_in_a_pod_there_is_one_unless_told_otherwise(
    clients: dict[str, KubeClient], where: str, wanted: bool | None, found: type
):
    assert type(_leadership(Settings(leader_elect=wanted), clients[where])) is found


async def test_the_lease_is_where_the_operator_is_and_each_process_has_a_name_of_its_own(
    clients: dict[str, KubeClient],
):
    """A pod that starts again is another process: it must not take the Lease of the one before for its own."""
    settings = Settings(leader_elect=True)
    first, second = (_leadership(settings, clients["laptop"]) for _ in range(2))
    assert isinstance(first, Elector)
    assert isinstance(second, Elector)
    assert first.identity != second.identity
    leases: Any = first._leases
    assert (leases.namespace, leases.name) == ("mine", "zilliz-jobs-operator")
    elsewhere = _leadership(Settings(leader_elect=True, lease_namespace="x", lease_name="y"), clients["laptop"])
    assert isinstance(elsewhere, Elector)
    leases = elsewhere._leases
    assert (leases.namespace, leases.name) == ("x", "y")


def test_the_flag_beats_the_variable_also_when_it_says_no(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`--no-leader-elect` on a laptop whose environment is that of the pod."""
    from typer.testing import CliRunner

    from zilliz_jobs.cli.app import app

    seen: list[Settings] = []
    monkeypatch.setattr("zilliz_jobs.main.run", seen.append)
    monkeypatch.setattr("zilliz_jobs.telemetry.logs.set_up", lambda *_: None)
    monkeypatch.setenv("ZILLIZ_JOBS_LEADER_ELECT", "true")
    assert CliRunner().invoke(app, ["operator", "--no-leader-elect"]).exit_code == 0
    assert CliRunner().invoke(app, ["operator"]).exit_code == 0
    assert [settings.leader_elect for settings in seen] == [False, True]


def handled(registry: kopf.OperatorRegistry) -> list[tuple[str | None, str | None, str | None]]:
    """Group, version and plural that the registry has handlers of events for."""
    selectors = [handler.selector for handler in registry._watching.get_all_handlers()]
    return [(one.group, one.version, one.any_name) for one in selectors if one is not None]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_the_operator_of_a_kind_handles_its_events_and_no_others(resource: Resource):
    """A second kind in it would pause with the first one."""
    assert handled(make_kind_registry(resource)) == [(GROUP, VERSION, resource.plural)]


def test_the_operator_of_the_process_handles_no_events():
    """What befalls a kind would end it."""
    assert handled(make_registry(Settings())) == []


async def test_an_encrypted_connection_holds_a_small_buffer(monkeypatch: pytest.MonkeyPatch):
    """Of asyncio's own size they are most of what an operator of many namespaces takes."""
    monkeypatch.setattr(SSLProtocol, "max_size", SSLProtocol.max_size)

    def held() -> int:
        protocol = SSLProtocol(asyncio.get_running_loop(), asyncio.Protocol(), ssl.create_default_context(), None)
        for transport in vars(protocol).values():
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        return sum(len(one) for one in vars(protocol).values() if isinstance(one, bytearray))

    before = held()
    _spare_memory_of_connections()
    assert held() == TLS_BUFFER_BYTES < before
