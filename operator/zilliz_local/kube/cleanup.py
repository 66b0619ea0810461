"""What follows a deletion: the content of a namespace, the objects of a CRD, the dependents of an owner;
and what follows a change of a CRD.

The small controllers of this API. They run inside the write that causes them, so that a test needs no
waiting; objects with finalizers keep their namespace or CRD until the last of them is gone.
"""

from collections.abc import Iterator

from zilliz_local.kube.builtin import CRDS, JOBS, NAMESPACES
from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.decoding import decoded
from zilliz_local.kube.lifecycle import FOREGROUND
from zilliz_local.kube.options import DeleteOptions
from zilliz_local.kube.record import Record
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.route import Route
from zilliz_local.kube.store import Key, Store
from zilliz_local.kube.writer import Writer


class Cleanup:
    """Hooks itself into the writer."""

    def __init__(self, store: Store, catalog: Catalog, writer: Writer) -> None:
        self._store, self._catalog, self._writer = store, catalog, writer
        writer.doomed = self._doomed
        writer.removed = self._removed
        writer.redefined = self._redefined

    def _doomed(self, resource: Resource, record: Record) -> None:
        """A namespace or CRD began to die: delete what it holds; or an owner whose dependents go first: delete
        those."""
        if FOREGROUND in (record.meta.get("finalizers") or ()):
            self._delete_dependents(record)
            self._release_owner(resource, record)
        if resource.key not in (NAMESPACES, CRDS):
            return
        for content, one in list(self._content(resource, record)):
            if self._store.get(content.key, one.namespace, one.name) and "deletionTimestamp" not in one.meta:
                self._writer.delete(Route(content, one.namespace, one.name), DeleteOptions())
        self._release(resource, record.name)

    def _removed(self, resource: Resource, record: Record) -> None:
        """An object is gone: so are its dependents, and perhaps it was the last of something."""
        self._delete_dependents(record, orphans_only=True)
        for owner in record.meta.get("ownerReferences") or ():
            held = self._store.get(JOBS, record.namespace, owner["name"])
            if held is not None and held.meta["uid"] == owner["uid"]:
                self._release_owner(self._known(JOBS), held)
        if resource.namespaced:
            self._release(self._known(NAMESPACES), record.namespace)
        if resource.custom:
            self._release(self._known(CRDS), resource.name)

    def _delete_dependents(self, record: Record, *, orphans_only: bool = False) -> None:
        for key, dependent in self._store.dependents(record.meta["uid"]):
            owned = self._catalog.by_key(key)
            living = any(self._store.alive(owner["uid"]) for owner in dependent.meta["ownerReferences"])
            if owned and not (living and orphans_only) and "deletionTimestamp" not in dependent.meta:
                self._writer.delete(Route(owned, dependent.namespace, dependent.name), DeleteOptions(unsaid=False))

    def _release_owner(self, resource: Resource, record: Record) -> None:
        now = self._store.get(resource.key, record.namespace, record.name)
        if now is None or FOREGROUND not in (now.meta.get("finalizers") or ()):
            return
        if not self._store.dependents(record.meta["uid"]):
            self._writer.release(resource, now)

    def _redefined(self) -> None:
        """A definition changed: show the objects as its schema prunes and defaults them now."""
        for resource in self._catalog.stored():
            for record in self._store.records(resource.key):
                body = decoded(resource, record.fresh(), "Ignore").body
                if body != record.body:
                    self._store.swap(resource.key, record, body)

    def _release(self, resource: Resource, name: str) -> None:
        record = self._store.get(resource.key, "", name)
        if record is None or "deletionTimestamp" not in record.meta:
            return
        if not any(True for _ in self._content(resource, record)):
            self._writer.release(resource, record)

    def _content(self, resource: Resource, record: Record) -> Iterator[tuple[Resource, Record]]:
        if resource.key == CRDS:
            held = self._catalog.named(record.name)
            if held is not None:
                yield from ((held, one) for one in self._store.records(held.key))
            return
        for key in self._catalog.namespaced_keys():
            content = self._catalog.by_key(key)
            if content is not None:
                yield from ((content, one) for one in self._store.records(key, record.name))

    def _known(self, key: Key) -> Resource:
        resource = self._catalog.by_key(key)
        if resource is None:
            raise LookupError(f"cannot find the built-in resource {key}")
        return resource
