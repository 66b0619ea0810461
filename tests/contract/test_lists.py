"""Lists: selectors, chunks and the Table form. If one fails, `kubectl get` or an operator's first list is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.client import TABLE, Client
from tests.contract.widget import widget


def names(body: Any) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


async def make(server: Client) -> None:
    await server.create(server.widgets(), widget("one", meta={"labels": {"app": "a", "tier": "x"}}))
    await server.create(server.widgets(), widget("two", meta={"labels": {"app": "b"}}, colour="blue"))
    await server.create(server.widgets(), widget("three", colour="blue"))


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=a", ["one"]),
        ("app==a", ["one"]),
        ("app!=a", ["three", "two"]),
        ("app in (a, b)", ["one", "two"]),
        ("app notin (a)", ["three", "two"]),
        ("app", ["one", "two"]),
        ("!app", ["three"]),
        ("app=a,tier=y", []),
        ("app in (a,b),!tier", ["two"]),
    ],
)
async def test_label_selectors(server: Client, selector: str, found: list[str]) -> None:
    await make(server)
    assert names((await server.get(server.widgets(), labelSelector=selector)).ok()) == found


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("metadata.name=one", ["one"]),
        ("metadata.name!=one", ["three", "two"]),
        ("spec.colour=blue", ["three", "two"]),
        ("spec.colour=blue,metadata.name=two", ["two"]),
    ],
)
async def test_field_selectors(server: Client, selector: str, found: list[str]) -> None:
    await make(server)
    assert names((await server.get(server.widgets(), fieldSelector=selector)).ok()) == found


async def test_a_list_comes_in_chunks_of_one_moment(server: Client) -> None:
    await make(server)
    first = (await server.get(server.widgets(), limit="2")).ok()
    assert names(first) == ["one", "three"]
    assert first["metadata"]["remainingItemCount"] == 1
    await server.create(server.widgets(), widget("zulu"))
    last = (await server.get(server.widgets(), limit="2", **{"continue": first["metadata"]["continue"]})).ok()
    assert names(last) == ["two"]
    assert last["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert not last["metadata"].get("continue")


async def test_a_list_says_what_it_is(server: Client) -> None:
    await make(server)
    body = (await server.get(server.widgets())).ok()
    assert (body["kind"], body["apiVersion"]) == ("WidgetList", "contract.test/v1")
    assert {item["kind"] for item in body["items"]} == {"Widget"}
    assert body["metadata"]["resourceVersion"].isdigit()


async def test_items_of_core_lists_do_not_say_their_kind(server: Client) -> None:
    await server.create(server.core("configmaps"), {"metadata": {"name": "c"}})
    items = (await server.get(server.core("configmaps"), fieldSelector="metadata.name=c")).ok()["items"]
    assert [set(item) for item in items] == [{"metadata"}]


async def test_the_table_has_the_columns_of_the_definition(server: Client) -> None:
    await make(server)
    condition = {"type": "Ready", "status": "True"}
    (await server.merge(server.widgets("one", "status"), {"status": {"conditions": [condition]}})).ok()
    table = (await server.get(server.widgets(), headers=TABLE)).ok()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    described = [(one["name"], one["type"], one["format"], one["priority"]) for one in table["columnDefinitions"]]
    assert described == [
        ("Name", "string", "name", 0),
        ("Colour", "string", "", 0),
        ("Ready", "string", "", 0),
        ("Size", "integer", "", 1),
        ("Age", "date", "", 0),
    ]
    assert table["columnDefinitions"][2]["description"] == "Is it ready?"
    cells = {row["cells"][0]: row["cells"] for row in table["rows"]}
    assert cells["one"][1:4] == ["red", "True", 3]
    assert cells["two"][1:4] == ["blue", None, 3]
    assert cells["one"][4].endswith("s")
    row = table["rows"][0]["object"]
    assert (row["kind"], row["metadata"]["name"]) == ("PartialObjectMetadata", "one")
    assert "spec" not in row


@pytest.mark.parametrize(("include", "kind"), [("None", None), ("Object", "Widget")])
async def test_a_table_holds_as_much_of_the_objects_as_asked_for(server: Client, include: str, kind: Any) -> None:
    await make(server)
    table = (await server.get(server.widgets("one"), headers=TABLE, includeObject=include)).ok()
    held = table["rows"][0]["object"]
    assert (held["kind"] if held else None) == kind


async def test_a_form_that_nobody_has_is_not_acceptable(server: Client) -> None:
    (await server.get(server.widgets(), headers={"Accept": "text/html"})).refused(406, "NotAcceptable")


async def test_a_list_not_older_than_an_object_shows_what_was_there_before_it(server: Client) -> None:
    await make(server)
    last = await server.create(server.widgets(), widget("last"))
    query = {"resourceVersion": last["metadata"]["resourceVersion"], "resourceVersionMatch": "NotOlderThan"}
    assert names((await server.get(server.widgets(), **query, limit="2")).ok()) == ["last", "one"]
    assert names((await server.get(server.widgets(), **query)).ok()) == ["last", "one", "three", "two"]


async def test_a_list_not_older_than_a_version_that_is_to_come_is_refused(server: Client) -> None:
    query = {"resourceVersion": str(10**12), "resourceVersionMatch": "NotOlderThan"}
    answer = await server.get(server.widgets(), **query)
    assert (answer.status, "Too large resource version" in str(answer.body)) == (504, True)
