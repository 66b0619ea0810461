"""What happens to an object's server-owned metadata when it is created, changed or deleted. Pure.

Time, identity and names come in as arguments. `writer` calls these and puts the result into the store.
"""

from typing import Any

from zilliz_local.kube.builtin import CRDS, NAMESPACES, PODS
from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.validation import show, wrong

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
FOREGROUND = "foregroundDeletion"
OWNED = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid", "namespace")
COUNTED = (CRDS,)


def born(resource: Resource, body: Body, uid: str, now: str) -> Body:
    """A new object: no status of the client's, generation 1, the server's stamps."""
    meta = dict(body["metadata"])
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink", "managedFields"):
        meta.pop(name, None)
    meta |= {"uid": uid, "creationTimestamp": now}
    meta.pop("generation", None)
    if counts(resource):
        meta["generation"] = 1
    rest = {name: value for name, value in body.items() if name != "metadata"}
    if resource.has_status:
        rest.pop("status", None)
    if resource.key == NAMESPACES:
        meta["labels"] = {"kubernetes.io/metadata.name": meta["name"], **(meta.get("labels") or {})}
        rest |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if resource.key == PODS:
        rest["status"] = {"phase": "Pending"}
    return _ordered({**rest, "metadata": meta})


def counts(resource: Resource) -> bool:
    """Does the resource have a generation?"""
    return resource.custom or resource.key in COUNTED


def changed(resource: Resource, old: Body, new: Body, subresource: str) -> Body:
    """The object after a write: only what the end point may change has changed."""
    if subresource == "status":
        after = {name: value for name, value in old.items() if name != "status"}
        if "status" in new:
            after["status"] = new["status"]
        return _ordered({**after, "metadata": dict(old["metadata"])})
    after = dict(new)
    if resource.has_status:
        after.pop("status", None)
        if "status" in old:
            after["status"] = old["status"]
    if resource.key == NAMESPACES:
        after["spec"] = old["spec"]
    meta = {
        name: value for name, value in new["metadata"].items() if name not in (*OWNED, "managedFields", "selfLink")
    }
    meta |= {name: old["metadata"][name] for name in OWNED if name in old["metadata"]}
    meta["resourceVersion"] = old["metadata"]["resourceVersion"]
    if counts(resource) and _content(after) != _content(old):
        meta["generation"] = meta.get("generation", 1) + 1
    return _ordered({**after, "metadata": meta})


def _content(body: Body) -> Body:
    """What a generation counts the changes of."""
    return {name: value for name, value in body.items() if name not in ("apiVersion", "kind", "metadata")}


def doomed(resource: Resource, old: Body) -> Body:
    """An object as a deletion finds it: a CRD gets the finalizer that keeps it until its objects are gone."""
    finalizers = old["metadata"].get("finalizers") or []
    if resource.key != CRDS or CLEANUP in finalizers:
        return old
    return {**old, "metadata": {**old["metadata"], "finalizers": [*finalizers, CLEANUP]}}


def dying(resource: Resource, old: Body, now: str) -> Body:
    """An object that waits for its finalizers."""
    meta = {**old["metadata"], "deletionTimestamp": now, "deletionGracePeriodSeconds": 0}
    if counts(resource):
        meta["generation"] = meta.get("generation", 1) + 1
    body = {**old, "metadata": meta}
    if resource.key == NAMESPACES:
        body["status"] = {**body.get("status", {}), "phase": "Terminating"}
        meta.pop("deletionGracePeriodSeconds")
    return _ordered(body)


def awaiting(old: Body) -> Body:
    """An object that is deleted in the foreground: after what it owns."""
    finalizers = old["metadata"].get("finalizers") or []
    return {**old, "metadata": {**old["metadata"], "finalizers": [*finalizers, FOREGROUND]}}


def winds_up(resource: Resource, body: Body) -> bool:
    """Does a node have to end its containers first?"""
    phase = (body.get("status") or {}).get("phase")
    return (
        resource.key == PODS
        and bool((body.get("spec") or {}).get("nodeName"))
        and phase not in ("Succeeded", "Failed")
    )


def held(resource: Resource, body: Body) -> bool:
    """Does something keep a dying object?"""
    finalizers: list[Any] = list(body["metadata"].get("finalizers") or ())
    if resource.key == NAMESPACES:
        finalizers += (body.get("spec") or {}).get("finalizers") or ()
    ending = resource.key == PODS and "deletionTimestamp" in body["metadata"]
    return bool(finalizers) or ending


def change_problems(resource: Resource, old: Body, new: Body) -> list[Cause]:
    """What an update may not do to metadata, and to immutable core objects."""
    before, after = old["metadata"], new["metadata"]
    causes = []
    added = [one for one in after.get("finalizers") or () if one not in (before.get("finalizers") or ())]
    if added and "deletionTimestamp" in before:
        listed = ", ".join(show(one) for one in added)
        words = "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
        causes.append(Cause("metadata.finalizers", "FieldValueForbidden", f"{words}[]string{{{listed}}}"))
    if old.get("immutable") and not resource.custom:
        if not new.get("immutable"):
            causes.append(
                Cause("immutable", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
            )
        elif any(old.get(name) != new.get(name) for name in ("data", "binaryData")):
            causes.append(
                Cause("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
            )
    if resource.kind == "Secret" and not resource.custom and old.get("type") != new.get("type"):
        causes.append(wrong("type", new.get("type"), "field is immutable"))
    return causes


def _ordered(body: Body) -> Body:
    """apiVersion, kind, metadata (its parts by name), then the rest by name, as the real server writes JSON."""
    head: Body = {name: body[name] for name in ("apiVersion", "kind") if name in body}
    meta = dict(sorted(body["metadata"].items()))
    rest = {name: body[name] for name in sorted(body) if name not in ("apiVersion", "kind", "metadata")}
    return {**head, "metadata": meta, **rest}
