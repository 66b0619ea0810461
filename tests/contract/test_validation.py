"""What a schema refuses, drops and fills in. If this fails, a manifest that the quick start takes is refused by a
cluster, or the other way round."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.client import Client
from tests.contract.widget import widget

REFUSED: dict[str, tuple[Any, str, str, str]] = {
    "a required field is absent": ({"colour": None}, "spec.colour", "FieldValueRequired", "Required value"),
    "a value outside the enum": (
        {"colour": "pink"},
        "spec.colour",
        "FieldValueNotSupported",
        'Unsupported value: "pink": supported values: "red", "green", "blue"',
    ),
    "a number too small": (
        {"size": 0},
        "spec.size",
        "FieldValueInvalid",
        "Invalid value: 0: spec.size in body should be greater than or equal to 1",
    ),
    "a number too large": (
        {"size": 11},
        "spec.size",
        "FieldValueInvalid",
        "Invalid value: 11: spec.size in body should be less than or equal to 10",
    ),
    "text for a number": (
        {"size": "x"},
        "spec.size",
        "FieldValueTypeInvalid",
        'Invalid value: "string": spec.size in body must be of type integer: "string"',
    ),
    "a fraction for an integer": (
        {"size": 2.5},
        "spec.size",
        "FieldValueTypeInvalid",
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
        "FieldValueInvalid",
        "Invalid value: \"ABC\": spec.note in body should match '^[a-z]*$'",
    ),
    "a time that is none": (
        {"when": "yesterday"},
        "spec.when",
        "FieldValueTypeInvalid",
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
        "FieldValueRequired",
        "Required value",
    ),
    "a map with a number": (
        {"tags": {"a": 1}},
        "spec.tags.a",
        "FieldValueTypeInvalid",
        'Invalid value: "integer": spec.tags.a in body must be of type string: "integer"',
    ),
    "a list for int-or-string": (
        {"port": []},
        "spec.port",
        "FieldValueTypeInvalid",
        'Invalid value: "array": spec.port in body must be of type integer,string: "array"',
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_an_invalid_object_is_refused_with_its_cause(server: Client, case: str) -> None:
    spec, *cause = REFUSED[case]
    reply = await server.call("POST", server.widgets(), widget("bad", **spec))
    status = reply.refused(422, "Invalid")
    assert tuple(cause) in reply.causes()
    details = status["details"]
    assert (details["name"], details["group"], details["kind"]) == ("bad", "contract.test", "Widget")
    assert status["message"].startswith('Widget.contract.test "bad" is invalid: ')
    assert f"{cause[0]}: {cause[2]}" in status["message"]


async def test_all_causes_are_named(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(colour="pink", size=99, tags={"a": 1}))
    reply.refused(422, "Invalid")
    assert {field for field, _, _ in reply.causes()} == {"spec.colour", "spec.size", "spec.tags.a"}
    assert "is invalid: [" in reply.body["message"]


async def test_a_patch_is_validated_like_a_create(server: Client) -> None:
    await server.create(server.widgets(), widget())
    (await server.merge(server.widgets("one"), {"spec": {"size": 50}})).refused(422, "Invalid")
    reply = await server.merge(server.widgets("one", "status"), {"status": {"observedGeneration": "x"}})
    reply.refused(422, "Invalid")
    assert {field for field, _, _ in reply.causes()} == {"status.observedGeneration"}


async def test_good_values_of_every_type_are_taken(server: Client) -> None:
    spec = {
        "size": 2.0,
        "note": "abc",
        "when": "2026-01-02T03:04:05+01:00",
        "port": "http",
        "free": {"a": [1, {"b": None}]},
        "tags": {"x": "y"},
        "parts": [{"name": "a", "count": 2}],
    }
    made = await server.create(server.widgets(), widget(**spec))
    assert made["spec"] == {"colour": "red", **spec, "size": 2}


async def test_unknown_fields_are_dropped_with_a_warning(server: Client) -> None:
    body = widget(bogus=1, parts=[{"name": "a", "odd": 1}])
    body["top"] = 1
    reply = await server.call("POST", server.widgets(), body)
    made = reply.ok(201)
    assert "top" not in made
    assert made["spec"] == {"colour": "red", "size": 3, "parts": [{"name": "a", "count": 1}]}
    assert sorted(reply.warnings) == [
        '299 - "unknown field \\"spec.bogus\\""',
        '299 - "unknown field \\"spec.parts[0].odd\\""',
        '299 - "unknown field \\"top\\""',
    ]


async def test_strict_validation_refuses_unknown_fields(server: Client) -> None:
    body = widget(bogus=1)
    reply = await server.call("POST", server.widgets(), body, fieldValidation="Strict")
    assert reply.refused(400, "BadRequest")["message"] == (
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.bogus"'
    )
    await server.create(server.widgets(), widget())
    patch = await server.merge(server.widgets("one"), {"spec": {"bogus": 1}}, fieldValidation="Strict")
    assert 'strict decoding error: unknown field "spec.bogus"' in patch.refused(422, "Invalid")["message"]
    silent = await server.call("POST", server.widgets(), widget("two", bogus=1), fieldValidation="Ignore")
    assert (silent.status, silent.warnings) == (201, [])
    (await server.call("POST", server.widgets(), widget("three"), fieldValidation="Odd")).refused(422, "Invalid")


async def test_unknown_metadata_is_unknown_too(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(meta={"bogus": 1}), fieldValidation="Strict")
    assert 'unknown field "metadata.bogus"' in reply.refused(400, "BadRequest")["message"]


async def test_defaults_are_set_also_inside_of_lists_and_in_the_status(server: Client) -> None:
    made = await server.create(server.widgets(), widget(parts=[{"name": "a"}]))
    assert made["spec"] == {"colour": "red", "size": 3, "parts": [{"name": "a", "count": 1}]}
    assert made["status"] == {"observedGeneration": -1}
    cleared = (await server.merge(server.widgets("one", "status"), {"status": None})).ok()
    assert cleared["status"] == {"observedGeneration": -1}


async def test_null_is_a_default_or_nothing_where_it_is_not_allowed(server: Client) -> None:
    body = widget()
    body["spec"] |= {"size": None, "note": None, "when": None}
    made = await server.create(server.widgets(), body)
    assert made["spec"] == {"colour": "red", "size": 3, "note": None}


@pytest.mark.parametrize(
    ("meta", "field"),
    [
        ({"name": "Bad_Name"}, "metadata.name"),
        ({"labels": {"a": "b c"}}, "metadata.labels"),
        ({"labels": {"a b": "c"}}, "metadata.labels"),
        ({"annotations": {"a b": "c"}}, "metadata.annotations"),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "y"}]}, "metadata.ownerReferences[0].uid"),
    ],
    ids=["name", "label value", "label key", "annotation key", "owner without uid"],
)
async def test_malformed_metadata_is_refused(server: Client, meta: Any, field: str) -> None:
    reply = await server.call("POST", server.widgets(), widget(meta=meta))
    reply.refused(422, "Invalid")
    assert {name for name, _, _ in reply.causes()} == {field}


async def test_an_object_needs_a_name(server: Client) -> None:
    body = widget()
    body["metadata"] = {}
    reply = await server.call("POST", server.widgets(), body)
    assert reply.refused(422, "Invalid")["details"]["causes"] == [
        {
            "field": "metadata.name",
            "reason": "FieldValueRequired",
            "message": "Required value: name or generateName is required",
        }
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "Gadget"}, 422),
        ({"apiVersion": "contract.test/v2"}, 400),
        ({"kind": ""}, 400),
        ({"apiVersion": ""}, 400),
    ],
    ids=["other kind", "other version", "no kind", "no version"],
)
async def test_an_object_of_another_type_is_refused(server: Client, change: Any, code: int) -> None:
    reply = await server.call("POST", server.widgets(), {**widget(), **change})
    reply.refused(code, "Invalid" if code == 422 else "BadRequest")


async def test_a_finalizer_without_a_domain_is_taken_with_a_warning(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(meta={"finalizers": ["hold"]}))
    reply.ok(201)
    assert "prefer a domain-qualified finalizer name" in reply.warnings[0]
    (await server.merge(server.widgets("one"), {"metadata": {"finalizers": None}})).ok()
