"""ImportJob: data files into a collection (documented: Create Import Jobs, v2; Import, v1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, AdoptableSpec, RetryPolicy
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, CloudName, Model, NameRef, PositiveSeconds
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule
from zilliz_jobs.api.url import Url, VolumePath

MAX_LISTED_FILES = 50


class ObjectStorage(Model):
    urls: Annotated[list[Url], Field(min_length=1, max_length=1000)] = Field(
        description="Files or folders (ending in /) in object storage, for example s3://bucket/folder/."
    )
    credentials_secret_ref: NameRef | None = Field(
        default=None,
        description="Secret with the keys accessKey, secretKey and, for short-term credentials, token; for Google "
        "and Azure a token alone is enough. It must carry the label jobs.zilliz.com/credentials: "
        '"true". Left out for public objects.',
    )


class Volume(Model):
    name: CloudName = Field(description="Name of the Zilliz Cloud volume.")
    paths: Annotated[list[VolumePath], Field(min_length=1, max_length=1000)] = Field(
        description="Files or folders in the volume."
    )


class ImportOptions(Model):
    timeout_seconds: PositiveSeconds | None = Field(
        default=None, description="The cloud fails the import after this long."
    )


class ImportJobSpec(AdoptableSpec):
    cluster_id: CloudId | None = Field(default=None, description="Id of the cluster that serves the collection.")
    project_id: CloudId | None = Field(default=None, description="Project of an on-demand target.")
    region_id: CloudId | None = Field(default=None, description="Region of an on-demand target.")
    database: CloudName | None = Field(default=None, description="Database of the collection. Default: `default`.")
    collection: CloudName = Field(description="Collection to import into; it must exist.")
    partition: CloudName | None = Field(default=None, description="Partition to import into.")
    object_storage: ObjectStorage | None = Field(default=None, description="Files in object storage.")
    volume: Volume | None = Field(default=None, description="Files in a Zilliz Cloud volume.")
    options: ImportOptions | None = Field(default=None, description="Options of the import.")
    retry_policy: RetryPolicy | None = Field(default=None, description="Automatic retries.")


class ImportFile(Model):
    name: str | None = Field(default=None, description="File or folder as the cloud names it.")
    size_bytes: int | None = Field(default=None, description="Size of the file.")
    state: str | None = Field(default=None, description="The cloud's word for the file's state.")
    progress_percent: int | None = Field(default=None, description="0 to 100.")
    rows: int | None = Field(default=None, description="Rows of the file.")
    reason: str | None = Field(default=None, description="Why the file failed.")


class ImportResult(Model):
    imported_rows: int | None = Field(default=None, description="Rows imported, summed over the files.")
    files: list[ImportFile] | None = Field(
        default=None, description=f"At most {MAX_LISTED_FILES} files, failed ones first."
    )


def _names_one_target(spec: ImportJobSpec) -> bool:
    on_demand = spec.project_id is not None and spec.region_id is not None
    half = (spec.project_id is None) != (spec.region_id is None)
    return (spec.cluster_id is not None) != on_demand and not half


def _names_one_source(spec: ImportJobSpec) -> bool:
    sources = (spec.object_storage is not None) + (spec.volume is not None)
    return sources == 1 or (spec.adopt is not None and sources == 0)


IMPORT_JOB = Resource(
    kind="ImportJob",
    plural="importjobs",
    short="zim",
    description="An import of data files into a collection of Zilliz Cloud.",
    guide="importjob.md",
    row_type=RowType("Import", "Import"),
    spec=ImportJobSpec,
    status=JobStatus,
    result=ImportResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
    rules=(
        Rule(
            "has(self.clusterId) != (has(self.projectId) && has(self.regionId))"
            " && has(self.projectId) == has(self.regionId)",
            "name one target: clusterId, or projectId together with regionId",
            _names_one_target,
        ),
        Rule(
            "has(self.objectStorage) != has(self.volume)"
            " || (has(self.adopt) && !has(self.objectStorage) && !has(self.volume))",
            "name exactly one source: objectStorage or volume",
            _names_one_source,
        ),
    ),
)
