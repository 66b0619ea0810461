"""What names, labels and annotations may look like, and what of `metadata` is kept at all. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause, RefusalError
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.schema import compile_schema
from zilliz_local.kube.validation import validate, wrong

SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
WORD = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
ANNOTATION_LIMIT = 256 * 1024

TEXT: Body = {"type": "string"}
MAP: Body = {"type": "object", "additionalProperties": TEXT}
TIMES: Body = {"type": "string", "nullable": True}
OBJECT_META: Body = {
    "type": "object",
    "description": "ObjectMeta is metadata that all persisted resources must have.",
    "properties": {
        "annotations": {**MAP, "nullable": True, "description": "Free text by key, for tools and people."},
        "creationTimestamp": {**TIMES, "description": "When the object was created; set by the server."},
        "deletionGracePeriodSeconds": {"type": "integer", "nullable": True},
        "deletionTimestamp": {**TIMES, "description": "When deletion was asked for; set by the server."},
        "finalizers": {
            "type": "array",
            "items": TEXT,
            "nullable": True,
            "description": "The object stays until this list is empty.",
        },
        "generateName": {**TEXT, "description": "A prefix: the server adds a random suffix when name is empty."},
        "generation": {"type": "integer", "description": "Counts the changes of the desired state."},
        "labels": {**MAP, "nullable": True, "description": "Words by key, for selectors."},
        "managedFields": {
            "type": "array",
            "nullable": True,
            "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
        "name": {**TEXT, "description": "Unique within a namespace; cannot be changed."},
        "namespace": {**TEXT, "description": "The space within which each name must be unique."},
        "ownerReferences": {
            "type": "array",
            "nullable": True,
            "description": "The objects that this one depends on.",
            "items": {
                "type": "object",
                "properties": {
                    "apiVersion": TEXT,
                    "blockOwnerDeletion": {"type": "boolean", "nullable": True},
                    "controller": {"type": "boolean", "nullable": True},
                    "kind": TEXT,
                    "name": TEXT,
                    "uid": TEXT,
                },
            },
        },
        "resourceVersion": {**TEXT, "description": "The version of the object, for optimistic locking and watches."},
        "selfLink": TEXT,
        "uid": {**TEXT, "description": "Unique in time and space; set by the server."},
    },
}
META = compile_schema(OBJECT_META)


def check_shape(meta: Any, refuse: Callable[[str], RefusalError]) -> None:
    """A label that is a number cannot even be decoded."""
    causes = validate(META, meta, "metadata")
    if causes:
        found = causes[0].message.rpartition(": ")[2].strip('"')
        raise refuse(f"json: cannot unmarshal {found} into Go struct field ObjectMeta.{causes[0].field}")


def name_problems(resource: Resource, meta: Body) -> Iterator[Cause]:
    """Is `metadata.name` a name, are the labels and annotations well-formed?"""
    name = meta.get("name") or ""
    if not name:
        yield Cause("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
    elif resource.plural == "namespaces" and not resource.group:
        if len(name) > 63 or not LABEL.match(name):
            yield wrong("metadata.name", name, LABEL_RULE)
    elif len(name) > 253 or not SUBDOMAIN.match(name):
        yield wrong("metadata.name", name, SUBDOMAIN_RULE)
    for key, value in (meta.get("labels") or {}).items():
        yield from _key_problems("metadata.labels", key)
        if len(value) > 63:
            yield wrong("metadata.labels", value, "must be no more than 63 bytes")
        if value and not WORD.match(value):
            yield wrong("metadata.labels", value, VALUE_RULE)
    yield from _owner_problems(meta)
    annotations = meta.get("annotations") or {}
    for key in annotations:
        yield from _key_problems("metadata.annotations", key.lower())
    if sum(len(key) + len(value) for key, value in annotations.items()) > ANNOTATION_LIMIT:
        words = f"Too long: may not be more than {ANNOTATION_LIMIT} bytes"
        yield Cause("metadata.annotations", "FieldValueTooLong", words)


def finalizer_warnings(meta: Body) -> list[str]:
    """Finalizers without a domain are taken, with a warning."""
    words = "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
    return [f'metadata.finalizers: "{one}": {words}' for one in meta.get("finalizers") or () if "/" not in one]


def _owner_problems(meta: Body) -> Iterator[Cause]:
    for index, owner in enumerate(meta.get("ownerReferences") or ()):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                where = f"metadata.ownerReferences[{index}].{field}"
                yield Cause(where, "FieldValueRequired", "Required value: must not be empty")


def _key_problems(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, word = key.rpartition("/")
    if slash and not SUBDOMAIN.match(prefix):
        yield wrong(field, key, f"prefix part {SUBDOMAIN_RULE}")
    if len(word) > 63:
        yield wrong(field, key, "name part must be no more than 63 bytes")
    elif not WORD.match(word):
        yield wrong(field, key, KEY_RULE)
