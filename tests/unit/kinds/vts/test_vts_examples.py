"""The examples as a user applies them: the engine can do each, and a credential is in the Secret of its run alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from zilliz_jobs.api.migrationjob import MIGRATION_JOB, MigrationJobSpec
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.kinds.migrations.vts.config import Sink, problem, render, runs_of
from zilliz_jobs.kinds.migrations.vts.manifests import Owner, config_secret, worker_job

EXAMPLES = sorted((Path(__file__).parents[4] / "examples").glob("91-vts-*.yaml"))
OWNER = Owner("shop", "films", "7b1c6c1e-0000-4000-8000-000000000000")
TOKEN = "3f9c1a2b"
SINK = Sink("https://in01-x.example.com:19530", "CANARY-key", "default")


def read(path: Path) -> tuple[dict[str, str], MigrationJobSpec]:
    """Canaries under the keys of its Secret, and the spec that names that Secret."""
    secret, job = yaml.safe_load_all(path.read_text())
    assert secret["metadata"]["labels"] == {"jobs.zilliz.com/credentials": "true"}
    (source,) = job["spec"]["source"].values()
    assert source["credentialsSecretRef"]["name"] == secret["metadata"]["name"]
    spec = parse_spec(MIGRATION_JOB, job)
    assert isinstance(spec, MigrationJobSpec)
    return {key: f"CANARY-{key}" for key in secret["stringData"]}, spec


def test_there_is_one_for_each_source_of_the_engine() -> None:
    sources = {type(spec.source.given[0]).__name__ for _, spec in map(read, EXAMPLES) if spec.source}
    assert len(sources) == len(EXAMPLES) == 7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_engine_can_do_it(path: Path) -> None:
    secrets, spec = read(path)
    assert [problem(spec, secrets, run=run) for run in range(len(runs_of(spec)))] == [""] * len(runs_of(spec))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_its_credentials_are_in_the_secret_of_the_run_and_nowhere_else(path: Path) -> None:
    """Who may read Jobs and pods of the namespace may not read its Secrets."""
    secrets, spec = read(path)
    for run in range(len(runs_of(spec))):
        job = worker_job(OWNER, TOKEN, run, image="registry.test/vts@sha256:1", worker=spec.worker)
        assert "CANARY" not in json.dumps(job)
        made: dict[str, Any] = job | {"metadata": job["metadata"] | {"uid": "1"}}
        secret = config_secret(made, render(spec, run, secrets, SINK, TOKEN))
        assert "CANARY" not in json.dumps({key: value for key, value in secret.items() if key != "data"})
        inside = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
        assert [name for name, text in inside.items() if "CANARY" in text] == ["job.json"]
        assert {*secrets.values(), "CANARY-key"} <= _texts(json.loads(inside["job.json"]))


def _texts(value: Any) -> set[str]:
    """All texts of it; a Milvus takes user and password as one, with a colon."""
    if isinstance(value, dict | list):
        return {text for one in (value.values() if isinstance(value, dict) else value) for text in _texts(one)}
    return {part for text in (str(value), *str(value).split(":")) for part in (text,)}
