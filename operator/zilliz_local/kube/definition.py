"""A CustomResourceDefinition: is it acceptable, what does the server add to it, which resources does it serve? Pure.

`catalog` keeps the resources; `writer` stores the definition itself like any other object.
"""

import re
from collections.abc import Iterator

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause
from zilliz_local.kube.resource import Column, Resource
from zilliz_local.kube.schema import compile_schema
from zilliz_local.kube.validation import show, wrong

NAME_WORDS = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may "
    "allow a client to request the generation of an appropriate name automatically. Name is primarily intended for "
    "creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
AGE_WORDS = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
    "guaranteed to be set in happens-before order across separate operations. Clients may not set "
    "this value. It is represented in RFC3339 form and is in UTC."
)
NAME = Column("Name", format="name", description=NAME_WORDS)
AGE = Column("Age", type="date", path=".metadata.creationTimestamp", description=AGE_WORDS)


def completed(body: Body) -> None:
    """Fill in the names and flags that the server defaults. Changes the body."""
    spec = body.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})
    if not spec.get("preserveUnknownFields"):
        spec.pop("preserveUnknownFields", None)


def problems(body: Body) -> Iterator[Cause]:
    """What makes the definition invalid, as far as users run into it."""
    spec, name = body.get("spec") or {}, body["metadata"].get("name", "")
    names, versions = spec.get("names") or {}, spec.get("versions") or []
    for field in ("group", "scope"):
        if not spec.get(field):
            yield Cause(f"spec.{field}", "FieldValueRequired", "Required value")
    for field in ("plural", "kind"):
        if not names.get(field):
            yield Cause(f"spec.names.{field}", "FieldValueRequired", "Required value")
    expected = f"{names.get('plural')}.{spec.get('group')}"
    if name != expected:
        yield wrong("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if spec.get("scope") not in ("Namespaced", "Cluster", None):
        words = f'Unsupported value: {show(spec["scope"])}: supported values: "Cluster", "Namespaced"'
        yield Cause("spec.scope", "FieldValueNotSupported", words)
    stored = [version.get("name") for version in versions if version.get("storage")]
    if len(stored) != 1:
        yield wrong("spec.versions", versions, "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        where = f"spec.versions[{index}].schema" if len(versions) > 1 else "spec.validation"
        yield from _schema_problems(version, f"{where}.openAPIV3Schema")


def _schema_problems(version: Body, path: str) -> Iterator[Cause]:
    raw = (version.get("schema") or {}).get("openAPIV3Schema")
    if not raw:
        yield Cause(path, "FieldValueRequired", "Required value: schemas are required")
        return
    if raw.get("type") != "object":
        yield wrong(f"{path}.type", raw.get("type", ""), "must be object at the root")
    yield from _node_problems(raw, path, root=True)


def _node_problems(raw: Body, path: str, *, root: bool = False) -> Iterator[Cause]:
    """The rules of structural schemas that generators break."""
    free = raw.get("x-kubernetes-preserve-unknown-fields") or raw.get("x-kubernetes-int-or-string")
    if not raw.get("type") and not free:
        yield Cause(
            f"{path}.type", "FieldValueRequired", "Required value: must not be empty for specified object fields"
        )
    if "$ref" in raw:
        yield Cause(f"{path}.$ref", "FieldValueForbidden", "Forbidden: $ref is not supported")
    if raw.get("uniqueItems"):
        words = "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield Cause(f"{path}.uniqueItems", "FieldValueForbidden", words)
    extra = raw.get("additionalProperties")
    if raw.get("properties") and extra not in (None, True):
        words = "Forbidden: additionalProperties and properties are mutual exclusive"
        yield Cause(f"{path}.additionalProperties", "FieldValueForbidden", words)
    if extra is False:
        words = "Forbidden: additionalProperties cannot be set to false"
        yield Cause(f"{path}.additionalProperties", "FieldValueForbidden", words)
    if raw.get("type") == "array" and not raw.get("items"):
        yield Cause(f"{path}.items", "FieldValueRequired", "Required value: must be specified")
    if raw.get("pattern"):
        try:
            re.compile(raw["pattern"])
        except re.error as error:
            yield wrong(f"{path}.pattern", raw["pattern"], f"must be a valid regular expression, but isn't: {error}")
    for name, child in (raw.get("properties") or {}).items():
        if not (root and name == "metadata"):
            yield from _node_problems(child, f"{path}.properties[{name}]")
    if isinstance(extra, dict) and extra:
        yield from _node_problems(extra, f"{path}.additionalProperties")
    if raw.get("items"):
        yield from _node_problems(raw["items"], f"{path}.items")


def status_of(body: Body, old: Body | None, now: str) -> Body:
    """The status the real controllers would write: names accepted, established."""
    spec, before = body["spec"], (old or {}).get("status") or {}
    known = {condition["type"]: condition for condition in before.get("conditions", ())}
    conditions = [
        known.get(kind)
        or {"type": kind, "status": "True", "reason": reason, "message": words, "lastTransitionTime": now}
        for kind, reason, words in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    stored = list(before.get("storedVersions") or ())
    return {
        "conditions": conditions,
        "acceptedNames": spec["names"],
        "storedVersions": stored if storage in stored else [*stored, storage],
    }


def resources_of(body: Body) -> list[Resource]:
    """The served versions of a definition, in its order."""
    spec, names = body["spec"], body["spec"]["names"]
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    return [
        Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            singular=names["singular"],
            list_kind=names["listKind"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            has_status=(version.get("subresources") or {}).get("status") is not None,
            custom=True,
            storage_version=storage,
            raw_schema=version["schema"]["openAPIV3Schema"],
            schema=compile_schema(version["schema"]["openAPIV3Schema"]),
            columns=_columns(version.get("additionalPrinterColumns")),
            selectable=tuple(one["jsonPath"].lstrip(".") for one in version.get("selectableFields") or ()),
            terminating="deletionTimestamp" in body["metadata"],
            deprecation=_deprecation(version, spec["group"], names["kind"]),
        )
        for version in spec["versions"]
        if version.get("served")
    ]


def _deprecation(version: Body, group: str, kind: str) -> str:
    if not version.get("deprecated"):
        return ""
    return str(version.get("deprecationWarning") or f"{group}/{version['name']} {kind} is deprecated")


def _columns(raw: list[Body] | None) -> tuple[Column, ...]:
    if raw is None:
        return (NAME, AGE)
    return (
        NAME,
        *(
            Column(
                name=column["name"],
                type=column["type"],
                path=column["jsonPath"],
                description=column.get("description")
                or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}",
                format=column.get("format", ""),
                priority=column.get("priority", 0),
            )
            for column in raw
        ),
    )
