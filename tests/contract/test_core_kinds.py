"""Secrets, ConfigMaps, events and leases: what the API does to them beyond storing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.client import MERGE, STRATEGIC, TABLE, Client

LEASES = "coordination.k8s.io/v1"
NEW_EVENTS = "events.k8s.io/v1"


def about(server: Client, **more: Any) -> dict[str, Any]:
    return {"kind": "Widget", "apiVersion": "contract.test/v1", "name": "one", "namespace": server.namespace, **more}


async def test_the_plain_text_of_a_secret_becomes_data(server: Client) -> None:
    body = {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}
    made = await server.create(server.core("secrets"), body)
    assert (made["data"], made["type"]) == ({"a": "Yg==", "c": "ZA=="}, "Opaque")
    assert "stringData" not in made
    after = (await server.merge(server.core("secrets", "s"), {"stringData": {"a": "new"}})).ok()
    assert after["data"] == {"a": "bmV3", "c": "ZA=="}
    assert "generation" not in after["metadata"]


@pytest.mark.parametrize("kind", [MERGE, STRATEGIC])
async def test_core_kinds_take_both_merge_patches(server: Client, kind: str) -> None:
    await server.create(server.core("configmaps"), {"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}})
    patch = {"data": {"a": None, "c": "3"}}
    after = (await server.call("PATCH", server.core("configmaps", "c"), patch, kind=kind)).ok()
    assert after["data"] == {"b": "2", "c": "3"}


async def test_a_put_of_a_config_map_needs_no_version(server: Client) -> None:
    await server.create(server.core("configmaps"), {"metadata": {"name": "c"}, "data": {"a": "1"}})
    body = {"metadata": {"name": "c"}, "data": {"a": "2"}}
    assert (await server.call("PUT", server.core("configmaps", "c"), body)).ok()["data"] == {"a": "2"}


async def test_an_event_is_one_object_in_two_apis(server: Client) -> None:
    event = {
        "metadata": {"generateName": "kopf-"},
        "action": "Action?",
        "reason": "Tested",
        "type": "Normal",
        "message": "hello",
        "reportingComponent": "contract",
        "reportingInstance": "dev",
        "source": {"component": "contract"},
        "involvedObject": about(server),
        "firstTimestamp": "2026-01-01T00:00:00.123456+00:00",
        "lastTimestamp": "2026-01-01T02:00:00.123456+02:00",
        "eventTime": "2026-01-01T00:00:00.123456+00:00",
    }
    made = await server.create(server.core("events"), event)
    assert (made["eventTime"], made["firstTimestamp"]) == ("2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00Z")
    assert made["lastTimestamp"] == made["firstTimestamp"]
    other = (await server.get(server.of(NEW_EVENTS, "events", made["metadata"]["name"]))).ok()
    assert (other["note"], other["regarding"]) == ("hello", about(server))
    assert (other["reportingController"], other["deprecatedSource"]) == ("contract", {"component": "contract"})
    assert "message" not in other


async def test_an_event_of_the_new_api_is_seen_in_the_old(server: Client) -> None:
    event = {
        "apiVersion": NEW_EVENTS,
        "kind": "Event",
        "metadata": {"name": "e"},
        "action": "Do",
        "reason": "Tested",
        "type": "Warning",
        "note": "hello",
        "regarding": about(server),
        "reportingController": "contract.test/x",
        "reportingInstance": "dev",
        "eventTime": "2026-01-01T00:00:00.123456Z",
    }
    await server.create(server.of(NEW_EVENTS, "events"), event)
    old = (await server.get(server.core("events", "e"))).ok()
    assert (old["message"], old["involvedObject"]["name"]) == ("hello", "one")
    assert (old["source"], old["firstTimestamp"]) == ({}, None)


async def test_events_are_found_by_what_they_are_about(server: Client) -> None:
    for name, uid, kind in (("a", "u1", "Normal"), ("b", "u2", "Warning")):
        event = {"metadata": {"name": name}, "type": kind, "reason": "R", "involvedObject": about(server, uid=uid)}
        await server.create(server.core("events"), event)
    selector = "involvedObject.name=one,involvedObject.uid=u1,involvedObject.kind=Widget"
    found = (await server.get(server.core("events"), fieldSelector=selector)).ok()["items"]
    assert [item["metadata"]["name"] for item in found] == ["a"]
    found = (await server.get(server.core("events"), fieldSelector="type=Warning")).ok()["items"]
    assert [item["metadata"]["name"] for item in found] == ["b"]
    path = server.of(NEW_EVENTS, "events")
    found = (await server.get(path, fieldSelector="regarding.uid=u2")).ok()["items"]
    assert [item["metadata"]["name"] for item in found] == ["b"]


async def test_a_lease_changes_hands_only_by_its_version(server: Client) -> None:
    lease = {"apiVersion": LEASES, "kind": "Lease", "metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
    made = await server.create(server.of(LEASES, "leases"), lease)
    path = server.of(LEASES, "leases", "l")
    lease["metadata"] = {"name": "l", "resourceVersion": made["metadata"]["resourceVersion"]}
    lease["spec"] = {"holderIdentity": "you", "renewTime": "2026-01-01T01:00:00.000000+01:00"}
    after = (await server.call("PUT", path, lease)).ok()
    assert after["spec"] == {"holderIdentity": "you", "renewTime": "2026-01-01T00:00:00.000000Z"}
    (await server.call("PUT", path, lease)).refused(409, "Conflict")


@pytest.mark.parametrize(
    ("plural", "body", "columns", "cells"),
    [
        ("configmaps", {"data": {"a": "b"}}, ["Name", "Data", "Age"], ["x", 1]),
        ("secrets", {"stringData": {"a": "b"}}, ["Name", "Type", "Data", "Age"], ["x", "Opaque", 1]),
    ],
)
async def test_core_kinds_have_their_own_columns(
    server: Client, plural: str, body: Any, columns: list[str], cells: list[Any]
) -> None:
    await server.create(server.core(plural), {"metadata": {"name": "x"}, **body})
    table = (await server.get(server.core(plural, "x"), headers=TABLE)).ok()
    assert [column["name"] for column in table["columnDefinitions"]] == columns
    assert table["rows"][0]["cells"][:-1] == cells


async def test_a_namespace_is_active_and_labelled_with_its_name(server: Client) -> None:
    body = (await server.get(f"/api/v1/namespaces/{server.namespace}")).ok()
    assert body["status"] == {"phase": "Active"}
    assert body["spec"] == {"finalizers": ["kubernetes"]}
    assert body["metadata"]["labels"] == {"kubernetes.io/metadata.name": server.namespace}
