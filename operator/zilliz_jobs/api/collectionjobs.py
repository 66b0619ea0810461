"""CloneCollectionJob and SampleCollectionJob: a new collection, as a copy or with sample data.

The web console has a call for each (documented: its page of jobs); the public API has none, so without the console
they are made of documented calls.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, AdoptableSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, CloudName, Model
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule
from zilliz_jobs.api.template import named_anew

DEFAULT_DATABASE = "default"


class CloneCollectionJobSpec(AdoptableSpec):
    cluster_id: CloudId = Field(description="Id of the dedicated cluster.")
    database: CloudName | None = Field(default=None, description="Database of the collection. Default: `default`.")
    collection: CloudName = Field(description="Collection to copy, schema and data.")
    dest_database: CloudName | None = Field(
        default=None, description="Database of the copy; it must exist. Default: the database of the original."
    )
    dest_collection: CloudName = Field(description="Name of the copy; no collection may have it yet.")


class CloneResult(Model):
    temporary_backup_id: str | None = Field(
        default=None, description="The backup that the copy was made from; deleted when all went well."
    )


class Dataset(StrEnum):
    """The sample data sets that come with the operator."""

    FILMS = "Films"


class SampleCollectionJobSpec(AdoptableSpec):
    cluster_id: CloudId = Field(description="Id of the cluster.")
    database: CloudName | None = Field(
        default=None, description="Database of the collection; it must exist. Default: `default`."
    )
    collection: CloudName = Field(description="Name of the collection to make; no collection may have it yet.")
    dataset: Dataset = Field(
        default=Dataset.FILMS,
        description="The sample data. Films: 120 invented films with title, year, genre and an 8-dimensional vector.",
    )


class SampleResult(Model):
    rows: int | None = Field(default=None, description="Rows that were written; empty where the console made them.")


def _is_a_copy(spec: CloneCollectionJobSpec) -> bool:
    database = spec.database or DEFAULT_DATABASE
    return (spec.dest_database or database, spec.dest_collection) != (database, spec.collection)


_DATABASE = f"(has(self.database) ? self.database : '{DEFAULT_DATABASE}')"

CLONE_COLLECTION_JOB = Resource(
    kind="CloneCollectionJob",
    plural="clonecollectionjobs",
    short="zcl",
    description="A copy of a collection, schema and data, under another name in the same cluster.",
    guide="collectionjobs.md",
    row_type=RowType("CloneCollection", "Clone of a collection"),
    spec=CloneCollectionJobSpec,
    status=JobStatus,
    result=CloneResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
    rules=(
        Rule(
            f"self.destCollection != self.collection || (has(self.destDatabase) && self.destDatabase != {_DATABASE})",
            "the copy needs another name than the original, or another database: set destCollection or destDatabase",
            _is_a_copy,
        ),
    ),
    template_rules=(named_anew("destCollection", lambda spec: [spec.dest_collection]),),
)

SAMPLE_COLLECTION_JOB = Resource(
    kind="SampleCollectionJob",
    plural="samplecollectionjobs",
    short="zsm",
    description="A new collection filled with sample data.",
    guide="collectionjobs.md",
    row_type=RowType("SampleCollection", "Sample collection"),
    spec=SampleCollectionJobSpec,
    status=JobStatus,
    result=SampleResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
    template_rules=(named_anew("collection", lambda spec: [spec.collection]),),
)
