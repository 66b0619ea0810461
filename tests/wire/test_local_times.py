"""A cloud that tells local times, and not of which zone. If these fail, a job that was just begun seems hours older
than its own request, counts as absent, and is submitted again."""

from __future__ import annotations

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.core.observation import Absent, Seen
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_local.cloud import MOVIES, CloudSimulator

FILMS = {"collection": "films", "objectStorage": {"urls": ["s3://demo-data/films/part-1.parquet"]}}
KINDS: list[tuple[AnyKind, dict[str, object], str]] = [
    (ImportKind(), FILMS, "import.create"),
    (BackupKind(), {}, "backup.create"),
    (BackupKind(), {"collections": ["films"]}, "backup.create"),
]


@pytest.mark.parametrize(("kind", "spec", "route"), KINDS)
@pytest.mark.parametrize("oddity", ["times_local", "times_epoch", "times_words", "times_empty"])
async def test_a_job_without_a_sure_time_is_not_ruled_out(
    cloud: CloudSimulator, plain: Account, kind: AnyKind, spec: dict[str, object], route: str, oddity: str
) -> None:
    cloud.odd("*", oddity)
    cloud.fault(route, "drop_after", times=1)
    one = Object(kind, plain, parsed(kind, clusterId=MOVIES, **spec))
    await one.send()
    for _ in range(3):
        assert not isinstance(await one.look(), Absent)
        cloud.advance(600)


async def test_no_time_is_shown_rather_than_a_wrong_one(cloud: CloudSimulator, plain: Account) -> None:
    one = Object(ImportKind(), plain, parsed(ImportKind(), clusterId=MOVIES, **FILMS))
    await one.send()
    cloud.advance(3)
    cloud.odd("*", "times_local")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert (seen.start_time, seen.estimated_end) == (None, None)
