"""MigrationJob: data of another system or cluster into a cluster of Zilliz Cloud (documented: three calls, two of
them deprecated, and guides to the web console for all other sources)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, CancellableSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.migrationengine import ENGINE_RULES, Engine, MetricType, Worker
from zilliz_jobs.api.migrationsource import SOURCES, MigrationSource
from zilliz_jobs.api.model import CloudId, CloudName, Model, Name
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule
from zilliz_jobs.api.template import RUN, names_run, new_cluster_anew

MAX_COLLECTIONS = 10  # documented: for one migration

CuSize = Annotated[int, Field(ge=1, le=1024)]


class Mode(StrEnum):
    OFFLINE = "Offline"
    ZERO_DOWNTIME = "ZeroDowntime"


class Plan(StrEnum):
    STANDARD = "Standard"
    ENTERPRISE = "Enterprise"


class CuType(StrEnum):
    PERFORMANCE = "PerformanceOptimized"
    CAPACITY = "CapacityOptimized"
    TIERED = "TieredStorage"


class NewCluster(Model):
    name: CloudName | None = Field(
        default=None,
        description="Name of the cluster; no other cluster may have it. Default: the object's name with a part of "
        "the submission's token.",
    )
    project_id: CloudId = Field(description="Project of the cluster.")
    region_id: CloudId = Field(description="Region of the cluster.")
    plan: Plan = Field(description="Plan of the cluster.")
    cu_type: CuType = Field(description="Type of its Query CUs.")
    cu_size: CuSize = Field(description="Number of its Query CUs.")
    credentials_secret_name: Name | None = Field(
        default=None,
        description="Secret that takes the cluster's one-time password; it is made by the operator. Default: the "
        "object's name with -credentials.",
    )


class MigrationTarget(Model):
    cluster_id: CloudId | None = Field(default=None, description="Id of a cluster that exists.")
    new_cluster: NewCluster | None = Field(default=None, description="A dedicated cluster to make.")


class Migrated(Model):
    database: CloudName | None = Field(
        default=None,
        description="Database of the source, with zillizCluster and zillizExternal only. Default: `default`.",
    )
    source: CloudName | None = Field(
        default=None,
        description="Collection, index or table to migrate. Left out: the whole database, with zillizCluster only.",
    )
    dest_database: CloudName | None = Field(
        default=None, description="Database of the target; it must exist. Default: `database`, else `default`."
    )
    destination: CloudName | None = Field(
        default=None, description="Collection to make. Default: the name in the source (with _ for - from Pinecone)."
    )
    metric_type: MetricType | None = Field(
        default=None,
        description="With engine VTS: the metric of the indexes that are made for its float vectors. Default: "
        "COSINE. Indexes of a milvus keep their own.",
    )


class MigrationJobSpec(CancellableSpec):
    source: MigrationSource | None = Field(default=None, description="Where the data comes from; exactly one.")
    target: MigrationTarget | None = Field(default=None, description="Where it goes; exactly one.")
    collections: Annotated[list[Migrated], Field(min_length=1, max_length=MAX_COLLECTIONS)] | None = Field(
        default=None,
        description="What to migrate. Left out: all of a zillizCluster; a milvusBackup is always taken as a whole.",
    )
    mode: Mode = Field(
        default=Mode.OFFLINE,
        description="ZeroDowntime lets the source serve meanwhile: all of a zillizCluster into a newCluster. It "
        "cannot be cancelled.",
    )

    engine: Engine = Field(
        default=Engine.CLOUD,
        description="What moves the data: Cloud, the service of Zilliz Cloud; or VTS, the vendor's open engine, in a "
        "Job of this namespace. VTS is there where the operator was installed with it.",
    )
    load: bool | None = Field(
        default=None,
        description="With engine VTS: true leaves the collections loaded at the end, ready for searches. Default: "
        "they are loaded to count their rows, and released again.",
    )
    worker: Worker | None = Field(
        default=None, description="With engine VTS: the pod of the engine. A change acts on the next run or attempt."
    )


class MigrationResult(Model):
    cluster_id: str | None = Field(default=None, description="Id of the target.")
    rows_read: int | None = Field(default=None, description="With engine VTS: how many rows the source gave.")
    rows_written: int | None = Field(default=None, description="With engine VTS: how many rows the target took.")
    credentials_secret_name: str | None = Field(
        default=None, description="Secret with the one-time credentials of a cluster that the job made."
    )


def _is(source: str) -> str:
    """CEL: the job comes from this source."""
    return f"(has(self.source) && has(self.source.{source}))"


def _source(spec: MigrationJobSpec) -> MigrationSource:
    return spec.source or MigrationSource()


def _names_one_target(spec: MigrationJobSpec) -> bool:
    if spec.target is None:
        return spec.adopt is not None
    return (spec.target.cluster_id is None) != (spec.target.new_cluster is None)


def _backup_lies_in_one_place(spec: MigrationJobSpec) -> bool:
    backup = _source(spec).milvus_backup
    return backup is None or (backup.object_storage is None) != (backup.volume is None)


def _elasticsearch_has_one_address(spec: MigrationJobSpec) -> bool:
    elastic = _source(spec).elasticsearch
    return elastic is None or (elastic.cloud_id is None) != (elastic.uri is None)


def _backup_goes_into_a_cluster(spec: MigrationJobSpec) -> bool:
    return _source(spec).milvus_backup is None or spec.target is None or spec.target.cluster_id is not None


def _backup_is_taken_whole(spec: MigrationJobSpec) -> bool:
    return _source(spec).milvus_backup is None or spec.collections is None


def _leads_elsewhere(spec: MigrationJobSpec) -> bool:
    here, there = _source(spec).zilliz_cluster, spec.target
    return here is None or there is None or here.cluster_id != there.cluster_id


def _can_go_on_serving(spec: MigrationJobSpec) -> bool:
    from_cluster = spec.source is None or spec.source.zilliz_cluster is not None
    into_new = spec.target is None or spec.target.new_cluster is not None
    return spec.mode is Mode.OFFLINE or (from_cluster and into_new and spec.collections is None)


def _says_what(spec: MigrationJobSpec) -> bool:
    source = _source(spec)
    whole = source.zilliz_cluster is not None or source.milvus_backup is not None
    return bool(spec.collections) or whole or spec.adopt is not None


def _entries_are_whole(spec: MigrationJobSpec) -> bool:
    return all(c.source or (c.database and not c.destination) for c in spec.collections or [])


def _entries_name_collections(spec: MigrationJobSpec) -> bool:
    return _source(spec).zilliz_cluster is not None or all(c.source for c in spec.collections or [])


def _migrates_under_new_names(spec: MigrationJobSpec) -> bool:
    if spec.target is None or spec.target.cluster_id is None:
        return True
    return bool(spec.collections) and all(names_run(one.destination) for one in spec.collections or [])


def _new_cluster(spec: MigrationJobSpec) -> list[NewCluster]:
    return [spec.target.new_cluster] if spec.target and spec.target.new_cluster else []


def _entries_may_name_databases(spec: MigrationJobSpec) -> bool:
    source = _source(spec)
    has_databases = source.zilliz_cluster is not None or source.zilliz_external is not None
    return has_databases or not any(c.database for c in spec.collections or [])


MIGRATION_JOB = Resource(
    kind="MigrationJob",
    plural="migrationjobs",
    short="zmg",
    description="A migration into a cluster of Zilliz Cloud: from Milvus, another vendor, or another cluster.",
    guide="migrationjob.md",
    row_type=RowType("Migration", "Migration"),
    spec=MigrationJobSpec,
    status=JobStatus,
    result=MigrationResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.target.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE | {"worker"},
    rules=(
        Rule(
            f"has(self.source) ? [{', '.join(f'has(self.source.{name})' for name in SOURCES)}]"
            ".filter(given, given).size() == 1 : has(self.adopt)",
            f"name exactly one source of {', '.join(SOURCES)}; only a job that is adopted needs none",
            lambda spec: len(spec.source.given) == 1 if spec.source else spec.adopt is not None,
        ),
        Rule(
            "has(self.target) ? has(self.target.clusterId) != has(self.target.newCluster) : has(self.adopt)",
            "name exactly one target, clusterId or newCluster; only a job that is adopted needs none",
            _names_one_target,
        ),
        Rule(
            f"!{_is('milvusBackup')} || has(self.source.milvusBackup.objectStorage) != "
            "has(self.source.milvusBackup.volume)",
            "name exactly one place of the milvusBackup: objectStorage or volume",
            _backup_lies_in_one_place,
        ),
        Rule(
            f"!{_is('elasticsearch')} || has(self.source.elasticsearch.cloudId) != "
            "has(self.source.elasticsearch.uri)",
            "name exactly one of cloudId and uri of elasticsearch",
            _elasticsearch_has_one_address,
        ),
        Rule(
            f"!{_is('milvusBackup')} || !has(self.target) || has(self.target.clusterId)",
            "a milvusBackup goes into a cluster that exists: name target.clusterId",
            _backup_goes_into_a_cluster,
        ),
        Rule(
            f"!{_is('milvusBackup')} || !has(self.collections)",
            "a milvusBackup is taken as a whole: leave out collections",
            _backup_is_taken_whole,
        ),
        Rule(
            f"!{_is('zillizCluster')} || !has(self.target) || !has(self.target.clusterId)"
            " || self.source.zillizCluster.clusterId != self.target.clusterId",
            "source and target are the same cluster: name two",
            _leads_elsewhere,
        ),
        Rule(
            "!has(self.mode) || self.mode != 'ZeroDowntime' || ((!has(self.source) || has(self.source.zillizCluster))"
            " && (!has(self.target) || has(self.target.newCluster)) && !has(self.collections))",
            "ZeroDowntime migrates all of a zillizCluster into a newCluster: name these, and no collections",
            _can_go_on_serving,
        ),
        Rule(
            f"has(self.collections) || has(self.adopt) || {_is('zillizCluster')} || {_is('milvusBackup')}",
            "name the collections to migrate; only a zillizCluster and a milvusBackup can be taken as a whole",
            _says_what,
        ),
        Rule(
            "!has(self.collections) || self.collections.all(one, has(one.source)"
            " || (has(one.database) && !has(one.destination)))",
            "each of the collections names its source; or a database and no destination, for a whole database",
            _entries_are_whole,
        ),
        Rule(
            f"{_is('zillizCluster')} || !has(self.collections) || self.collections.all(one, has(one.source))",
            "whole databases come from a zillizCluster only: name the source of each of the collections",
            _entries_name_collections,
        ),
        Rule(
            f"{_is('zillizCluster')} || {_is('zillizExternal')} || !has(self.collections)"
            " || self.collections.all(one, !has(one.database))",
            "only collections of a zillizCluster or zillizExternal have a database: leave it out; a milvus and a "
            "postgresql have theirs in source",
            _entries_may_name_databases,
        ),
        *ENGINE_RULES,
    ),
    cancellable=Rule(
        "!has(self.mode) || self.mode == 'Offline'",
        "a zero-downtime migration cannot be cancelled",
        lambda spec: spec.mode is Mode.OFFLINE,
    ),
    template_rules=(
        *new_cluster_anew("target.newCluster", _new_cluster),
        Rule(
            "!has(self.target) || !has(self.target.clusterId) || (has(self.collections)"
            f" && self.collections.all(one, has(one.destination) && one.destination.contains('{RUN}')))",
            f"each run makes its collections once more: name the collections, each with {RUN} in its destination",
            _migrates_under_new_names,
        ),
    ),
)
