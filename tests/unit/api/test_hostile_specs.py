"""Manifests of every kind with anything in them. If these fail, one manifest stops the passes over its object."""

from __future__ import annotations

import random
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.examples import examples, sized
from tests.unit.engine.test_hostile_manifests import some
from tests.unit.engine.test_hostile_status import ANY, of

from zilliz_jobs.api.crd import crd, root_schema
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.template import rules_of

OF_ENTRIES = ("give the spec of exactly one kind", "labels and annotations of a job cannot", "a name of a label or")


def specs(resource: Any) -> st.SearchStrategy[Any]:
    schema = crd(resource)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    names = st.sampled_from(sorted(schema["properties"]))
    valid = of(schema)
    return valid | ANY | st.tuples(valid, st.dictionaries(names, ANY, max_size=3)).map(lambda two: two[0] | two[1])


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.kind)
def test_a_manifest_is_a_model_or_a_sentence(resource):
    @examples(40)
    @given(specs(resource))
    def any_of_them(spec: Any) -> None:
        try:
            parsed = parse_spec(resource, {"spec": spec})
        except SpecError as error:
            text = str(error)
        else:
            text = "cannot use the spec: "
            parsed.wire()
        assert text.startswith("cannot use the spec: ")
        assert len(text) < 4000

    any_of_them()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.kind)
def test_what_the_operator_takes_the_api_server_takes_too(resource):
    """Else a manifest could work in one and be refused by the other."""
    schema = root_schema(resource)["properties"]["spec"]

    @examples(40)
    @given(specs(resource))
    def any_of_them(spec: Any) -> None:
        try:
            parsed = parse_spec(resource, {"spec": spec})
        except SpecError:
            return
        jsonschema.validate(parsed.wire(), schema)

    any_of_them()


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.kind)
def test_what_the_schema_takes_is_used_or_refused_by_a_rule_that_says_what_to_do(resource):
    """Nothing may pass the API server and then be refused for its form: nobody sees that when applying it."""
    schema = root_schema(resource)["properties"]["spec"]
    chance, sentences = random.Random(resource.kind), {rule.message for rule in resource.rules}
    if resource is JOB_SCHEDULE:
        sentences |= {rule.message for kind in JOB_RESOURCES for rule in rules_of(kind)} | set(OF_ENTRIES)
    for number in range(sized(60, 12)):
        spec = some(schema, chance, (0.2, 0.5, 0.9)[number % 3])
        try:
            jsonschema.validate(spec, schema)
        except jsonschema.ValidationError:
            continue  # a pattern, which the generator does not know
        said = ""
        try:
            jsonschema.validate(parse_spec(resource, {"spec": spec}).wire(), schema)
        except SpecError as error:
            said = str(error).removeprefix("cannot use the spec: ")
        assert said in {"", *sentences} or (resource is JOB_SCHEDULE and any(s in said for s in sentences)), spec


@pytest.mark.parametrize("spec", ["\ud800", {"clusterId": "\ud800"}, {"clusterId": float("nan")}, [[]], 7])
@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.kind)
def test_what_json_cannot_even_say_is_a_sentence_too(resource, spec):
    try:
        parse_spec(resource, {"spec": spec})
    except SpecError as error:
        said = str(error).encode()
    else:
        said = b"cannot use the spec: "
    assert said.startswith(b"cannot use the spec: ")
