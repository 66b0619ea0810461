"""Raw objects and their keys. Everything is read leniently, since people can edit every part of an object."""

from __future__ import annotations

from typing import Any, NamedTuple

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.core.read_status import NOTHING_KNOWN, Known, read_status

Body = dict[str, Any]

FINALIZER = f"{GROUP}/cleanup"
CANCEL = f"{GROUP}/cancel-requested"
RETRY = f"{GROUP}/retry-requested"
RESOLVE = f"{GROUP}/resolve-submission"
ANNOTATION_MARKS = ("argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name")


_READ = frozenset({CANCEL, RETRY, RESOLVE, *ANNOTATION_MARKS})
"""The annotations that the operator reads. All others can be of any size, and are not kept."""


AskedElsewhere = tuple[str | None, str | None]
"""The tokens of cancel and retry that people put on the job's ProjectJob and that were not answered yet."""


class Key(NamedTuple):
    """Names one object: what the queue and the tables go by."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def key_of(body: Body) -> Key:
    """The key of an object that has a kind, a namespace and a name."""
    meta = body["metadata"]
    return Key(body["kind"], meta["namespace"], meta["name"])


def stub(key: Key, uid: str | None) -> Body:
    """An object without spec and status, for one of which only key and uid are known."""
    return {"kind": key.kind, "metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}}


def connection_key(body: Body) -> Key:
    """The ZillizConnection that the object's spec refers to; the one named `default` where it names none."""
    spec = body.get("spec")
    ref = spec.get("connectionRef") if isinstance(spec, dict) else None
    name = ref.get("name") if isinstance(ref, dict) else None
    return Key("ZillizConnection", body["metadata"]["namespace"], str(name or "default"))


def raw_status(body: Body) -> Body:
    """The status as it is stored; empty where there is none, or where it is no object."""
    raw = body.get("status")
    return raw if isinstance(raw, dict) else {}


def status_of(body: Body, known: Known = NOTHING_KNOWN) -> JobStatus:
    """The status, read leniently. Raises RecordError where its record of what was sent cannot be relied on; `known`:
    see `read_status`."""
    return read_status(raw_status(body), known)


def slim(body: Body) -> Body:
    """The body without what the operator never reads; it is kept for every unfinished object."""
    meta = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    meta["annotations"] = {k: v for k, v in (meta.get("annotations") or {}).items() if k in _READ}
    return {**body, "metadata": meta}
