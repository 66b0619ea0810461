"""What a kind says of itself: names, targets, locks."""

from __future__ import annotations

import pytest

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.snapshot import RetryRule
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.backups import backupsource
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import BackupSource
from zilliz_jobs.kinds.exports.export import ExportKind
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_jobs.kinds.restores.restore import RestoreKind

BACKUP, IMPORT, RESTORE, EXPORT = BackupKind(), ImportKind(), RestoreKind(), ExportKind()
BY_ID = {"clusterId": "in01", "backupId": "b1"}
BY_JOB = {"backupJobRef": {"name": "movies"}}
NEW = {"projectId": "p", "cuSize": 1}
FILMS = {"clusterId": "in02", "collections": [{"collection": "films"}]}


def parsed(kind, **fields):
    return kind.resource.spec.model_validate(fields)


@pytest.mark.parametrize(
    ("kind", "fields", "target", "lock"),
    [
        (BACKUP, {"clusterId": "in01"}, "in01", "backup/in01"),
        (BACKUP, {"clusterId": "in01", "collections": ["a", "b"]}, "in01/default/a,b", "backup/in01"),
        (BACKUP, {"clusterId": "in01", "database": "d", "collections": ["a"]}, "in01/d/a", "backup/in01"),
        (IMPORT, {"clusterId": "in01", "collection": "c"}, "in01/default/c", "import/in01/c"),
        (
            IMPORT,
            {"clusterId": "in01", "database": "default", "collection": "c"},
            "in01/default/c",
            "import/in01/c",
        ),
        (
            IMPORT,
            {"clusterId": "in01", "database": "d", "collection": "c", "partition": "p"},
            "in01/d/c/p",
            "import/in01/c",
        ),
        (
            IMPORT,
            {"projectId": "p", "regionId": "r", "collection": "c"},
            "p@r/default/c",
            "import/p@r/c",
        ),
        (RESTORE, {"backup": BY_ID, "newCluster": NEW}, "p/(new cluster)", "restore/p"),
        (RESTORE, {"backup": BY_JOB, "newCluster": {**NEW, "name": "n"}}, "p/n", "restore/p"),
        (RESTORE, {"backup": BY_JOB, "existingCluster": FILMS}, "in02/default/films", "restore/in02"),
        (
            RESTORE,
            {
                "backup": BY_ID,
                "existingCluster": {"clusterId": "in02", "collections": [{"collection": c} for c in "ab"]},
            },
            "in02/default/a and 1 more",
            "restore/in02",
        ),
        (
            RESTORE,
            {"backup": BY_ID, "existingCluster": {"clusterId": "in02"}},
            "in02/(all collections)",
            "restore/in02",
        ),
        (
            RESTORE,
            {
                "backup": BY_ID,
                "existingCluster": {
                    "clusterId": "in02",
                    "collections": [{"database": "d", "collection": "c", "destCollection": "e"}],
                },
            },
            "in02/d/e",
            "restore/in02",
        ),
        (RESTORE, {"adopt": {"jobId": "j"}}, "job j", "restore/job j"),
        (EXPORT, {"backup": BY_ID, "integrationId": "i", "directory": "d"}, "in01/b1", "export/in01"),
        (
            EXPORT,
            {"backup": BY_JOB, "integrationId": "i", "directory": "d"},
            "backupjob/movies",
            "export/backupjob/movies",
        ),
        (EXPORT, {"adopt": {"jobId": "j"}}, "job j", "export/job j"),
    ],
)
def test_targets_for_people_and_locks_for_submissions(kind, fields, target, lock):
    """Two names of one target would let two submissions be open there."""
    spec = parsed(kind, **fields)
    assert (kind.target(spec), kind.submission_lock(spec)) == (target, lock)


def test_sources_secrets_and_descriptions():
    public = parsed(IMPORT, clusterId="i", collection="c", objectStorage={"urls": ["s3://b/a"]})
    private = parsed(
        IMPORT,
        clusterId="i",
        collection="c",
        objectStorage={"urls": ["s3://b/a", "s3://b/b"], "credentialsSecretRef": {"name": "s3"}},
    )
    adopted = parsed(IMPORT, clusterId="i", collection="c", adopt={"jobId": "j"})
    assert IMPORT.secrets(public) == ()
    (need,) = IMPORT.secrets(private)
    assert (need.name, need.required, need.optional) == ("s3", ("accessKey", "secretKey"), ("token",))
    assert [IMPORT.has_source(s) for s in (public, private, adopted)] == [True, True, False]
    assert [IMPORT.description(s) for s in (public, private, adopted)] == [
        "Import 1 source into collection c",
        "Import 2 sources into collection c",
        "Import data into collection c",
    ]
    assert BACKUP.has_source(parsed(BACKUP, clusterId="i"))
    assert (
        BACKUP.description(parsed(BACKUP, clusterId="i", collections=["a"])) == "Back up 1 collection(s) of cluster i"
    )
    copied = parsed(BACKUP, clusterId="i", crossRegionCopies=[{"regionId": "a"}, {"regionId": "b"}])
    assert BACKUP.description(copied) == "Back up cluster i, with copies in a, b"


@pytest.mark.parametrize(
    ("kind", "fields", "description", "has_source", "backup_job", "secret"),
    [
        (
            RESTORE,
            {"backup": BY_ID, "newCluster": NEW},
            "Restore backup b1 into a new cluster",
            True,
            None,
            "o-credentials",
        ),
        (
            RESTORE,
            {"backup": BY_JOB, "newCluster": {**NEW, "credentialsSecretName": "login"}},
            "Restore the backup of backupjob/movies into a new cluster",
            True,
            "movies",
            "login",
        ),
        (
            RESTORE,
            {"backup": BY_JOB, "existingCluster": FILMS},
            "Restore collection films of the backup of backupjob/movies into cluster in02",
            True,
            "movies",
            None,
        ),
        (
            RESTORE,
            {
                "backup": BY_ID,
                "existingCluster": {"clusterId": "in02", "collections": [{"collection": c} for c in "ab"]},
            },
            "Restore 2 collections of backup b1 into cluster in02",
            True,
            None,
            None,
        ),
        (
            RESTORE,
            {"backup": BY_ID, "existingCluster": {"clusterId": "in02"}},
            "Restore all collections of backup b1 into cluster in02",
            True,
            None,
            None,
        ),
        (RESTORE, {"adopt": {"jobId": "j"}}, "Restore a backup", False, None, None),
        (
            RESTORE,
            {"adopt": {"jobId": "j"}, "newCluster": NEW},
            "Restore a backup into a new cluster",
            False,
            None,
            None,
        ),
        (
            EXPORT,
            {"backup": BY_JOB, "integrationId": "i", "directory": "d"},
            "Export the backup of backupjob/movies to d",
            True,
            "movies",
            None,
        ),
        (EXPORT, {"adopt": {"jobId": "j"}}, "Export a backup", False, None, None),
    ],
)
def test_what_restores_and_exports_say_of_themselves(kind, fields, description, has_source, backup_job, secret):
    """An adopted job makes no Secret: its password was told to somebody else."""
    spec = parsed(kind, **fields)
    assert kind.description(spec) == description
    assert kind.has_source(spec) is has_source
    assert kind.backup_job(spec) == backup_job
    assert kind.credentials_secret(spec, "o") == secret


def test_every_job_of_the_api_has_its_kind():
    """Else people could create objects that no operator ever looks at."""
    assert [kind.resource for kind in JOB_KINDS] == list(JOB_RESOURCES)


def test_job_types_are_told_apart():
    types = [kind.types_of(SUBMIT_STEP) for kind in JOB_KINDS]
    assert sum(len(t) for t in types) == len(frozenset().union(*types))


def test_a_kind_of_several_steps_is_one_that_the_core_can_lead():
    """A cancel or a retry of half a job is undefined where there is another way; a clean-up that comes too early
    removes what is needed."""
    for kind in JOB_KINDS:
        for traits in kind.trait_variants().values():
            if not traits.steps:
                continue
            if not traits.by_steps_only or traits.cleanup:
                assert (traits.can_cancel, traits.retry) == (False, RetryRule.NEVER), kind
            assert len(set(traits.steps)) == len(traits.steps) >= 2, kind
            assert not {SUBMIT_STEP, RETRY_STEP} & set(traits.steps), kind
            assert traits.cleanup in ("", traits.steps[-1]), kind


def test_exports_of_one_cluster_share_a_lock_however_they_name_their_backup():
    """Else two lost ones could take each other's job. And a BackupJob of another namespace is no other target's."""
    by_id, by_job = (parsed(EXPORT, backup=way, integrationId="i", directory="d") for way in (BY_ID, BY_JOB))
    kind, made = EXPORT, BackupSource("in01", "b1")
    record = Submission(baseline=backupsource.record(made))
    locks = {
        kind.lock_of(by_id, SUBMIT_STEP),
        kind.lock_of(by_id, SUBMIT_STEP, record=record),
        kind.lock_of(by_job, SUBMIT_STEP, backup=made),
        kind.lock_of(by_job, SUBMIT_STEP, record=record),
    }
    assert locks == {"export/in01"}
    assert kind.lock_of(by_job, SUBMIT_STEP, backup=BackupSource("in02", "b1")) == "export/in02"
