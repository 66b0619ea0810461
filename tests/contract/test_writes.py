"""Create, update, patch: versions, generation, the status subresource. What is refused is in the table of promises.

If one of these fails, an operator that works on the stand-in loses or doubles updates on a cluster.
"""

from __future__ import annotations

import re
from typing import Any

from tests.contract.client import MERGE, Client
from tests.contract.widget import widget


async def test_a_new_object_gets_what_the_server_owns(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    meta = made["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", meta["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert (meta["generation"], meta["namespace"]) == (1, server.namespace)
    assert meta["resourceVersion"].isdigit()


async def test_generate_name_makes_names_that_differ(server: Client) -> None:
    body = widget()
    body["metadata"] = {"generateName": "gen-"}
    names = {(await server.create(server.widgets(), body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"gen-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in names)


async def test_a_put_with_the_version_that_it_replaces_is_a_new_version(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    version = made["metadata"]["resourceVersion"]
    new = (await server.call("PUT", server.widgets("one"), widget(meta={"resourceVersion": version}, size=4))).ok()
    assert int(new["metadata"]["resourceVersion"]) > int(version)
    assert new["metadata"]["uid"] == made["metadata"]["uid"]


async def test_a_write_without_effect_is_no_new_version(server: Client) -> None:
    await server.create(server.widgets(), widget())
    # The first write also stores the defaults that a read had only shown.
    first = (await server.merge(server.widgets("one"), {"spec": {"colour": "blue"}})).ok()
    same = (await server.merge(server.widgets("one"), {"spec": {"colour": "blue"}})).ok()
    assert same["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_generation_counts_changes_of_the_spec_alone(server: Client) -> None:
    await server.create(server.widgets(), widget())

    async def generation(path: str, patch: Any) -> int:
        return int((await server.merge(path, patch)).ok()["metadata"]["generation"])

    assert await generation(server.widgets("one"), {"metadata": {"labels": {"a": "b"}}}) == 1
    assert await generation(server.widgets("one", "status"), {"status": {"observedGeneration": 1}}) == 1
    assert await generation(server.widgets("one"), {"spec": {"size": 4}}) == 2
    assert await generation(server.widgets("one"), {"metadata": {"generation": 77}}) == 2


async def test_the_main_end_point_does_not_touch_the_status(server: Client) -> None:
    body = widget()
    body["status"] = {"observedGeneration": 9}
    assert (await server.create(server.widgets(), body))["status"] == {"observedGeneration": -1}
    patched = (await server.merge(server.widgets("one"), {"status": {"observedGeneration": 9}})).ok()
    assert patched["status"] == {"observedGeneration": -1}


async def test_the_status_end_point_touches_nothing_else(server: Client) -> None:
    await server.create(server.widgets(), widget(meta={"labels": {"a": "b"}}))
    patch = {
        "metadata": {"labels": {"no": "no"}, "finalizers": ["contract.test/no"]},
        "spec": {"size": 9},
        "status": {"observedGeneration": 1},
    }
    after = (await server.merge(server.widgets("one", "status"), patch)).ok()
    assert (after["status"], after["spec"]["size"]) == ({"observedGeneration": 1}, 3)
    assert after["metadata"]["labels"] == {"a": "b"}
    assert "finalizers" not in after["metadata"]


async def test_a_merge_patch_takes_null_for_away(server: Client) -> None:
    await server.create(server.widgets(), widget(tags={"a": "1", "b": "2"}, note="x"))
    after = (await server.merge(server.widgets("one"), {"spec": {"tags": {"a": None, "c": "3"}, "note": None}})).ok()
    assert after["spec"] == {"colour": "red", "size": 3, "tags": {"b": "2", "c": "3"}}


async def test_a_json_patch_does_all_its_steps_in_order(server: Client) -> None:
    await server.create(server.widgets(), widget(parts=[{"name": "a"}]))
    after = await server.json_patch(
        server.widgets("one"),
        {"op": "test", "path": "/spec/colour", "value": "red"},
        {"op": "replace", "path": "/spec/colour", "value": "green"},
        {"op": "add", "path": "/spec/tags", "value": {}},
        {"op": "add", "path": "/spec/tags/x~1y", "value": "slash"},
        {"op": "copy", "from": "/spec/colour", "path": "/spec/tags/copied"},
        {"op": "move", "from": "/spec/tags/copied", "path": "/spec/tags/moved"},
        {"op": "add", "path": "/spec/parts/-", "value": {"name": "b"}},
        {"op": "remove", "path": "/spec/parts/0"},
    )
    assert after.ok()["spec"] == {
        "colour": "green",
        "size": 3,
        "tags": {"x/y": "slash", "moved": "green"},
        "parts": [{"name": "b", "count": 1}],
    }


async def test_a_json_patch_may_replace_what_is_absent(server: Client) -> None:
    await server.create(server.widgets(), widget())
    after = await server.json_patch(
        server.widgets("one"),
        {"op": "test", "path": "/spec/note", "value": None},
        {"op": "replace", "path": "/spec/note", "value": "new"},
    )
    assert after.ok()["spec"]["note"] == "new"


async def test_a_patch_of_the_creation_time_or_generation_is_ignored(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    patch = {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z", "generation": 77}}
    after = (await server.merge(server.widgets("one"), patch)).ok()
    assert after["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert after["metadata"]["generation"] == 1


async def test_a_body_that_is_no_json_is_a_bad_request(server: Client) -> None:
    await server.create(server.widgets(), widget())
    (await server.call("PATCH", server.widgets("one"), "{no json", kind=MERGE)).refused(400, "BadRequest")


async def test_a_dry_run_checks_and_stores_nothing(server: Client) -> None:
    assert (await server.create(server.widgets(), widget(), dryRun="All"))["spec"]["size"] == 3
    (await server.get(server.widgets("one"))).refused(404, "NotFound")
    await server.create(server.widgets(), widget())
    assert (await server.merge(server.widgets("one"), {"spec": {"size": 9}}, dryRun="All")).ok()["spec"]["size"] == 9
    assert (await server.get(server.widgets("one"))).ok()["spec"]["size"] == 3
