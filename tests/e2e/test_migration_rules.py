"""The rules of a MigrationJob, judged by a real API server, which knows them as CEL."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from tests.support.controlplane import ControlPlane
from tests.unit.api.migrations import BAD, GOOD, Spec

from zilliz_jobs.api.model import API_VERSION

pytestmark = pytest.mark.controlplane

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py


@pytest.fixture(scope="module")
def room(cluster: ControlPlane) -> str:
    """The namespace of all these; nothing is kept in it."""
    name = f"rules-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name)
    return name


def verdict(cluster: ControlPlane, namespace: str, spec: Spec) -> str:
    """What the server says of an object with this spec, which is not kept; '' where it would take it."""
    body = {"apiVersion": API_VERSION, "kind": "MigrationJob", "metadata": {"name": "x"}, "spec": spec}
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/migrationjobs"
    return cluster.client.call("POST", path, body, dryRun="All", fieldValidation="Strict").message


@pytest.mark.parametrize("way", GOOD)
def test_every_way_is_taken(cluster: ControlPlane, room: str, way: str) -> None:
    assert verdict(cluster, room, GOOD[way]) == ""


@pytest.mark.parametrize(("spec", "sentence"), [pytest.param(*case, id=name) for name, case in BAD.items()])
def test_what_makes_no_sense_is_refused_with_what_to_do(
    cluster: ControlPlane, room: str, spec: Spec, sentence: str
) -> None:
    assert sentence in verdict(cluster, room, spec)
