"""The Secrets of a job that runs are read before anything that the cloud says of it is shown. If these fail, a secret
stands in a status; or each pass asks the API server for the Secrets once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_jobs.kube.errors import KubeError, NotFound, Unavailable


class Vault:
    """`errors`: of the next reads."""

    def __init__(self, *errors: KubeError) -> None:
        self.errors, self.read_names = list(errors), list[str]()

    async def read(self, namespace: str, name: str) -> Any:
        self.read_names.append(name)
        if self.errors:
            raise self.errors.pop(0)
        labels = {"jobs.zilliz.com/credentials": "true"}
        return SimpleNamespace(labels=labels, text=lambda key: f"{name}-{key}-0123456789")


def import_job(named: str = "bucket", generation: int = 1) -> Body:
    storage = {"urls": ["s3://b/f.parquet"], "credentialsSecretRef": {"name": named}}
    meta = {"name": "one", "namespace": "n", "uid": "u", "generation": generation}
    spec = {"clusterId": "in01", "collection": "films", "objectStorage": storage}
    return {"kind": "ImportJob", "metadata": meta, "spec": spec}


async def passes(vault: Vault, *bodies: Body) -> list[str]:
    port: Any = vault
    deletion: Any = SimpleNamespace(use=BackupUse())

    async def synced() -> None:
        return

    actions = Actions(
        JobOwnership(), port, port, RequestsInFlight(), wake=print, ensure_synced=synced, deletion=deletion
    )
    entry = JobEntry(key_of(bodies[0]), "u", ImportKind())
    for body in bodies:
        spec: Any = parse_spec(IMPORT_JOB, body)
        await actions.hide(entry, body, spec)
    return vault.read_names


async def test_a_secret_is_read_once_for_all_passes() -> None:
    assert await passes(Vault(), import_job(), import_job(), import_job()) == ["bucket"]


async def test_the_secret_of_an_edited_spec_is_read_as_well() -> None:
    assert await passes(Vault(), import_job(), import_job("another", generation=2)) == ["bucket", "another"]


@pytest.mark.parametrize(("error", "reads"), [(Unavailable("down"), 2), (NotFound("gone"), 1)])
async def test_what_could_not_be_asked_is_asked_again_by_the_next_pass(error: KubeError, reads: int) -> None:
    assert len(await passes(Vault(error), import_job(), import_job(), import_job())) == reads
