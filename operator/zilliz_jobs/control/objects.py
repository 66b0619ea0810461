"""Raw objects and their keys. Read leniently, for people can edit everything."""

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
"""The annotations that mean something here. All else can be of any size, and is not kept."""


AskedElsewhere = tuple[str | None, str | None]
"""The tokens of cancel and retry that the job's row in a JobCenter has and that were not judged yet."""


class Key(NamedTuple):
    """One object of one kind."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def key_of(body: Body) -> Key:
    meta = body["metadata"]
    return Key(body["kind"], meta["namespace"], meta["name"])


def stub(key: Key, uid: str | None) -> Body:
    """What is left to say of an object of which nothing is kept."""
    return {"kind": key.kind, "metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}}


def connection_key(body: Body) -> Key:
    spec = body.get("spec")
    ref = spec.get("connectionRef") if isinstance(spec, dict) else None
    name = ref.get("name") if isinstance(ref, dict) else None
    return Key("ZillizConnection", body["metadata"]["namespace"], str(name or "default"))


def raw_status(body: Body) -> Body:
    """The status as it is stored; empty for what is no status."""
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
