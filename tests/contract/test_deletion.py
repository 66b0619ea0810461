"""Deletion: finalizers, preconditions, namespaces, definitions. If one fails, an operator's clean-up is untested."""

from __future__ import annotations

from tests.contract.client import Client
from tests.contract.widget import other_crd, widget

HOLD = {"finalizers": ["contract.test/hold"]}
RELEASE = {"metadata": {"finalizers": None}}


async def test_an_object_without_finalizers_goes_at_once(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    status = (await server.delete(server.widgets("one"))).ok()
    assert (status["kind"], status["status"]) == ("Status", "Success")
    assert status["details"] == {
        "name": "one",
        "group": "contract.test",
        "kind": "widgets",
        "uid": made["metadata"]["uid"],
    }
    (await server.get(server.widgets("one"))).refused(404, "NotFound")
    (await server.delete(server.widgets("one"))).refused(404, "NotFound")


async def test_an_object_with_finalizers_stays_until_the_last_is_gone(server: Client) -> None:
    made = await server.create(server.widgets(), widget(meta=HOLD))
    dying = (await server.delete(server.widgets("one"))).ok()
    assert dying["kind"] == "Widget"
    assert dying["metadata"]["deletionTimestamp"]
    assert dying["metadata"]["deletionGracePeriodSeconds"] == 0
    assert dying["metadata"]["generation"] == made["metadata"]["generation"] + 1
    again = (await server.delete(server.widgets("one"))).ok()
    assert again["metadata"]["resourceVersion"] == dying["metadata"]["resourceVersion"]
    (await server.merge(server.widgets("one"), {"spec": {"size": 5}})).ok()
    async with server.watch(server.widgets(), resourceVersion=(await server.get(server.widgets())).version) as watch:
        (await server.merge(server.widgets("one"), RELEASE)).ok()
        assert await watch.take(1) == [("DELETED", "one")]
    (await server.get(server.widgets("one"))).refused(404, "NotFound")


async def test_a_dying_object_takes_no_new_finalizers(server: Client) -> None:
    await server.create(server.widgets(), widget(meta=HOLD))
    (await server.delete(server.widgets("one"))).ok()
    more = [*HOLD["finalizers"], "contract.test/more"]
    reply = await server.merge(server.widgets("one"), {"metadata": {"finalizers": more}})
    reply.refused(422, "Invalid")
    words = "no new finalizers can be added if the object is being deleted, found new finalizers"
    assert reply.causes() == {
        ("metadata.finalizers", "FieldValueForbidden", f'Forbidden: {words} []string{{"contract.test/more"}}')
    }
    (await server.merge(server.widgets("one"), RELEASE)).ok()


async def test_an_object_of_the_version_and_uid_that_are_meant_is_deleted(server: Client) -> None:
    made = await server.create(server.widgets(), widget())
    meant = {key: made["metadata"][key] for key in ("uid", "resourceVersion")}
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": meant}
    (await server.delete(server.widgets("one"), options)).ok()


async def test_a_dry_run_deletes_nothing(server: Client) -> None:
    await server.create(server.widgets(), widget())
    (await server.delete(server.widgets("one"), dryRun="All")).ok()
    (await server.get(server.widgets("one"))).ok()


async def test_a_collection_is_deleted_by_selector(server: Client) -> None:
    await server.create(server.widgets(), widget("one", meta={"labels": {"a": "b"}}))
    await server.create(server.widgets(), widget("two"))
    gone = (await server.delete(server.widgets(), labelSelector="a=b")).ok()
    assert [item["metadata"]["name"] for item in gone["items"]] == ["one"]
    assert [item["metadata"]["name"] for item in (await server.get(server.widgets())).ok()["items"]] == ["two"]


async def test_dependents_follow_their_owner(server: Client) -> None:
    # Of kinds that the real garbage collector knows from its start: it finds new ones only after half a minute.
    owner = await server.create(server.core("configmaps"), {"metadata": {"name": "owner"}})
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    child = {"metadata": {"name": "child", "ownerReferences": [reference]}}
    await server.create(server.core("configmaps"), child)
    await server.create(server.core("secrets"), child)
    (await server.delete(server.core("configmaps", "owner"))).ok()
    await server.eventually(server.core("configmaps", "child"), lambda reply: reply.status == 404)
    await server.eventually(server.core("secrets", "child"), lambda reply: reply.status == 404)


async def test_orphans_stay(server: Client) -> None:
    owner = await server.create(server.core("configmaps"), {"metadata": {"name": "owner"}})
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    await server.create(server.core("secrets"), {"metadata": {"name": "child", "ownerReferences": [reference]}})
    (await server.delete(server.core("configmaps", "owner"), propagationPolicy="Orphan")).ok()
    child = await server.eventually(
        server.core("secrets", "child"), lambda reply: "ownerReferences" not in reply.body["metadata"]
    )
    assert "deletionTimestamp" not in child.ok()["metadata"]


async def test_a_namespace_takes_its_content_along_and_takes_nothing_new(server: Client) -> None:
    path = f"/api/v1/namespaces/{server.namespace}"
    await server.create(server.widgets(), widget("held", meta=HOLD))
    await server.create(server.widgets(), widget("plain"))
    await server.create(server.core("secrets"), {"metadata": {"name": "s"}})
    dying = (await server.delete(path)).ok()
    assert (dying["kind"], dying["status"]["phase"]) == ("Namespace", "Terminating")
    assert dying["metadata"]["deletionTimestamp"]
    reply = await server.call("POST", server.widgets(), widget("late"))
    status = reply.refused(403, "Forbidden")
    assert status["message"] == (
        f'widgets.contract.test "late" is forbidden: unable to create new content in namespace {server.namespace} '
        "because it is being terminated"
    )
    assert ("metadata.namespace", "NamespaceTerminating") in {(field, why) for field, why, _ in reply.causes()}
    event = {"metadata": {"name": "e"}, "involvedObject": {"namespace": server.namespace}}
    (await server.call("POST", server.core("events"), event)).refused(403, "Forbidden")
    await server.eventually(server.widgets("plain"), lambda reply: reply.status == 404)
    await server.eventually(server.core("secrets", "s"), lambda reply: reply.status == 404)
    await server.eventually(server.widgets("held"), lambda reply: "deletionTimestamp" in reply.body["metadata"])
    assert (await server.get(path)).ok()["status"]["phase"] == "Terminating"
    (await server.merge(server.widgets("held"), RELEASE)).ok()
    await server.eventually(path, lambda reply: reply.status == 404)


async def test_a_definition_takes_its_objects_along(server: Client) -> None:
    crd = other_crd("gadgets", "Gadget")
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await server.create(definitions, crd)
    gadgets = server.of("contract.test/v1", "gadgets")
    await server.eventually(gadgets, lambda reply: reply.status == 200)
    await server.create(gadgets, {**widget("one", meta=HOLD), "kind": "Gadget"})
    dying = (await server.delete(f"{definitions}/gadgets.contract.test")).ok()
    assert "customresourcecleanup.apiextensions.k8s.io" in dying["metadata"]["finalizers"]
    await server.eventually(f"{gadgets}/one", lambda reply: "deletionTimestamp" in reply.body["metadata"])
    (await server.merge(f"{gadgets}/one", RELEASE)).ok()
    await server.eventually(f"{definitions}/gadgets.contract.test", lambda reply: reply.status == 404)
    gone = await server.eventually(gadgets, lambda reply: reply.status == 404)
    assert gone.body == "404 page not found\n"
