"""Every change of an object: create, update, patch, delete. The only caller of the store's `put` and `remove`.

Each method is synchronous, so a write is atomic, and raises a `RefusalError` before anything has changed. The rules
are in `decoding` and `lifecycle`; what follows from a deletion (content of namespaces, objects of a CRD, dependents)
is in `cleanup`.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zilliz_local.kube import definition, lifecycle
from zilliz_local.kube.builtin import CRDS, EVENTS, NAMESPACES
from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.conversion import shown, stored
from zilliz_local.kube.decoding import check, decoded
from zilliz_local.kube.options import DeleteOptions, WriteOptions
from zilliz_local.kube.patching import patched
from zilliz_local.kube.record import Body, Record
from zilliz_local.kube.refusal import (
    Cause,
    RefusalError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    method_not_allowed,
    not_found,
    terminating,
)
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.store import Store
from zilliz_local.kube.validation import show

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
EVENT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """The object after a write. `gone`: the write removed it. `deleted`: and a DELETE did so at once."""

    record: Record
    warnings: tuple[str, ...] = ()
    gone: bool = False


class Writer:
    """Changes objects by the rules of the API. `removed` is told of every object that is really gone."""

    def __init__(self, store: Store, catalog: Catalog, clock: Callable[[], str]) -> None:
        self._store, self._catalog, self._clock = store, catalog, clock
        self.removed: Callable[[Resource, Record], None] = lambda _resource, _record: None
        self.doomed: Callable[[Resource, Record], None] = lambda _resource, _record: None

    def create(self, resource: Resource, namespace: str, body: Any, options: WriteOptions) -> Written:
        if resource.terminating:
            raise method_not_allowed("create not allowed while custom resource definition is terminating")
        made = decoded(resource, body, options.directive)
        meta = made.body["metadata"]
        self._place(resource, namespace, meta)
        if meta.get("resourceVersion"):
            raise RefusalError(500, "", "resourceVersion should not be set on objects to be created")
        if meta.get("generateName") and not meta.get("name"):
            meta["name"] = meta["generateName"] + "".join(secrets.choice(SUFFIX) for _ in range(5))
        name = str(meta.get("name") or "")
        self._check_namespace(resource, namespace, name)
        after = lifecycle.born(resource, made.body, str(uuid.uuid4()), self._clock())
        after = self._settled(resource, after, None, options)
        if self._store.get(resource.key, namespace, name):
            raise already_exists(resource.group, resource.plural, name)
        warnings = tuple(made.warnings)
        if options.dry_run:
            return Written(Record(after, self._store.version), warnings)
        record = self._store.put(resource.key, stored(resource, after))
        self._after_write(resource)
        return Written(record, warnings)

    def update(
        self, resource: Resource, namespace: str, name: str, subresource: str, body: Any, options: WriteOptions
    ) -> Written:
        made = decoded(resource, body, options.directive)
        old = self._existing(resource, namespace, name)
        if resource.custom and not made.body["metadata"].get("resourceVersion"):
            cause = Cause(
                "metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update"
            )
            raise invalid(resource.group, resource.kind, name, [cause])
        return self._change(resource, old, made.body, subresource, options, tuple(made.warnings))

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        subresource: str,
        kind: str,
        patch: Any,
        options: WriteOptions,
    ) -> Written:
        old = self._existing(resource, namespace, name)
        base = Record(shown(resource, old), old.version).fresh()
        wanted = patched(kind, base, patch)

        def refuse(words: str) -> RefusalError:
            return invalid(
                "", "", "", [Cause("patch", "FieldValueInvalid", f"Invalid value: {show(show(wanted))}: {words}")]
            )

        made = decoded(resource, Record(wanted, 0).fresh(), options.directive, refuse)
        return self._change(resource, old, made.body, subresource, options, tuple(made.warnings))

    def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Written:
        old = self._existing(resource, namespace, name)
        self._check_preconditions(resource, old, options)
        if options.dry_run:
            return Written(old, gone=True)
        if options.orphan:
            self._orphan(old)
        held = lifecycle.held(resource, old.body)
        if not held:
            return Written(self._remove(resource, old), gone=True)
        if "deletionTimestamp" in old.meta:
            self.doomed(resource, old)
            return Written(old)
        record = self._store.put(resource.key, lifecycle.dying(resource, old.body, self._clock()))
        self._after_write(resource)
        self.doomed(resource, record)
        return Written(record)

    def release(self, resource: Resource, record: Record) -> Written:
        """Take the server's own finalizer off a namespace or CRD whose content is gone."""
        body = record.fresh()
        if resource.key == NAMESPACES:
            body["spec"]["finalizers"] = []
        else:
            kept = [one for one in body["metadata"].get("finalizers", ()) if one != definition.CLEANUP]
            body["metadata"]["finalizers"] = kept
        if lifecycle.held(resource, body):
            return Written(self._store.put(resource.key, body))
        return Written(self._remove(resource, Record(body, record.version)), gone=True)

    def _change(
        self,
        resource: Resource,
        old: Record,
        wanted: Body,
        subresource: str,
        options: WriteOptions,
        warnings: tuple[str, ...],
    ) -> Written:
        """What PUT and PATCH have in common, after the wanted object is known."""
        before, meta = shown(resource, old), wanted["metadata"]
        self._check_identity(resource, old, meta)
        after = lifecycle.changed(resource, before, wanted, subresource)
        after = self._settled(resource, after, before, options)
        if _same(after, before):
            return Written(old, warnings)
        if options.dry_run:
            return Written(Record(stored(resource, after), old.version), warnings)
        after = stored(resource, after)
        if "deletionTimestamp" in after["metadata"] and not lifecycle.held(resource, after):
            return Written(self._remove(resource, Record(after, old.version)), warnings, gone=True)
        record = self._store.put(resource.key, after)
        self._after_write(resource)
        return Written(record, warnings)

    def _settled(self, resource: Resource, after: Body, before: Body | None, options: WriteOptions) -> Body:
        """Default what the server took away (a status), complete a CRD, and judge the outcome."""
        more = lifecycle.change_problems(resource, before, after) if before else []
        if resource.key == CRDS:
            definition.completed(after)
            more += definition.problems(after)
            check(resource, after, more)
            after["status"] = definition.status_of(after, before, self._clock())
            if before is None:
                after["metadata"]["finalizers"] = [*after["metadata"].get("finalizers", ()), definition.CLEANUP]
            return after
        after = decoded(resource, Record(after, 0).fresh(), "Ignore").body
        check(resource, after, more)
        return after

    def _existing(self, resource: Resource, namespace: str, name: str) -> Record:
        record = self._store.get(resource.key, namespace, name)
        if record is None:
            raise not_found(resource.group, resource.plural, name)
        return record

    def _place(self, resource: Resource, namespace: str, meta: Body) -> None:
        if meta.get("namespace", namespace) != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if resource.namespaced:
            meta["namespace"] = namespace

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced:
            return
        home = self._store.get(NAMESPACES, "", namespace)
        if home is None:
            raise not_found("", "namespaces", namespace)
        if "deletionTimestamp" in home.meta:
            raise terminating(resource.group, resource.plural, name, namespace)

    def _check_identity(self, resource: Resource, old: Record, meta: Body) -> None:
        name, group, plural = old.name, resource.group, resource.plural
        if meta.get("name") != name:
            words = f"the name of the object ({meta.get('name')}) does not match the name on the URL ({name})"
            raise bad_request(words)
        if meta.get("namespace", old.namespace) != old.namespace:
            words = f"the namespace of the object ({meta['namespace']}) does not match the namespace on the request"
            raise bad_request(f"{words} ({old.namespace})")
        given = meta.get("resourceVersion")
        if given and given != str(old.version):
            raise conflict(group, plural, name)
        uid = meta.get("uid")
        if uid and uid != old.meta["uid"]:
            words = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.meta['uid']}"
            raise conflict(group, plural, name, words)

    def _check_preconditions(self, resource: Resource, old: Record, options: DeleteOptions) -> None:
        uid, version = old.meta["uid"], str(old.version)
        if options.uid and options.uid != uid:
            words = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {uid}"
            raise conflict(resource.group, resource.plural, old.name, words)
        if options.version and options.version != version:
            words = "Precondition failed: ResourceVersion in precondition: "
            words += f"{options.version}, ResourceVersion in object meta: {version}"
            raise conflict(resource.group, resource.plural, old.name, words)

    def _orphan(self, owner: Record) -> None:
        for key, record in self._store.dependents(owner.meta["uid"]):
            body = record.fresh()
            kept = [one for one in body["metadata"]["ownerReferences"] if one.get("uid") != owner.meta["uid"]]
            body["metadata"]["ownerReferences"] = kept
            self._store.put(key, body)

    def _remove(self, resource: Resource, last: Record) -> Record:
        record = self._store.remove(resource.key, last.namespace, last.name, last.fresh())
        self._after_write(resource)
        self.removed(resource, record)
        return record

    def _after_write(self, resource: Resource) -> None:
        if resource.key == CRDS:
            self._catalog.refresh()
        elif resource.key == EVENTS and len(self._store.shelf(EVENTS).records) > EVENT_LIMIT:
            oldest = self._store.oldest(EVENTS)
            if oldest is not None:
                self._store.remove(EVENTS, oldest.namespace, oldest.name, oldest.fresh())


def _same(left: Body, right: Body) -> bool:
    """Is it a write without effect? A version in the body is no change."""
    return {**left, "metadata": {**left["metadata"], "resourceVersion": ""}} == {
        **right,
        "metadata": {**right["metadata"], "resourceVersion": ""},
    }
