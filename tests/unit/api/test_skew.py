"""An installed CRD that is older than the operator is noticed before it prunes anything."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from zilliz_jobs.api.crd import crd, root_schema
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.skew import missing_fields

JOB = next(r for r in RESOURCES if r.kind == "ImportJob")
Schema = dict[str, Any]


def served() -> Schema:
    """As /openapi/v3 shows it: with the server's own metadata, and without the validation rules."""
    schema = copy.deepcopy(root_schema(JOB))
    schema["properties"]["metadata"] = {"$ref": "#/components/schemas/io.k8s.apimachinery.ObjectMeta"}
    schema.pop("x-kubernetes-validations")
    schema["x-kubernetes-group-version-kind"] = [{"group": "jobs.zilliz.com", "kind": JOB.kind}]
    return schema


def status(schema: Schema) -> Schema:
    found: Schema = schema["properties"]["status"]["properties"]
    return found


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        pytest.param(lambda s: None, [], id="the same CRD lacks nothing"),
        pytest.param(lambda s: status(s).update(new={"type": "string"}), [], id="a newer CRD lacks nothing"),
        pytest.param(lambda s: status(s).pop("jobId"), ["status.jobId"], id="a field"),
        pytest.param(
            lambda s: status(s)["attempts"]["items"]["properties"].pop("number"),
            ["status.attempts[].number"],
            id="a field of the objects in a list",
        ),
        pytest.param(
            lambda s: status(s).pop("submission"), ["status.submission"], id="an object is named as a whole"
        ),
        pytest.param(
            lambda s: status(s)["submission"]["properties"]["baseline"].pop("additionalProperties"),
            ["status.submission.baseline.*"],
            id="a map whose values are not kept",
        ),
        pytest.param(
            lambda s: s["properties"].update(status={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
            [],
            id="what keeps everything lacks nothing",
        ),
        pytest.param(lambda s: s["properties"].pop("status"), ["status"], id="no status at all"),
        pytest.param(lambda s: s.pop("properties"), ["spec", "status"], id="no schema at all"),
    ],
)
def test_what_the_installed_crd_lacks(change: Callable[[Schema], object], missing: list[str]) -> None:
    schema = served()
    change(schema)
    assert missing_fields(crd(JOB), schema) == missing
