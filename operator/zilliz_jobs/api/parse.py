"""Parse a custom resource's spec, the same way the API server checks it.

The rules are checked here too, because not every API server evaluates CEL (the local stand-in does not).
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api.model import Model
from zilliz_jobs.api.resource import Resource


class SpecError(ValueError):
    """The spec cannot be used; the message names each field and what to do."""


def parse_spec(resource: Resource, body: dict[str, Any]) -> Model:
    """The spec of `body` as the kind's model.

    Raises SpecError with one sentence for people; it names fields and never repeats their values, since a
    value in the wrong place may be a secret.
    """
    try:
        spec = resource.spec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        problems = "; ".join(
            f"spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
            for e in error.errors(include_input=False)[:5]
        )
        raise SpecError(f"cannot use the spec: {problems}") from None
    for rule in resource.rules:
        if not rule.holds(spec):
            raise SpecError(f"cannot use the spec: {rule.message}")
    return spec
