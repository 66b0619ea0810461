"""JobCenter: the job-centre page of one project, mirrored into the cluster as ProjectJobs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from zilliz_jobs.api.jobresources import ROW_TYPES
from zilliz_jobs.api.jobspec import ConnectionRef
from zilliz_jobs.api.jobstatus import Condition
from zilliz_jobs.api.model import CloudId, Model, Time
from zilliz_jobs.api.resource import Column, Resource

DEFAULT_INTERVAL_SECONDS = 60
DEFAULT_COUNT = 500
MAX_COUNT = 5000
DEFAULT_MAX_AGE_HOURS = 168


_TYPES = tuple(row_type.name for row_type in ROW_TYPES)


def _known(word: str) -> str:
    if word not in _TYPES:
        raise PydanticCustomError("enum", "Input should be {expected}", {"expected": ", ".join(map(repr, _TYPES))})
    return word


RowTypeName = Annotated[
    str,
    AfterValidator(_known),
    Field(
        description="The types of the page. A type that the cloud names and this list does not is shown in the "
        "cloud's own word.",
        json_schema_extra={"enum": [*_TYPES]},
    ),
]


class PageState(StrEnum):
    """The five states of the page."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    CANCELED = "Canceled"


class Retention(Model):
    """How much of the page is kept. What is left out takes the operator's default, named in each field."""

    count: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None = Field(
        default=None,
        description="How many jobs are shown at most: those that have not ended first, then the newest. "
        f"Default {DEFAULT_COUNT}.",
    )
    max_age_hours: Annotated[int, Field(ge=1, le=8760)] | None = Field(
        default=None, description=f"How long a job is shown after its end. Default {DEFAULT_MAX_AGE_HOURS}."
    )


class JobCenterSpec(Model):
    connection_ref: ConnectionRef = Field(
        default=ConnectionRef(),
        description="The ZillizConnection of the same namespace whose account is looked at. Default: the one named "
        "`default`.",
    )
    project_id: CloudId | None = Field(
        default=None, description="Project whose jobs are shown. Default: the connection's project."
    )
    types: Annotated[list[RowTypeName], Field(max_length=len(ROW_TYPES))] | None = Field(
        default=None, description="Only jobs of these types. Default: all."
    )
    states: Annotated[list[PageState], Field(max_length=len(PageState))] | None = Field(
        default=None, description="Only jobs in these states. Default: all."
    )
    cluster_ids: Annotated[list[CloudId], Field(max_length=256)] | None = Field(
        default=None, description="Only jobs of these clusters. Default: all."
    )
    interval_seconds: Annotated[int, Field(ge=10, le=3600)] = Field(
        default=DEFAULT_INTERVAL_SECONDS, description="Time between two readings of the lists."
    )
    retention: Retention | None = Field(default=None, description="How much of the page is kept.")
    suspend: bool = Field(default=False, description="While true, nothing is listed, and the rows stay as they are.")


class SourceStatus(Model):
    """One list that the page is made of."""

    name: str = Field(description="Which list.")
    complete: bool | None = Field(default=None, description="Whether the last reading came to the list's end.")
    rows: int | None = Field(default=None, description="Jobs in it, at the last reading that came to its end.")
    calls: int | None = Field(default=None, description="Calls to the cloud that the reading took.")
    message: str | None = Field(default=None, description="Why the list could not be read.")


class JobCenterStatus(Model):
    observed_generation: int | None = Field(default=None, description="The generation that this status is of.")
    project_id: str | None = Field(default=None, description="The project that is shown.")
    last_list_time: Time = Field(default=None, description="When all lists were last read to their end.")
    jobs: int | None = Field(default=None, description="Jobs in the cloud that pass the filters.")
    shown: int | None = Field(default=None, description="Jobs that have a ProjectJob.")
    running: int | None = Field(default=None, description="Jobs that have not ended.")
    failed: int | None = Field(default=None, description="Jobs that failed.")
    hidden: int | None = Field(default=None, description="Jobs that retention leaves out.")
    sources: list[SourceStatus] | None = Field(default=None, description="The lists that the page is made of.")
    reason: str | None = Field(default=None, description="How the page is; one CamelCase word.")
    message: str | None = Field(default=None, description="How the page is; a sentence.")
    conditions: list[Condition] | None = Field(default=None, description="Ready; Reconciling and Stalled.")


JOB_CENTER = Resource(
    kind="JobCenter",
    plural="jobcenters",
    short="zjc",
    description="The job centre of one project of Zilliz Cloud: each of its jobs becomes a ProjectJob.",
    guide="jobcenter.md",
    spec=JobCenterSpec,
    status=JobCenterStatus,
    columns=(
        Column("Project", ".status.projectId"),
        Column("Jobs", ".status.jobs", "integer", description="Jobs in the cloud that pass the filters."),
        Column("Running", ".status.running", "integer"),
        Column("Failed", ".status.failed", "integer"),
        Column("Shown", ".status.shown", "integer", description="Jobs that have a ProjectJob."),
        Column("Listed", ".status.lastListTime", "date", description="Last complete reading of the lists."),
        Column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
        Column("Age", ".metadata.creationTimestamp", "date"),
        Column("Message", ".status.message", priority=1),
    ),
)
