"""Watches: where they start, what they send, how they end. If one of these fails, an operator misses a change."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.client import TABLE, Client
from tests.contract.widget import widget


def bookmark_seen(seen: list[Any]) -> bool:
    return seen[-1]["type"] == "BOOKMARK"


async def test_a_watch_continues_from_the_version_of_a_list(server: Client) -> None:
    await server.create(server.widgets(), widget("before"))
    version = (await server.get(server.widgets())).version
    await server.create(server.widgets(), widget("one"))
    async with server.watch(server.widgets(), resourceVersion=version) as watch:
        assert await watch.take(1) == [("ADDED", "one")]
        (await server.merge(server.widgets("one"), {"spec": {"size": 4}})).ok()
        (await server.delete(server.widgets("one"))).ok()
        assert await watch.take(2) == [("MODIFIED", "one"), ("DELETED", "one")]


@pytest.mark.parametrize("version", [{}, {"resourceVersion": "0"}], ids=["no version", "version 0"])
async def test_a_watch_without_a_version_starts_with_what_there_is(server: Client, version: dict[str, str]) -> None:
    await server.create(server.widgets(), widget("one"))
    await server.create(server.widgets(), widget("two"))
    async with server.watch(server.widgets(), **version) as watch:
        assert sorted(await watch.take(2)) == [("ADDED", "one"), ("ADDED", "two")]
        await server.create(server.widgets(), widget("three"))
        assert await watch.take(1) == [("ADDED", "three")]


async def test_events_carry_the_versions_of_their_writes(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    version = made["metadata"]["resourceVersion"]
    async with server.watch(server.widgets(), resourceVersion=version) as watch:
        after = (await server.merge(server.widgets("one"), {"spec": {"size": 4}})).ok()
        (await server.delete(server.widgets("one"))).ok()
        changed, deleted = await watch.until(lambda seen: len(seen) == 2)
    assert changed["object"] == after
    assert deleted["type"] == "DELETED"
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(after["metadata"]["resourceVersion"])
    assert deleted["object"]["spec"] == after["spec"]


async def test_a_version_too_old_is_gone(server: Client) -> None:
    await server.create(server.widgets(), widget())
    async with server.watch(server.widgets(), resourceVersion="1") as watch:
        (event,) = await watch.until(lambda _: False)
    assert event["type"] == "ERROR"
    status = event["object"]
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")


async def test_a_watch_ends_at_its_time_out_with_a_bookmark(server: Client) -> None:
    version = (await server.get(server.widgets())).version
    query = {"resourceVersion": version, "timeoutSeconds": "1", "allowWatchBookmarks": "true"}
    async with server.watch(server.widgets(), **query) as watch:
        await server.create(server.widgets(), widget())
        seen = await watch.until(lambda _: False)
    assert [event["type"] for event in seen if event["type"] != "BOOKMARK"] == ["ADDED"]
    assert set(seen[-1]["object"]["metadata"]) >= {"resourceVersion"}


async def test_bookmarks_come_only_when_asked_for(server: Client) -> None:
    version = (await server.get(server.widgets())).version
    async with server.watch(server.widgets(), resourceVersion=version, timeoutSeconds="1") as watch:
        assert await watch.until(lambda _: False) == []


async def test_a_watch_list_ends_its_first_part_with_a_bookmark(server: Client) -> None:
    await server.create(server.widgets(), widget("one"))
    await server.create(server.widgets(), widget("two"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with server.watch(server.widgets(), **query) as watch:
        seen = await watch.until(bookmark_seen)
        assert [event["type"] for event in seen] == ["ADDED", "ADDED", "BOOKMARK"]
        last = seen[-1]["object"]
        assert (last["kind"], last["apiVersion"]) == ("Widget", "contract.test/v1")
        assert last["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        await server.create(server.widgets(), widget("three"))
        assert await watch.take(1) == [("ADDED", "three")]


async def test_a_watch_list_without_its_other_parameters_is_refused(server: Client) -> None:
    reply = await server.get(server.widgets(), watch="true", sendInitialEvents="true")
    reply.refused(422, "Invalid")
    assert {field for field, _, _ in reply.causes()} == {"resourceVersionMatch"}


async def test_an_object_enters_and_leaves_the_selection_of_a_watch(server: Client) -> None:
    version = (await server.get(server.widgets())).version
    async with server.watch(server.widgets(), resourceVersion=version, labelSelector="a=b") as watch:
        await server.create(server.widgets(), widget("other"))
        await server.create(server.widgets(), widget("one"))
        for labels in ({"a": "b"}, {"c": "d"}, {"a": None}):
            (await server.merge(server.widgets("one"), {"metadata": {"labels": labels}})).ok()
        seen = await watch.until(lambda events: len(events) == 3)
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert seen[-1]["object"]["metadata"]["labels"]["a"] == "b"
    after = (await server.get(server.widgets("one"))).version
    assert seen[-1]["object"]["metadata"]["resourceVersion"] == after


async def test_a_watch_of_one_name_sees_no_other(server: Client) -> None:
    version = (await server.get(server.widgets())).version
    query = {"resourceVersion": version, "fieldSelector": "metadata.name=one"}
    async with server.watch(server.widgets(), **query) as watch:
        await server.create(server.widgets(), widget("other"))
        await server.create(server.widgets(), widget("one"))
        assert await watch.take(1) == [("ADDED", "one")]


async def test_a_watch_in_the_table_form_defines_its_columns_once(server: Client) -> None:
    version = (await server.get(server.widgets())).version
    async with server.watch(server.widgets(), resourceVersion=version, headers=TABLE) as watch:
        await server.create(server.widgets(), widget("one"))
        await server.create(server.widgets(), widget("two"))
        first, second = (event["object"] for event in await watch.until(lambda seen: len(seen) == 2))
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Colour", "Ready", "Size", "Age"]
    assert not second.get("columnDefinitions")
    assert [table["rows"][0]["cells"][0] for table in (first, second)] == ["one", "two"]


async def test_a_watch_of_all_namespaces_sees_this_one(server: Client) -> None:
    version = (await server.get("/apis/contract.test/v1/widgets")).version
    async with server.watch("/apis/contract.test/v1/widgets", resourceVersion=version) as watch:
        await server.create(server.widgets(), widget())

        def mine(seen: list[Any]) -> bool:
            return bool(seen[-1]["object"]["metadata"]["namespace"] == server.namespace)

        assert (await watch.until(mine))[-1]["type"] == "ADDED"
