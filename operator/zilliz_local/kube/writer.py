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
from zilliz_local.kube.builtin import CRDS, EVENTS, JOBS, NAMESPACES, PODS
from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.conversion import shown, stored
from zilliz_local.kube.decoding import Decoded, check, decoded, tidy
from zilliz_local.kube.identity import (
    OTHER_NAMESPACE,
    check_identity,
    check_preconditions,
    check_replaced,
    check_version_given,
    moved,
)
from zilliz_local.kube.naming import finalizer_warnings
from zilliz_local.kube.options import DeleteOptions, WriteOptions
from zilliz_local.kube.patching import patched
from zilliz_local.kube.record import Body, Record
from zilliz_local.kube.refusal import (
    Cause,
    RefusalError,
    already_exists,
    bad_request,
    invalid,
    method_not_allowed,
    not_found,
    terminating,
)
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.route import Route
from zilliz_local.kube.store import Store
from zilliz_local.kube.validation import show

SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
EVENT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """The object after a write, which may have made it, or removed it."""

    record: Record
    warnings: tuple[str, ...] = ()
    gone: bool = False
    made: bool = False


class Writer:
    """Changes objects by the rules of the API. `removed` is told of every object that is really gone."""

    def __init__(self, store: Store, catalog: Catalog, clock: Callable[[], str]) -> None:
        self._store, self._catalog, self._clock = store, catalog, clock
        self.removed: Callable[[Resource, Record], None] = lambda _resource, _record: None
        self.redefined: Callable[[], None] = lambda: None
        self.doomed: Callable[[Resource, Record], None] = lambda _resource, _record: None

    def create(self, route: Route, body: Any, options: WriteOptions) -> Written:
        resource, namespace = route.resource, route.namespace
        if resource.terminating:
            raise method_not_allowed("create not allowed while custom resource definition is terminating")
        made = decoded(resource, body, options.directive)
        meta = made.body["metadata"]
        if meta.get("namespace", namespace) != namespace:
            raise bad_request(OTHER_NAMESPACE)
        if resource.namespaced:
            meta["namespace"] = namespace
        if meta.get("resourceVersion"):
            raise RefusalError(500, "", "resourceVersion should not be set on objects to be created")
        if meta.get("generateName") and not meta.get("name"):
            meta["name"] = meta["generateName"] + "".join(secrets.choice(SUFFIX) for _ in range(5))
        name = str(meta.get("name") or "")
        self._check_namespace(resource, namespace, name)
        after = lifecycle.born(resource, made.body, str(uuid.uuid4()), self._clock())
        after = self._settled(resource, after, None)
        if self._store.get(resource.key, namespace, name):
            raise already_exists(resource.group, resource.plural, name)
        warnings = (*made.warnings, *finalizer_warnings(meta))
        if options.dry_run:
            return Written(Record(after, self._store.version), warnings, made=True)
        record = self._store.put(resource.key, stored(resource, after))
        self._after_write(resource)
        return Written(record, warnings, made=True)

    def update(self, route: Route, body: Any, options: WriteOptions) -> Written:
        resource = route.resource
        made = decoded(resource, body, options.directive)
        old = self._store.get(resource.key, route.namespace, route.name)
        if old is None and resource.made_by_update:
            return self.create(route, body, options)
        old = old or self._existing(route)
        check_version_given(resource, route.name, made.body["metadata"])
        check_replaced(resource, old, made.body["metadata"])
        return self._change(route, old, made, options)

    def patch(self, route: Route, kind: str, patch: Any, options: WriteOptions) -> Written:
        resource, old = route.resource, self._existing(route)
        wanted = patched(kind, Record(shown(resource, old), old.version).fresh(), patch)

        def refuse(words: str) -> RefusalError:
            cause = Cause("patch", "FieldValueInvalid", f"Invalid value: {show(show(wanted))}: {words}")
            return invalid("", "", "", [cause])

        made = decoded(resource, Record(wanted, 0).fresh(), options.directive, refuse)
        return self._change(route, old, made, options)

    def delete(self, route: Route, options: DeleteOptions) -> Written:
        resource, old = route.resource, self._existing(route)
        check_preconditions(resource, old, options)
        if options.dry_run:
            return Written(old, gone=True)
        if options.orphan or (options.unsaid and resource.key == JOBS):  # the default of a Job (batch/v1)
            self._orphan(old)
        last = lifecycle.doomed(resource, old.body)
        if options.foreground and self._store.dependents(old.meta["uid"]) and "deletionTimestamp" not in old.meta:
            last = lifecycle.awaiting(last)
        waits = not options.at_once and lifecycle.winds_up(resource, last)
        forced = options.at_once and resource.key == PODS
        if not waits and (forced or not lifecycle.held(resource, last)):
            return Written(self._remove(resource, old), gone=True)
        record = old
        if "deletionTimestamp" not in old.meta:
            record = self._store.put(resource.key, lifecycle.dying(resource, last, self._clock()))
            self._after_write(resource)
        self.doomed(resource, record)
        return Written(record)

    def release(self, resource: Resource, record: Record) -> Written:
        """Take the server's own finalizer off a namespace or CRD whose content is gone, or off an owner whose
        dependents are."""
        body = record.fresh()
        if resource.key == NAMESPACES:
            body["spec"]["finalizers"] = []
        else:
            own = (lifecycle.CLEANUP, lifecycle.FOREGROUND)
            kept = [one for one in body["metadata"].get("finalizers", ()) if one not in own]
            body["metadata"]["finalizers"] = kept
        if lifecycle.held(resource, body):
            return Written(self._store.put(resource.key, body))
        return Written(self._remove(resource, Record(body, record.version)), gone=True)

    def _change(self, route: Route, old: Record, made: Decoded, options: WriteOptions) -> Written:
        """What PUT and PATCH have in common, after the wanted object is known."""
        resource, before = route.resource, shown(route.resource, old)
        check_identity(resource, old, made.body["metadata"])
        after = lifecycle.changed(resource, before, made.body, route.subresource)
        more = lifecycle.change_problems(resource, before, after)
        if not route.subresource:
            more += moved(before["metadata"], made.body["metadata"])
        after = self._settled(resource, after, before, more, route.subresource)
        warnings = tuple(made.warnings)
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

    def _settled(
        self,
        resource: Resource,
        after: Body,
        before: Body | None,
        more: list[Cause] | None = None,
        subresource: str = "",
    ) -> Body:
        """Default what the server took away (a status), complete a CRD, and judge the outcome."""
        if resource.key == CRDS:
            definition.completed(after)
            check(resource, after, [*(more or ()), *definition.problems(after)])
            after["status"] = definition.status_of(after, before, self._clock())
            return after
        after = decoded(resource, Record(after, 0).fresh(), "Ignore").body
        check(resource, after, more or [], subresource)
        return after

    def _existing(self, route: Route) -> Record:
        record = self._store.get(route.resource.key, route.namespace, route.name)
        if record is None or not route.served:
            raise not_found(route.resource.group, route.resource.plural, route.name)
        return record

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced:
            return
        home = self._store.get(NAMESPACES, "", namespace)
        if home is None:
            raise not_found("", "namespaces", namespace)
        if "deletionTimestamp" in home.meta:
            raise terminating(resource.group, resource.plural, name, namespace)

    def _orphan(self, owner: Record) -> None:
        for key, record in self._store.dependents(owner.meta["uid"]):
            body = record.fresh()
            kept = [one for one in body["metadata"]["ownerReferences"] if one.get("uid") != owner.meta["uid"]]
            body["metadata"]["ownerReferences"] = kept
            body["metadata"] = tidy(body["metadata"])
            self._store.put(key, body)

    def _remove(self, resource: Resource, last: Record) -> Record:
        record = self._store.remove(resource.key, last.namespace, last.name, last.fresh())
        self._after_write(resource)
        self.removed(resource, record)
        return record

    def _after_write(self, resource: Resource) -> None:
        if resource.key == CRDS:
            self._catalog.refresh()
            self.redefined()
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
