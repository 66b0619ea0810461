"""Custom resource definitions and discovery: what is served, from when, under which names."""

from __future__ import annotations

from typing import Any

from tests.contract.client import Client
from tests.contract.widget import NAME, other_crd, widget

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


async def test_a_definition_is_established_with_its_names(server: Client) -> None:
    crd = (await server.get(f"{DEFINITIONS}/{NAME}")).ok()
    conditions = {one["type"]: (one["status"], one["reason"]) for one in crd["status"]["conditions"]}
    assert conditions["NamesAccepted"] == ("True", "NoConflicts")
    assert conditions["Established"] == ("True", "InitialNamesAccepted")
    assert crd["status"]["storedVersions"] == ["v1"]
    assert crd["status"]["acceptedNames"]["listKind"] == "WidgetList"


async def test_a_definition_that_breaks_the_rules_is_refused(server: Client) -> None:
    crd = other_crd("odds", "Odd")
    crd["metadata"]["name"] = "wrong.contract.test"
    schema = {"type": "object", "properties": {"spec": {"properties": {}}}}
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    del crd["spec"]["versions"][0]["selectableFields"]
    reply = await server.call("POST", DEFINITIONS, crd)
    reply.refused(422, "Invalid")
    assert {field for field, _, _ in reply.causes()} == {
        "metadata.name",
        "spec.validation.openAPIV3Schema.properties[spec].type",
    }


async def test_a_changed_definition_changes_what_is_shown(server: Client) -> None:
    await server.create(DEFINITIONS, other_crd("dials", "Dial"))
    dials = server.of("contract.test/v1", "dials")
    await server.eventually(dials, lambda reply: reply.status == 200)
    await server.create(dials, {**widget(), "kind": "Dial"})
    schema = other_crd("dials", "Dial")["spec"]["versions"][0]["schema"]
    schema["openAPIV3Schema"]["properties"]["spec"]["properties"]["extra"] = {"type": "string", "default": "new"}
    steps = [{"op": "replace", "path": "/spec/versions/0/schema", "value": schema}]
    changed = (await server.json_patch(f"{DEFINITIONS}/dials.contract.test", *steps)).ok()
    assert changed["metadata"]["generation"] == 2
    shown = await server.eventually(f"{dials}/one", lambda reply: "extra" in reply.body["spec"])
    assert shown.body["spec"]["extra"] == "new"
    (await server.delete(f"{DEFINITIONS}/dials.contract.test")).ok()
    await server.eventually(f"{DEFINITIONS}/dials.contract.test", lambda reply: reply.status == 404)


async def test_an_object_is_shown_in_every_served_version(server: Client) -> None:
    crd = other_crd("knobs", "Knob")
    second = {**crd["spec"]["versions"][0], "name": "v2beta1", "storage": False}
    crd["spec"]["versions"].append(second)
    await server.create(DEFINITIONS, crd)
    old, new = server.of("contract.test/v1", "knobs"), server.of("contract.test/v2beta1", "knobs")
    await server.eventually(new, lambda reply: reply.status == 200)
    await server.create(new, {**widget(), "kind": "Knob", "apiVersion": "contract.test/v2beta1"})
    shown = (await server.get(f"{old}/one")).ok()
    assert (shown["apiVersion"], shown["spec"]) == ("contract.test/v1", {"colour": "red", "size": 3})
    after = (await server.merge(f"{new}/one", {"spec": {"size": 4}})).ok()
    assert (after["apiVersion"], after["metadata"]["generation"]) == ("contract.test/v2beta1", 2)
    async with server.watch(new) as watch:
        (event,) = await watch.until(bool)
        assert event["object"]["apiVersion"] == "contract.test/v2beta1"
    assert (await server.get(new)).ok()["items"][0]["apiVersion"] == "contract.test/v2beta1"
    (await server.delete(f"{DEFINITIONS}/knobs.contract.test")).ok()
    await server.eventually(f"{DEFINITIONS}/knobs.contract.test", lambda reply: reply.status == 404)


async def test_plain_discovery_names_resources_and_subresources(server: Client) -> None:
    found = (await server.get("/apis/contract.test/v1")).ok()
    assert (found["kind"], found["groupVersion"]) == ("APIResourceList", "contract.test/v1")
    resources: dict[str, Any] = {one["name"]: one for one in found["resources"]}
    one = resources["widgets"]
    assert (one["kind"], one["singularName"], one["namespaced"]) == ("Widget", "widget", True)
    assert (one["shortNames"], one["categories"]) == (["wd"], ["contract"])
    assert {"get", "list", "watch", "create", "update", "patch", "delete"} <= set(one["verbs"])
    assert set(resources["widgets/status"]["verbs"]) == {"get", "patch", "update"}


async def test_groups_are_listed_with_their_versions(server: Client) -> None:
    groups = (await server.get("/apis")).ok()["groups"]
    mine = next(group for group in groups if group["name"] == "contract.test")
    assert mine["preferredVersion"] == {"groupVersion": "contract.test/v1", "version": "v1"}
    assert (await server.get("/api")).ok()["versions"] == ["v1"]
    core = {one["name"] for one in (await server.get("/api/v1")).ok()["resources"]}
    assert {"namespaces", "secrets", "configmaps", "events", "serviceaccounts"} <= core


async def test_aggregated_discovery_has_the_same_in_one_document(server: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    reply = await server.get("/apis", headers={"Accept": accept})
    assert reply.content_type == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    body = reply.ok()
    assert (body["kind"], body["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    group = next(item for item in body["items"] if item["metadata"]["name"] == "contract.test")
    resources = {one["resource"]: one for one in group["versions"][0]["resources"]}
    one = resources["widgets"]
    assert one["responseKind"] == {"group": "contract.test", "version": "v1", "kind": "Widget"}
    assert (one["scope"], one["singularResource"], one["shortNames"]) == ("Namespaced", "widget", ["wd"])
    assert [sub["subresource"] for sub in one["subresources"]] == ["status"]


async def test_open_api_describes_the_fields(server: Client) -> None:
    index = (await server.get("/openapi/v3")).ok()
    assert index["paths"]["apis/contract.test/v1"]["serverRelativeURL"].startswith(
        "/openapi/v3/apis/contract.test/v1?hash="
    )
    document = (await server.get("/openapi/v3/apis/contract.test/v1")).ok()
    schema = document["components"]["schemas"]["test.contract.v1.Widget"]
    assert schema["description"] == "Widget is a thing for tests."
    assert schema["properties"]["spec"]["properties"]["colour"]["description"] == "The paint."
    identity = {"group": "contract.test", "kind": "Widget", "version": "v1"}
    assert schema["x-kubernetes-group-version-kind"] == [identity]
    patch = document["paths"]["/apis/contract.test/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == identity
    assert "fieldValidation" in {one["name"] for one in patch["parameters"]}


async def test_a_path_that_is_not_served_is_a_plain_404(server: Client) -> None:
    for path in ("/apis/contract.test/v1/gizmos", "/apis/nope.test/v1/widgets", "/apis/contract.test/v2/widgets"):
        reply = await server.get(path)
        assert (reply.status, reply.body) == (404, "404 page not found\n")
    (await server.get(server.widgets("one", "scale"))).refused(404, "NotFound")
