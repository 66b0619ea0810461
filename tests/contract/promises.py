"""What an API server answers to one request, as the operator relies on it.

`table.py` puts all parts together and writes the page that shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.client import JSON_PATCH, MERGE, STRATEGIC
from tests.contract.widget import widget

PAGE = Path(__file__).with_name("README.md")
JSON = "application/json"
WIDGETS = "/apis/contract.test/v1/namespaces/<ns>/widgets"
ONE, STATUS = f"{WIDGETS}/one", f"{WIDGETS}/one/status"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/<ns>/leases"
CORE = "/api/v1/namespaces/<ns>"
VERSION = "<version>"
"""In a body: the version of the first object that was made beforehand. `<ns>`: the namespace."""


@dataclass(frozen=True)
class Ask:
    method: str
    path: str
    body: Any = None
    kind: str = JSON
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Promise:
    """`ask` is answered with `status`. `says`: parts of the body, by their path; a text is looked for in the text
    there. `error`: what the operator's client makes of it. `relies`: who of the operator would do harm otherwise."""

    name: str
    ask: Ask
    status: int
    says: Mapping[str, Any]
    error: str
    relies: str
    given: tuple[Ask, ...] = ()
    stays: bool = False
    """Whether the widget `one` must be as it was before."""


def made(**spec: Any) -> Ask:
    return Ask("POST", WIDGETS, widget(**spec))


def merge(path: str, change: Any, **query: str) -> Ask:
    return Ask("PATCH", path, change, MERGE, query)


def put(path: str, **meta: str) -> Ask:
    return Ask("PUT", path, widget(meta=meta, size=6))


SIZED = merge(ONE, {"spec": {"size": 5}})
CONFLICT = "the object has been modified; please apply your changes to the latest version and try again"
OF_ONE = {"details.name": "one", "details.group": "contract.test", "details.kind": "widgets"}
ABSENT = {"reason": "NotFound", "message": 'widgets.contract.test "one" not found', **OF_ONE}
ANOTHER = "0f0f0f0f-0000-4000-8000-000000000000"
STALE = {"reason": "Conflict", "message": f'Operation cannot be fulfilled on widgets.contract.test "one": {CONFLICT}'}

STATUSES = "kube/status.py: an intent is stored on condition"
OBJECTS = "kube/objects.py: manifests are applied"
READ = "kube/objects.py: what is not there is gone"
HANDLES = "kube/status.py: a handle is stored by a JSON patch"
ELECTION = "kube/leases.py: one leads"
EVENTS = "kube/events.py: an event is posted"
SECRETS = "kube/secrets.py: a generated password is kept"
USERS = "users: what a manifest may say"


def existence() -> Iterator[Promise]:
    exists = {"reason": "AlreadyExists", "message": 'widgets.contract.test "one" already exists', **OF_ONE}
    yield Promise("a second object of a name", made(), 409, exists, "AlreadyExists", OBJECTS, (made(),), stays=True)
    yield Promise("an absent object is read", Ask("GET", ONE), 404, ABSENT, "NotFound", READ)
    yield Promise("an absent object is changed", merge(ONE, {"spec": {"size": 4}}), 404, ABSENT, "NotFound", OBJECTS)
    yield Promise("the status of an absent object", merge(STATUS, {"status": {}}), 404, ABSENT, "NotFound", STATUSES)
    yield Promise("an absent object is deleted", Ask("DELETE", ONE), 404, ABSENT, "NotFound", OBJECTS)
    unknown = WIDGETS.replace("widgets", "nothings")
    yield Promise("a kind that nobody serves", Ask("GET", unknown), 404, {}, "NotServed", READ)
    missing = WIDGETS.replace("<ns>", "missing")
    yield Promise(
        "an object for a namespace that is missing",
        Ask("POST", missing, widget()),
        404,
        {"reason": "NotFound", "message": 'namespaces "missing" not found'},
        "NotFound",
        OBJECTS,
    )
    yield Promise("a list of a namespace that is missing", Ask("GET", missing), 200, {"items": []}, "", READ)
    own = Ask("POST", WIDGETS, widget(meta={"resourceVersion": "5"}))
    says = {"message": "resourceVersion should not be set on objects to be created"}
    yield Promise("an object that brings its own version", own, 500, says, "Unavailable", OBJECTS)


def versions() -> Iterator[Promise]:
    cause = {"details.causes.0.field": "metadata.resourceVersion", "message": "must be specified for an update"}
    yield Promise("a PUT without a version", put(ONE), 422, cause, "Invalid", OBJECTS, (made(),), stays=True)
    old = {"resourceVersion": VERSION}
    for name, path in (("the object", ONE), ("its status", STATUS)):
        yield Promise(
            f"a stale PUT of {name}", put(path, **old), 409, STALE | OF_ONE, "Conflict", STATUSES, (made(), SIZED)
        )
        change = {"metadata": old, "spec": {"size": 6}, "status": {}}
        yield Promise(
            f"a stale patch of {name}",
            merge(path, change),
            409,
            STALE | OF_ONE,
            "Conflict",
            STATUSES,
            (made(), SIZED),
        )
    says = {"reason": "Conflict", "message": "Precondition failed: UID in precondition: 0f0f0f0f"}
    successor = put(ONE, uid=ANOTHER, **old)
    yield Promise(
        "a PUT for one that was made anew", successor, 409, says, "Conflict", STATUSES, (made(),), stays=True
    )
    for what, words in (
        ({"uid": "other"}, "the UID in the precondition (other) does not match the UID in record"),
        ({"resourceVersion": "1"}, "the ResourceVersion in the precondition (1) does not match the ResourceVersion"),
    ):
        gone = Ask("DELETE", ONE, {"preconditions": what})
        says = {"reason": "Conflict", "message": words}
        name = f"a deletion of another {next(iter(what))}"
        yield Promise(name, gone, 409, says, "Conflict", OBJECTS, (made(),), stays=True)


def patches() -> Iterator[Promise]:
    unpatchable = {"reason": "Invalid", "message": "the server rejected our request due to an error in our request"}
    steps: dict[str, Any] = {
        "tests another version": {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        "tests an absent value": {"op": "test", "path": "/spec/nope", "value": 1},
        "removes what is absent": {"op": "remove", "path": "/spec/nope"},
        "adds below what is absent": {"op": "add", "path": "/spec/nope/below", "value": 1},
        "replaces an item too far": {"op": "replace", "path": "/spec/parts/5", "value": {}},
        "has a step that nobody knows": {"op": "paint", "path": "/spec/colour", "value": "blue"},
    }
    given = (made(parts=[{"name": "a"}]),)
    for name, step in steps.items():
        ask = Ask("PATCH", ONE, [{"op": "add", "path": "/spec/size", "value": 9}, step], JSON_PATCH)
        yield Promise(f"a JSON patch that {name}", ask, 422, unpatchable, "Invalid", HANDLES, given, stays=True)
    strategic = Ask("PATCH", ONE, {"spec": {"size": 4}}, STRATEGIC)
    says = {"reason": "UnsupportedMediaType", "message": "the body of the request was in an unknown"}
    yield Promise(
        "a strategic patch of a custom one", strategic, 415, says, "Invalid", OBJECTS, (made(),), stays=True
    )
    bad = {"reason": "BadRequest"}
    for name, body, kind in (("list", [1], MERGE), ("object", {"op": "test"}, JSON_PATCH)):
        ask = Ask("PATCH", ONE, body, kind)
        yield Promise(f"a {name} that is no {kind}", ask, 400, bad, "Invalid", OBJECTS, (made(),), stays=True)
    value = "2020-01-01T00:00:00Z"
    for name in ("uid", "deletionTimestamp"):
        ask = merge(ONE, {"metadata": {name: value}})
        says = {"reason": "Invalid", "message": f'metadata.{name}: Invalid value: "{value}": field is immutable'}
        yield Promise(f"a patch of the {name}", ask, 422, says, "Invalid", OBJECTS, (made(),), stays=True)
    for name in ("name", "namespace"):
        ask = merge(ONE, {"metadata": {name: "two"}})
        yield Promise(f"a patch of the {name}", ask, 400, bad, "Invalid", OBJECTS, (made(),), stays=True)


def core_kinds() -> Iterator[Promise]:
    secrets, maps = f"{CORE}/secrets", f"{CORE}/configmaps"
    odd = Ask("POST", secrets, {"metadata": {"name": "s"}, "data": {"a": "not base64!"}})
    says: dict[str, Any] = {"reason": "BadRequest", "message": "illegal base64 data"}
    yield Promise("a Secret with data that is not base64", odd, 400, says, "Invalid", SECRETS)
    number = Ask("POST", maps, {"metadata": {"name": "c"}, "data": {"a": 1}})
    says = {
        "reason": "BadRequest",
        "message": 'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot',
    }
    yield Promise("a value of the wrong type", number, 400, says, "Invalid", OBJECTS)
    fixed = Ask("POST", maps, {"metadata": {"name": "c"}, "data": {"a": "1"}, "immutable": True})
    says = {"reason": "Invalid", "details.causes.0.field": "data"}
    change = merge(f"{maps}/c", {"data": {"a": "2"}})
    yield Promise("a change of an immutable ConfigMap", change, 422, says, "Invalid", OBJECTS, (fixed,))
    secret = Ask("POST", secrets, {"metadata": {"name": "s"}})
    says = {"reason": "Invalid", "details.causes.0.field": "type"}
    change = merge(f"{secrets}/s", {"type": "other"})
    yield Promise("a change of the type of a Secret", change, 422, says, "Invalid", SECRETS, (secret,))
    absent = Ask("PUT", f"{maps}/new", {"metadata": {"name": "new"}})
    yield Promise("a PUT of an absent ConfigMap", absent, 404, {"reason": "NotFound"}, "NotFound", OBJECTS)
    lease = Ask("PUT", f"{LEASES}/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}})
    yield Promise("a PUT makes a Lease", lease, 201, {"spec.holderIdentity": "me"}, "", ELECTION)
    begun = Ask("POST", LEASES, lease.body)
    says = {"reason": "AlreadyExists"}
    yield Promise("a second Lease of a name", begun, 409, says, "AlreadyExists", ELECTION, (begun,))
    yield Promise(
        "a PUT of a Lease without a version", lease, 422, {"reason": "Invalid"}, "Invalid", ELECTION, (begun,)
    )
    for time in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z", "yesterday"):
        says = {"reason": "BadRequest", "message": f'parsing time "{time}" as'}
        renewed = Ask("POST", LEASES, {"metadata": {"name": "l"}, "spec": {"renewTime": time}})
        yield Promise(f"a Lease renewed {time}", renewed, 400, says, "Invalid", ELECTION)
        event = {"metadata": {"name": "e"}, "involvedObject": {"namespace": "<ns>"}, "eventTime": time}
        posted = Ask("POST", f"{CORE}/events", event)
        yield Promise(f"an Event of {time}", posted, 400, {"reason": "BadRequest"}, "Invalid", EVENTS)
    event = {"metadata": {"name": "e"}, "involvedObject": {"name": "one", "namespace": "default"}}
    says = {"reason": "Invalid", "details.causes.0.field": "involvedObject.namespace"}
    elsewhere = Ask("POST", f"{CORE}/events", event)
    yield Promise("an Event about another namespace", elsewhere, 422, says, "Invalid", EVENTS)


def lists() -> Iterator[Promise]:
    for name, query, words in (
        ("a field that cannot be selected", {"fieldSelector": "spec.size=3"}, "field label not supported: spec.size"),
        ("a label selector that is none", {"labelSelector": "a===b"}, ""),
        ("a limit that is no number", {"limit": "many"}, ""),
        ("a continue token that is none", {"limit": "2", "continue": "junk"}, ""),
    ):
        says = {"reason": "BadRequest", "message": words}
        yield Promise(
            name, Ask("GET", WIDGETS, query=query), 400, says, "Invalid", "kube/objects.py: lists in chunks"
        )
    future = Ask("GET", WIDGETS, query={"resourceVersion": "999999999"})
    says = {"reason": "Timeout", "message": "Too large resource version"}
    yield Promise(
        "a version of the future", future, 504, says, "Unavailable", "control/watches.py: a history that went back"
    )
