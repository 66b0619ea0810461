"""What a schema drops and fills in; what it refuses is in the table of promises. If this fails, a manifest that the
quick start takes is another one in a cluster."""

from __future__ import annotations

from tests.contract.client import Client
from tests.contract.widget import widget


async def test_all_causes_are_named(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(colour="pink", size=99, tags={"a": 1}))
    reply.refused(422, "Invalid")
    assert {field for field, _, _ in reply.causes()} == {"spec.colour", "spec.size", "spec.tags.a"}
    assert "is invalid: [" in reply.body["message"]


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


async def test_unknown_fields_are_dropped_in_silence_where_that_is_asked_for(server: Client) -> None:
    silent = await server.call("POST", server.widgets(), widget("two", bogus=1), fieldValidation="Ignore")
    assert (silent.status, silent.warnings) == (201, [])


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


async def test_a_finalizer_without_a_domain_is_taken_with_a_warning(server: Client) -> None:
    reply = await server.call("POST", server.widgets(), widget(meta={"finalizers": ["hold"]}))
    reply.ok(201)
    assert "prefer a domain-qualified finalizer name" in reply.warnings[0]
    (await server.merge(server.widgets("one"), {"metadata": {"finalizers": None}})).ok()
