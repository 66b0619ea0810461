"""ProjectJob: one row of the job-centre page. The operator writes it; people set the two request annotations."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from zilliz_jobs.api.importjob import MAX_LISTED_FILES, ImportFile
from zilliz_jobs.api.jobstatus import STARTED, Condition, RequestStatus, StateWord, Submission
from zilliz_jobs.api.model import CloudId, Model, NameRef, Time
from zilliz_jobs.api.resource import Column, Resource


class ProjectJobSpec(Model):
    job_center_ref: NameRef = Field(description="The JobCenter of the same namespace whose page the row is of.")
    job_id: CloudId = Field(
        description="What the cloud's list knows the job by: its id, the backup's or the cluster's where the list "
        "names no job; the uid of the operator's own object where the cloud gave no id."
    )


class OwnerStatus(Model):
    """The object that submitted the job, or adopted it."""

    kind: str | None = Field(default=None, description="Kind of the object.")
    name: str | None = Field(default=None, description="Name of the object.")
    namespace: str | None = Field(default=None, description="Namespace of the object.")
    uid: str | None = Field(default=None, description="Uid of the object.")
    reference: str | None = Field(
        default=None,
        description="The object in one word: ImportJob/films, or ImportJob/team-x/films where its namespace is "
        "another one than the row's.",
    )


class ProjectJobStatus(Model):
    """What no list tells is absent, never guessed."""

    observed_generation: int | None = Field(default=None, description="The generation that this status is of.")
    type: str | None = Field(
        default=None, description="Type of the job as the page calls it; the cloud's own word for a type not known."
    )
    description: str | None = Field(default=None, description="What the job does, in one line.")
    state: StateWord = Field(
        default=None,
        description="Pending, InProgress, Successful, Failed or Canceled, as the job centre says; Unknown when the "
        "cloud forgot the job before its end was seen.",
    )
    cloud_status: str | None = Field(default=None, description="The cloud's own word, untouched.")
    job_id: str | None = Field(default=None, description="The cloud's id of the job; empty where no list tells it.")
    progress_percent: int | None = Field(default=None, description="0 to 100.")
    cluster_id: str | None = Field(default=None, description="The cluster that the job works on.")
    project_id: str | None = Field(default=None, description="The project of the job.")
    region_id: str | None = Field(default=None, description="The region of the job.")
    target: str | None = Field(default=None, description="What the job works on, in one line.")
    created_by: str | None = Field(default=None, description="Who started the job, where the cloud tells.")
    create_time: Time = Field(default=None, description="When the job was created.")
    start_time: Time = Field(default=None, description=STARTED)
    completion_time: Time = Field(default=None, description="When the job ended.")
    reason: str | None = Field(default=None, description="Why the job is in this state; one CamelCase word.")
    message: str | None = Field(default=None, description="Why the job is in this state; a sentence.")
    files: list[ImportFile] | None = Field(
        default=None,
        description=f"Of an import that failed: at most {MAX_LISTED_FILES} files, failed ones first.",
    )
    owner: OwnerStatus | None = Field(
        default=None, description="The object that the job belongs to; then state and requests are that object's."
    )
    cancel: RequestStatus | None = Field(default=None, description="The last cancel request.")
    retry: RequestStatus | None = Field(default=None, description="The last retry request.")
    submission: Submission | None = Field(
        default=None, description="The record of a retry that may have been sent and is not decided yet."
    )
    seen_time: Time = Field(default=None, description="When the operator first saw the job in this state.")
    sources: list[str] | None = Field(default=None, description="The lists that show the job.")
    lists_without: int | None = Field(
        default=None, description="How many complete lists in a row lacked the job; at the second the row goes."
    )
    cloud: dict[str, Any] | None = Field(
        default=None, description="The row as the cloud wrote it, without secrets, at most 4 KiB."
    )
    conditions: list[Condition] | None = Field(default=None, description="Ready: the row shows what the lists tell.")


PROJECT_JOB = Resource(
    kind="ProjectJob",
    plural="projectjobs",
    short="zpj",
    description="One job of the job centre of Zilliz Cloud, whoever started it. Written by the operator only.",
    guide="jobcenter.md",
    spec=ProjectJobSpec,
    status=ProjectJobStatus,
    columns=(
        Column("Job-ID", ".status.jobId", description="The cloud's id of the job."),
        Column("Type", ".status.type"),
        Column("Description", ".status.description"),
        Column("State", ".status.state", description="The state as the job centre says it."),
        Column("Progress", ".status.progressPercent", "integer", description="Percent."),
        Column("Started", ".status.startTime", "date"),
        Column("Finished", ".status.completionTime", "date"),
        Column("Creator", ".status.createdBy"),
        Column("Cluster", ".status.clusterId", priority=1),
        Column("Owner", ".status.owner.reference", priority=1, description="The object that the job belongs to."),
        Column("Message", ".status.message", priority=1),
    ),
    fixed_from_start=("jobCenterRef", "jobId"),
    why_fixed="since the operator writes the row; delete it, and it is made anew where the job still exists",
    selectable=(".status.state", ".status.type", ".status.clusterId"),
)
