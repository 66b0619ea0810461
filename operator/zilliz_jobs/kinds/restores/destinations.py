"""Where the collections of a backup go: by the spec, or, where it names none, by what the backup holds. They are
written into the record of the submission, since they are the only marks that such a restore leaves."""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.api.restorejob import DEFAULT_DATABASE, DestStatus, ExistingCluster, RestoredCollection
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.core.observation import Baseline, Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.kinds.restores.restoring import CollectionRestore, Destination
from zilliz_jobs.kinds.spelling import is_unclear

MAX_RECORDED = 65_536  # characters of names, so that a status stays small; some 2,000 collections
_KEY = "destinations"


def restore(target: ExistingCluster, submission: Submission | None = None) -> CollectionRestore:
    """What is to be restored. Where the spec names no collection, `submission` does; without one the names are left
    out."""
    if target.collections:
        return CollectionRestore(target.cluster_id, tuple(_place(one) for one in target.collections))
    facts = ((submission.baseline if submission else None) or {}).get(_KEY, [])
    pairs = [name.split("/", 1) for name in facts if "/" in name]
    places = tuple(Destination(database, name, database, name) for database, name in pairs)
    return CollectionRestore(target.cluster_id, places, whole=True)


async def prepared(account: Account, target: ExistingCluster, backup: BackupSource) -> CollectionRestore | Blocked:
    """What is to be restored, with all names; or why that cannot be told. Raises CloudError."""
    if target.collections:
        return restore(target)
    shown = await account.session.backups.describe(backup.cluster_id, backup.backup_id)
    places = _held(shown)
    if not places:
        what = f"the cloud does not tell which collections of which databases backup {backup.backup_id} holds"
        return Blocked(Reason.COLLECTIONS_NOT_TOLD, f"{what}; name them in spec.existingCluster.collections")
    if sum(len(place.name) for place in places) > MAX_RECORDED:
        what = f"backup {backup.backup_id} holds {len(places)} collections, too many for one job"
        return Blocked(Reason.COLLECTIONS_NOT_TOLD, f"{what}; name some in spec.existingCluster.collections of each")
    return CollectionRestore(target.cluster_id, places, whole=True)


def record(one: CollectionRestore) -> Baseline:
    """What the record of the submission says of the destinations."""
    return {_KEY: sorted(place.name for place in one.collections)}


def _held(backup: Backup) -> tuple[Destination, ...]:
    """All collections of the backup; empty where one is told without its database: the example of the page is so, and
    a name looked for in the wrong database is never there. Nor is one that could not be read."""
    if backup.collections and not backup.db_collections:
        return ()
    names = [
        (db.db_name or DEFAULT_DATABASE, one.collection_name)
        for db in backup.db_collections
        for one in db.collections
    ]
    if any(is_unclear(database) or is_unclear(name) for database, name in names):
        return ()
    return tuple(Destination(database, name, database, name) for database, name in dict.fromkeys(names))


def _place(one: RestoredCollection) -> Destination:
    database = one.database or DEFAULT_DATABASE
    return Destination(
        database,
        one.collection,
        one.dest_database or database,
        one.dest_collection or one.collection,
        loaded=one.dest_status is DestStatus.LOADED,
    )
