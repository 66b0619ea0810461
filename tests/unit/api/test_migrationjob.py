"""What a MigrationJob may say. A server without CEL, and the operator itself, must judge as the API server does."""

from __future__ import annotations

import pytest
from tests.unit.api.migrations import BAD, GOOD, Spec

from zilliz_jobs.api.migrationjob import MIGRATION_JOB, MigrationJobSpec
from zilliz_jobs.api.migrationsource import SOURCES
from zilliz_jobs.api.parse import SpecError, parse_spec


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in GOOD.items()])
def test_every_way_can_be_written_down(spec: Spec) -> None:
    parsed = parse_spec(MIGRATION_JOB, {"spec": spec})
    assert isinstance(parsed, MigrationJobSpec)
    for part in ("source", "target", "collections"):
        assert parsed.wire().get(part) == spec.get(part), "nothing that a user wrote is dropped"


@pytest.mark.parametrize(("spec", "sentence"), [pytest.param(*case, id=name) for name, case in BAD.items()])
def test_what_makes_no_sense_is_refused_with_what_to_do(spec: Spec, sentence: str) -> None:
    with pytest.raises(SpecError) as refusal:
        parse_spec(MIGRATION_JOB, {"spec": spec})
    assert sentence in str(refusal.value)
    assert "me:secret" not in str(refusal.value)


def test_every_source_is_written_down_somewhere() -> None:
    assert {name for spec in GOOD.values() for name in spec.get("source", ())} == {*SOURCES}
