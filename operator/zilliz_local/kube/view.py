"""How one watch sees changes: its selectors decide what is added, modified or deleted for it. Pure.

The bytes of a watch without a special form are the records' own JSON, so that a change costs little per watcher.
"""

from dataclasses import dataclass
from datetime import datetime

from zilliz_local.kube.accept import Form
from zilliz_local.kube.conversion import shown, shown_raw
from zilliz_local.kube.record import Body, Change, Record, encode
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.selectors import Selection
from zilliz_local.kube.table import partial, table


@dataclass(frozen=True, slots=True)
class View:
    """How one watch sees changes."""

    resource: Resource
    selection: Selection
    form: Form
    include: str

    def line(self, change: Change, now: datetime, *, head: bool = False) -> bytes:
        """The change as this watch sends it; empty when it concerns none of its objects."""
        fits = self.selection.fits(shown(self.resource, change.record))
        did = change.previous is not None and self.selection.fits(shown(self.resource, change.previous))
        if change.type == "DELETED":
            return self.event("DELETED", change.record, now, head=head) if did else b""
        if fits:
            return self.event("MODIFIED" if did else "ADDED", change.record, now, head=head)
        if did and change.previous is not None:
            left = change.previous.fresh()
            left["metadata"]["resourceVersion"] = str(change.record.version)
            return self.event("DELETED", Record(left, change.record.version), now, head=head)
        return b""

    def event(self, kind: str, record: Record, now: datetime, *, head: bool = False) -> bytes:
        if self.form.shape == "Table":
            meta = {"resourceVersion": str(record.version)}
            raw = encode(table(self.resource, [shown(self.resource, record)], meta, self.include, now, head=head))
        elif self.form.shape:
            raw = encode(partial(shown(self.resource, record)))
        else:
            raw = shown_raw(self.resource, record)
        return b'{"type":"' + kind.encode() + b'","object":' + raw + b"}\n"

    def bookmark(self, version: int, *, initial: bool = False) -> bytes:
        meta: Body = {"resourceVersion": str(version)}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        body: Body = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": meta}
        if self.form.shape == "Table":
            body = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": None}
            body["rows"] = []
        elif self.form.shape:
            body |= {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        return encode({"type": "BOOKMARK", "object": body}) + b"\n"
