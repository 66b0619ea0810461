"""RestoreJob: a backup into a new cluster, or collections of it into a running one (documented: Restore Cluster
Backup, Restore Collection Backup). The cloud can neither cancel nor retry a restore."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.backupref import BACKUP_RULES, BackupRef
from zilliz_jobs.api.clusterjobs import CuSize
from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, AdoptableSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, CloudName, Model, Name
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule
from zilliz_jobs.api.template import RUN, names_run, new_cluster_anew

DEFAULT_DATABASE = "default"
ClusterName = Annotated[str, Field(min_length=1, max_length=64)]  # documented: 1 to 64, for on-demand clusters


MAX_COLLECTIONS = 64


class CollectionStatus(StrEnum):
    KEEP = "Keep"
    RELEASE = "Release"


class RestoreVersionPolicy(StrEnum):
    LATEST = "Latest"
    ORIGINAL = "Original"


class DestStatus(StrEnum):
    LOADED = "Loaded"
    UNLOADED = "Unloaded"


class NewCluster(Model):
    project_id: CloudId = Field(description="Project that the new cluster belongs to.")
    name: ClusterName | None = Field(
        default=None,
        description="Name of the new cluster; no other cluster may have it. Default: the object's name and eight "
        "digits that no other job has, so that the cluster can always be told to be this job's.",
    )
    cu_size: CuSize = Field(description="Query CUs of the new cluster; they are paid for from then on.")
    collection_status: CollectionStatus | None = Field(
        default=None,
        description="Keep loads the collections that were loaded when the backup was made, Release loads none. "
        "Default: Keep.",
    )
    restore_version_policy: RestoreVersionPolicy | None = Field(
        default=None,
        description="Version of the new cluster: the Latest, or the Original of the backup. Default: the cloud's.",
    )
    credentials_secret_name: Name | None = Field(
        default=None,
        description="Secret that takes user name and password of the new cluster, which the cloud tells only once. "
        "The operator makes it, and leaves it when the object is deleted. Default: the object's name and "
        "`-credentials`.",
    )


class RestoredCollection(Model):
    database: CloudName | None = Field(
        default=None, description="Database of the collection in the backup. Default: `default`."
    )
    collection: CloudName = Field(description="The collection in the backup.")
    dest_database: CloudName | None = Field(
        default=None, description="Database to restore into; it must exist. Default: the same name as in the backup."
    )
    dest_collection: CloudName | None = Field(
        default=None,
        description="Name to restore under; it must be free. Default: the same name as in the backup.",
    )
    dest_status: DestStatus | None = Field(
        default=None, description="Whether the cloud loads the collection once it is restored. Default: Unloaded."
    )


class ExistingCluster(Model):
    cluster_id: CloudId = Field(description="Id of the dedicated cluster to restore into; it must be running.")
    collections: Annotated[list[RestoredCollection], Field(min_length=1, max_length=MAX_COLLECTIONS)] | None = Field(
        default=None,
        description="The collections to restore, in one job. Left out: all that the backup holds, under their names "
        "and unloaded.",
    )


class RestoreJobSpec(AdoptableSpec):
    backup: BackupRef | None = Field(default=None, description="What to restore.")
    new_cluster: NewCluster | None = Field(
        default=None, description="Restore the whole backup into a cluster that is made for it."
    )
    existing_cluster: ExistingCluster | None = Field(
        default=None, description="Restore one, several or all collections of the backup into a cluster that runs."
    )


class RestoreResult(Model):
    cluster_id: str | None = Field(default=None, description="The cluster that holds what was restored.")
    credentials_secret_name: str | None = Field(
        default=None, description="The Secret with user name and password of the new cluster."
    )


def _names_one_target(spec: RestoreJobSpec) -> bool:
    targets = (spec.new_cluster is not None) + (spec.existing_cluster is not None)
    return targets == 1 or (spec.adopt is not None and targets == 0)


def _destination(one: RestoredCollection) -> str:
    database = one.dest_database or one.database or DEFAULT_DATABASE
    return f"{database}/{one.dest_collection or one.collection}"


def _restores_each_once(spec: RestoreJobSpec) -> bool:
    wanted = (spec.existing_cluster.collections if spec.existing_cluster else None) or []
    return len({_destination(one) for one in wanted}) == len(wanted)


def _restores_under_new_names(spec: RestoreJobSpec) -> bool:
    if spec.existing_cluster is None:
        return True
    wanted = spec.existing_cluster.collections or []
    return bool(wanted) and all(names_run(one.dest_collection) for one in wanted)


def _new_cluster(spec: RestoreJobSpec) -> list[NewCluster]:
    return [spec.new_cluster] if spec.new_cluster else []


def _destination_cel(one: str) -> str:
    database = f"(has({one}.destDatabase) ? {one}.destDatabase : has({one}.database) ? {one}.database : 'default')"
    return f"{database} + '/' + (has({one}.destCollection) ? {one}.destCollection : {one}.collection)"


RESTORE_JOB = Resource(
    kind="RestoreJob",
    plural="restorejobs",
    short="zrs",
    description="A restore of a Zilliz Cloud backup into a new cluster, or of collections into a running cluster.",
    guide="restorejob.md",
    row_type=RowType("Restore", "Restore"),
    spec=RestoreJobSpec,
    status=JobStatus,
    result=RestoreResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.existingCluster.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
    rules=(
        *BACKUP_RULES,
        Rule(
            "has(self.newCluster) != has(self.existingCluster)"
            " || (has(self.adopt) && !has(self.newCluster) && !has(self.existingCluster))",
            "name exactly one target: newCluster or existingCluster",
            _names_one_target,
        ),
        Rule(
            "!has(self.existingCluster) || !has(self.existingCluster.collections)"
            " || self.existingCluster.collections.all(a,"
            f" self.existingCluster.collections.exists_one(b, {_destination_cel('a')} == {_destination_cel('b')}))",
            "restore each collection under a name of its own: two of existingCluster.collections have the same "
            "destination",
            _restores_each_once,
        ),
    ),
    template_rules=(
        *new_cluster_anew("newCluster", _new_cluster),
        Rule(
            "!has(self.existingCluster) || (has(self.existingCluster.collections)"
            " && self.existingCluster.collections.all(one,"
            f" has(one.destCollection) && one.destCollection.contains('{RUN}')))",
            "each run restores its collections once more: name existingCluster.collections, each with "
            f"{RUN} in its destCollection",
            _restores_under_new_names,
        ),
    ),
)
