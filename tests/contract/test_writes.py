"""Create, update, patch: versions, conflicts, generation, the status subresource.

If one of these fails, an operator that works on the stand-in loses or doubles updates on a cluster.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.contract.client import JSON_PATCH, MERGE, STRATEGIC, Client
from tests.contract.widget import widget

CONFLICT = "the object has been modified; please apply your changes to the latest version and try again"
UNPATCHABLE = "the server rejected our request due to an error in our request"


async def test_a_new_object_gets_what_the_server_owns(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    meta = made["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", meta["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert (meta["generation"], meta["namespace"]) == (1, server.namespace)
    assert meta["resourceVersion"].isdigit()


async def test_a_second_object_of_the_same_name_is_refused(server: Client) -> None:
    await server.create(server.widgets(), widget())
    status = (await server.call("POST", server.widgets(), widget())).refused(409, "AlreadyExists")
    assert status["message"] == 'widgets.contract.test "one" already exists'
    assert status["details"] == {"name": "one", "group": "contract.test", "kind": "widgets"}


async def test_an_absent_object_is_not_found(server: Client) -> None:
    status = (await server.get(server.widgets("nope"))).refused(404, "NotFound")
    assert status["message"] == 'widgets.contract.test "nope" not found'
    assert status["details"] == {"name": "nope", "group": "contract.test", "kind": "widgets"}
    (await server.merge(server.widgets("nope"), {"spec": {"size": 4}})).refused(404, "NotFound")
    (await server.merge(server.widgets("nope", "status"), {"status": {}})).refused(404, "NotFound")


async def test_a_missing_namespace_refuses_objects_and_lists_none(server: Client) -> None:
    path = "/apis/contract.test/v1/namespaces/missing/widgets"
    status = (await server.call("POST", path, widget())).refused(404, "NotFound")
    assert status["message"] == 'namespaces "missing" not found'
    assert (await server.get(path)).ok()["items"] == []


async def test_generate_name_makes_names_that_differ(server: Client) -> None:
    body = widget()
    body["metadata"] = {"generateName": "gen-"}
    names = {(await server.create(server.widgets(), body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"gen-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in names)


async def test_an_object_may_not_bring_its_own_version(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(meta={"resourceVersion": "5"}))
    assert (reply.status, reply.body["message"]) == (
        500,
        "resourceVersion should not be set on objects to be created",
    )


async def test_a_put_needs_the_version_that_it_replaces(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    reply = await server.call("PUT", server.widgets("one"), widget(size=4))
    reply.refused(422, "Invalid")
    assert reply.causes() == {
        ("metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update")
    }
    version = made["metadata"]["resourceVersion"]
    new = (await server.call("PUT", server.widgets("one"), widget(meta={"resourceVersion": version}, size=4))).ok()
    assert int(new["metadata"]["resourceVersion"]) > int(version)
    assert new["metadata"]["uid"] == made["metadata"]["uid"]


@pytest.mark.parametrize("subresource", ["", "status"])
async def test_a_stale_version_is_a_conflict(server: Client, subresource: str) -> None:
    made = await server.create(server.widgets(), widget())
    stale = made["metadata"]["resourceVersion"]
    (await server.merge(server.widgets("one"), {"spec": {"size": 5}})).ok()
    path = server.widgets("one", subresource)
    for reply in (
        await server.call("PUT", path, widget(meta={"resourceVersion": stale}, size=6)),
        await server.merge(path, {"metadata": {"resourceVersion": stale}, "spec": {"size": 6}, "status": {}}),
    ):
        status = reply.refused(409, "Conflict")
        assert status["message"] == f'Operation cannot be fulfilled on widgets.contract.test "one": {CONFLICT}'
        assert status["details"] == {"name": "one", "group": "contract.test", "kind": "widgets"}


async def test_a_put_for_an_object_that_was_made_anew_is_a_conflict(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    meta = {"resourceVersion": made["metadata"]["resourceVersion"], "uid": "0f0f0f0f-0000-4000-8000-000000000000"}
    status = (await server.call("PUT", server.widgets("one"), widget(meta=meta))).refused(409, "Conflict")
    assert "Precondition failed: UID in precondition: 0f0f0f0f" in status["message"]


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


@pytest.mark.parametrize(
    "step",
    [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "test", "path": "/spec/nope", "value": 1},
        {"op": "remove", "path": "/spec/nope"},
        {"op": "add", "path": "/spec/nope/below", "value": 1},
        {"op": "replace", "path": "/spec/parts/5", "value": {}},
        {"op": "paint", "path": "/spec/colour", "value": "blue"},
    ],
    ids=["version", "absent value", "remove absent", "add below absent", "no such item", "unknown step"],
)
async def test_a_json_patch_that_does_not_fit_changes_nothing(server: Client, step: Any) -> None:
    await server.create(server.widgets(), widget(parts=[{"name": "a"}]))
    first = {"op": "add", "path": "/spec/size", "value": 9}
    status = (await server.json_patch(server.widgets("one"), first, step)).refused(422, "Invalid")
    assert status["message"] == UNPATCHABLE
    assert status["details"] == {}
    assert (await server.get(server.widgets("one"))).ok()["spec"]["size"] == 3


async def test_a_json_patch_may_replace_what_is_absent(server: Client) -> None:
    await server.create(server.widgets(), widget())
    after = await server.json_patch(
        server.widgets("one"),
        {"op": "test", "path": "/spec/note", "value": None},
        {"op": "replace", "path": "/spec/note", "value": "new"},
    )
    assert after.ok()["spec"]["note"] == "new"


async def test_custom_resources_have_no_strategic_merge_patch(server: Client) -> None:
    await server.create(server.widgets(), widget())
    reply = await server.call("PATCH", server.widgets("one"), {"spec": {"size": 4}}, kind=STRATEGIC)
    assert reply.refused(415, "UnsupportedMediaType")["message"].startswith(
        "the body of the request was in an unknown"
    )


@pytest.mark.parametrize(
    ("patch", "kind"),
    [([1], MERGE), ({"op": "test"}, JSON_PATCH), ("{no json", MERGE)],
    ids=["list", "object", "junk"],
)
async def test_a_body_that_is_no_patch_is_a_bad_request(server: Client, patch: Any, kind: str) -> None:
    await server.create(server.widgets(), widget())
    (await server.call("PATCH", server.widgets("one"), patch, kind=kind)).refused(400, "BadRequest")


@pytest.mark.parametrize("field", ["uid", "deletionTimestamp"])
async def test_a_patch_cannot_change_what_the_server_owns(server: Client, field: str) -> None:
    await server.create(server.widgets(), widget())
    value = "2020-01-01T00:00:00Z"
    reply = await server.merge(server.widgets("one"), {"metadata": {field: value}})
    reply.refused(422, "Invalid")
    assert reply.causes() == {
        (f"metadata.{field}", "FieldValueInvalid", f'Invalid value: "{value}": field is immutable')
    }


async def test_a_patch_of_the_creation_time_or_generation_is_ignored(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    patch = {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z", "generation": 77}}
    after = (await server.merge(server.widgets("one"), patch)).ok()
    assert after["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert after["metadata"]["generation"] == 1


async def test_a_patch_cannot_rename(server: Client) -> None:
    await server.create(server.widgets(), widget())
    (await server.merge(server.widgets("one"), {"metadata": {"name": "two"}})).refused(400, "BadRequest")
    (await server.merge(server.widgets("one"), {"metadata": {"namespace": "two"}})).refused(400, "BadRequest")


async def test_a_dry_run_checks_and_stores_nothing(server: Client) -> None:
    assert (await server.create(server.widgets(), widget(), dryRun="All"))["spec"]["size"] == 3
    (await server.get(server.widgets("one"))).refused(404, "NotFound")
    (await server.call("POST", server.widgets(), widget(size=99), dryRun="All")).refused(422, "Invalid")
    await server.create(server.widgets(), widget())
    assert (await server.merge(server.widgets("one"), {"spec": {"size": 9}}, dryRun="All")).ok()["spec"]["size"] == 9
    assert (await server.get(server.widgets("one"))).ok()["spec"]["size"] == 3
