"""The part of the table that is about schemas: what is refused, dropped and filled in, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.contract.promises import ONE, STATUS, STATUSES, USERS, WIDGETS, Ask, Promise, made, merge
from tests.contract.widget import widget

REQUIRED, WRONG = "FieldValueRequired", "FieldValueInvalid"
TYPE = "FieldValueTypeInvalid"
REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "a required field is absent": ({"colour": None}, "spec.colour", REQUIRED, "Required value"),
    "a value outside the enum": (
        {"colour": "pink"},
        "spec.colour",
        "FieldValueNotSupported",
        'Unsupported value: "pink": supported values: "red", "green", "blue"',
    ),
    "a number too small": (
        {"size": 0},
        "spec.size",
        WRONG,
        "Invalid value: 0: spec.size in body should be greater than or equal to 1",
    ),
    "a number too large": (
        {"size": 11},
        "spec.size",
        WRONG,
        "Invalid value: 11: spec.size in body should be less than or equal to 10",
    ),
    "text for a number": (
        {"size": "x"},
        "spec.size",
        TYPE,
        'Invalid value: "string": spec.size in body must be of type integer: "string"',
    ),
    "a fraction for an integer": (
        {"size": 2.5},
        "spec.size",
        TYPE,
        'Invalid value: "number": spec.size in body must be of type integer: "number"',
    ),
    "a text too long": (
        {"note": "abcdefghijk"},
        "spec.note",
        "FieldValueTooLong",
        "Too long: may not be more than 10 bytes",
    ),
    "a text against the pattern": (
        {"note": "ABC"},
        "spec.note",
        WRONG,
        "Invalid value: \"ABC\": spec.note in body should match '^[a-z]*$'",
    ),
    "a time that is none": (
        {"when": "yesterday"},
        "spec.when",
        TYPE,
        'Invalid value: "yesterday": spec.when in body must be of type date-time: "yesterday"',
    ),
    "a list too long": (
        {"parts": [{"name": name} for name in "abcd"]},
        "spec.parts",
        "FieldValueTooMany",
        "Too many: 4: must have at most 3 items",
    ),
    "two items with one key": (
        {"parts": [{"name": "a"}, {"name": "a"}]},
        "spec.parts[1]",
        "FieldValueDuplicate",
        'Duplicate value: {"name":"a"}',
    ),
    "an item without its key": (
        {"parts": [{"count": 1}]},
        "spec.parts[0].name",
        REQUIRED,
        "Required value",
    ),
    "a map with a number": (
        {"tags": {"a": 1}},
        "spec.tags.a",
        TYPE,
        'Invalid value: "integer": spec.tags.a in body must be of type string: "integer"',
    ),
    "a list for int-or-string": (
        {"port": []},
        "spec.port",
        TYPE,
        'Invalid value: "array": spec.port in body must be of type integer,string: "array"',
    ),
}


def schemas() -> Iterator[Promise]:
    for name, (spec, path, reason, words) in REFUSED.items():
        says = {
            "reason": "Invalid",
            "message": f"{path}: {words}",
            "details.name": "bad",
            "details.group": "contract.test",
            "details.kind": "Widget",
            "details.causes.0.reason": reason,
        }
        yield Promise(
            f"a manifest with {name}", Ask("POST", WIDGETS, widget("bad", **spec)), 422, says, "Invalid", USERS
        )
    large = merge(ONE, {"spec": {"size": 50}})
    says = {"reason": "Invalid", "message": "should be less than or equal to 10"}
    yield Promise("a patch to a number too large", large, 422, says, "Invalid", USERS, (made(),), stays=True)
    odd = merge(STATUS, {"status": {"observedGeneration": "x"}})
    says = {"reason": "Invalid", "details.causes.*.field": "status.observedGeneration"}
    yield Promise("a status of the wrong type", odd, 422, says, "Invalid", STATUSES, (made(),), stays=True)
    tried = Ask("POST", WIDGETS, widget(size=99), query={"dryRun": "All"})
    yield Promise("a dry run of what is wrong", tried, 422, {"reason": "Invalid"}, "Invalid", USERS)
    yield from strictness()
    yield from names()


def strictness() -> Iterator[Promise]:
    """Of fields that no schema has."""
    strict = {"fieldValidation": "Strict"}
    sentence = 'cannot be handled as a Widget: strict decoding error: unknown field "spec.bogus"'
    says: dict[str, Any] = {"reason": "BadRequest", "message": f'Widget in version "v1" {sentence}'}
    typo = Ask("POST", WIDGETS, widget(bogus=1), query=strict)
    yield Promise("a field that nobody knows", typo, 400, says, "StrictDecoding", USERS)
    says = {"reason": "Invalid", "message": 'strict decoding error: unknown field "spec.bogus"'}
    typo = merge(ONE, {"spec": {"bogus": 1}}, **strict)
    yield Promise("a patch with such a field", typo, 422, says, "StrictDecoding", STATUSES, (made(),), stays=True)
    says = {"reason": "BadRequest", "message": 'unknown field "metadata.bogus"'}
    typo = Ask("POST", WIDGETS, widget(meta={"bogus": 1}), query=strict)
    yield Promise("such a field of the metadata", typo, 400, says, "StrictDecoding", USERS)
    odd = Ask("POST", WIDGETS, widget(), query={"fieldValidation": "Odd"})
    yield Promise("a strictness that nobody knows", odd, 422, {"reason": "Invalid"}, "Invalid", USERS)


def names() -> Iterator[Promise]:
    """Of objects and of what they are."""
    for name, meta, path in (
        ("name", {"name": "Bad_Name"}, "metadata.name"),
        ("label", {"labels": {"a": "b c"}}, "metadata.labels"),
        ("key of a label", {"labels": {"a b": "c"}}, "metadata.labels"),
        ("key of an annotation", {"annotations": {"a b": "c"}}, "metadata.annotations"),
        (
            "owner without a uid",
            {"ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "y"}]},
            "metadata.ownerReferences[0].uid",
        ),
    ):
        says: dict[str, Any] = {"reason": "Invalid", "details.causes.*.field": path}
        yield Promise(f"a malformed {name}", Ask("POST", WIDGETS, widget(meta=meta)), 422, says, "Invalid", USERS)
    nameless = Ask("POST", WIDGETS, {**widget(), "metadata": {}})
    says = {"reason": "Invalid", "message": "metadata.name: Required value: name or generateName is required"}
    yield Promise("an object without a name", nameless, 422, says, "Invalid", USERS)
    for name, change, code in (
        ("another kind", {"kind": "Gadget"}, 422),
        ("another version", {"apiVersion": "contract.test/v2"}, 400),
        ("no kind", {"kind": ""}, 400),
        ("no version", {"apiVersion": ""}, 400),
    ):
        says = {"reason": "Invalid" if code == 422 else "BadRequest"}
        yield Promise(
            f"an object of {name}", Ask("POST", WIDGETS, {**widget(), **change}), code, says, "Invalid", USERS
        )
