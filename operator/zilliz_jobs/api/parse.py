"""Parse a custom resource's spec, the same way the API server checks it.

The rules are checked here too, because not every API server evaluates CEL (the local stand-in does not).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api.jsonbytes import packed, unpacked
from zilliz_jobs.api.model import Model
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.url import SUBMITTED

MAX_TOLD = 5
LATELY_PARSED = 256
"""Specs that are not parsed again: around one pass the same one is asked for several times."""


class SpecError(ValueError):
    """The spec cannot be used; the message names each field and what to do."""


def parse_spec(resource: Resource, body: dict[str, Any]) -> Model:
    """The spec of `body` as the kind's model.

    Raises SpecError with one sentence for people; it names fields and never repeats their values, since a
    value in the wrong place may be a secret. A rule that is younger than the object does not stop what was
    submitted already: it is followed to its end, as the API server goes on taking what is not changed.
    """
    submitted = bool((body.get("status") or {}).get("submission"))
    return _parsed(resource, packed(body.get("spec") or {}), submitted)


@lru_cache(maxsize=LATELY_PARSED)
def _parsed(resource: Resource, text: bytes, submitted: bool) -> Model:
    try:
        spec = resource.spec.model_validate(unpacked(text), context={SUBMITTED: submitted})
    except ValidationError as error:
        problems = [
            f"spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)
        ]
        more = f"; and {len(problems) - MAX_TOLD} more" if len(problems) > MAX_TOLD else ""
        raise SpecError(f"cannot use the spec: {'; '.join(problems[:MAX_TOLD])}{more}") from None
    for rule in resource.rules:
        if not rule.holds(spec):
            raise SpecError(f"cannot use the spec: {rule.message}")
    return spec
