"""ZillizConnection: the account that jobs of its namespace run in."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobstatus import Condition
from zilliz_jobs.api.model import CloudId, Model, Name, Time
from zilliz_jobs.api.resource import Column, Resource, Rule
from zilliz_jobs.api.url import Address

DEFAULT_CONSOLE_PATH = "/console/v1"
MAX_REQUESTS_PER_SECOND = 20  # documented: 20 requests a second per user and endpoint
DEFAULT_SETTLE_SECONDS = 120
MAX_REMEMBERED = 100
MAX_PROJECTS = 1000
REGION = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"  # it becomes part of a host name


class CloudRegion(StrEnum):
    GLOBAL = "Global"
    CHINA = "China"


class FirstSubmission(StrEnum):
    SUBMIT = "Submit"
    FIND = "Find"
    HOLD = "Hold"


class ImportApi(StrEnum):
    V2 = "V2"
    V1 = "V1"


class SecretKeyRef(Model):
    name: Name = Field(
        description='Name of a Secret in the same namespace with the label jobs.zilliz.com/credentials: "true".'
    )
    key: Name = Field(default="apiKey", description="Key of the Secret that holds the API key.")


class ConsoleApi(Model):
    enabled: bool = Field(description="Allow the calls of the web console, which the vendor does not document.")
    base_path: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^/[A-Za-z0-9._~/-]*$")] | None = Field(
        default=None, description=f"Path of the console API on the endpoint. Default {DEFAULT_CONSOLE_PATH}."
    )


class ZillizConnectionSpec(Model):
    cloud: CloudRegion | None = Field(
        default=None, description="Global (api.cloud.zilliz.com) or China (api.cloud.zilliz.com.cn)."
    )
    endpoint: Address | None = Field(default=None, description="URL of the control plane, instead of `cloud`.")
    credentials_secret_ref: SecretKeyRef = Field(description="The API key.")
    project_id: CloudId | None = Field(default=None, description="Project that the key must see.")
    import_api: ImportApi = Field(default=ImportApi.V2, description="Generation of the import API to use.")
    region_id: Annotated[str, Field(min_length=1, max_length=63, pattern=REGION)] | None = Field(
        default=None, description="Region of the v1 controller host; needed with importApi V1."
    )
    suspend: bool = Field(
        default=False,
        description="While true, jobs of this connection are not submitted; those submitted are followed.",
    )
    first_submission: FirstSubmission = Field(
        default=FirstSubmission.SUBMIT,
        description="What a new object's first submission does. Submit; Find: look for the same work in the cloud "
        "first, where its kind can be found exactly, else hold; Hold: submit nothing until this says Submit.",
    )
    submission_settle_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=DEFAULT_SETTLE_SECONDS,
        description="How long the effect of a submission whose answer was lost may take to show in the cloud.",
    )
    console_api: ConsoleApi | None = Field(default=None, description="Use of the web console's API.")
    requests_per_second: Annotated[int, Field(ge=1, le=MAX_REQUESTS_PER_SECOND)] = Field(
        default=MAX_REQUESTS_PER_SECOND, description="Budget per endpoint of the cloud's API."
    )


class RememberedSubmission(Model):
    """A submission of a job that no object tells of any more, or whose fate is open."""

    uid: str = Field(description="The object's uid.")
    kind: str = Field(default="", description="The object's kind.")
    name: str = Field(default="", description="The object's name.")
    deleted: bool | None = Field(default=None, description="True when the object was deleted.")
    time: Time = Field(default=None, description="Since when this is known (operator's clock).")
    attempt: int = Field(default=1, description="The attempt that was submitted.")
    steps: int | None = Field(default=None, description="How many steps had ended, of a job of several.")
    step: str | None = Field(default=None, description="The step that was submitted.")
    token: str | None = Field(default=None, description="The submission's token.")
    sends: int | None = Field(default=None, description="How often the request may have left.")
    lock: str | None = Field(default=None, description="What it was sent to, where its fate is open.")
    ids: list[str] | None = Field(default=None, description="The job, and what it made, by the cloud's ids.")


class ZillizConnectionStatus(Model):
    observed_generation: int | None = Field(default=None, description="The generation that this status is of.")
    last_check_time: Time = Field(default=None, description="When the key was last checked with a new outcome.")
    key_fingerprint: str | None = Field(default=None, description="Short hash of the key in use; never the key.")
    endpoint: str | None = Field(default=None, description="The control plane in use.")
    shard: str | None = Field(
        default=None, description="The shard whose operator works with this account, where several share the objects."
    )
    shard_lease: str | None = Field(default=None, description="Namespace and name of the Lease of that operator.")
    projects: list[str] | None = Field(
        default=None, description=f"Ids of projects that the key sees, {MAX_PROJECTS} at most; with `shard` only."
    )
    remembered: list[RememberedSubmission] | None = Field(
        default=None,
        description="What must outlive the operator: jobs of objects that were deleted while they ran, and "
        "submissions whose fate is open. The newest 100, for a week; written by the operator only.",
    )
    remembered_since: Time = Field(
        default=None, description="Older ones were dropped: what is looked for from before this time stays unknown."
    )
    conditions: list[Condition] | None = Field(default=None, description="Ready; Reconciling and Stalled.")


ZILLIZ_CONNECTION = Resource(
    kind="ZillizConnection",
    plural="zillizconnections",
    short="zcon",
    description="An account of Zilliz Cloud: endpoint, API key, project and limits.",
    guide="connection.md",
    spec=ZillizConnectionSpec,
    status=ZillizConnectionStatus,
    columns=(
        Column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
        Column("Reason", ".status.conditions[?(@.type=='Ready')].reason"),
        Column("Endpoint", ".status.endpoint"),
        Column("Age", ".metadata.creationTimestamp", "date"),
        Column("Project", ".spec.projectId", priority=1),
        Column("Message", ".status.conditions[?(@.type=='Ready')].message", priority=1),
    ),
    fixed_from_start=("cloud", "endpoint", "projectId", "importApi", "regionId"),
    rules=(
        Rule(
            "has(self.cloud) != has(self.endpoint)",
            "name exactly one of cloud and endpoint",
            lambda spec: (spec.cloud is None) != (spec.endpoint is None),
        ),
        Rule(
            "self.importApi != 'V1' || has(self.regionId)",
            "importApi V1 needs regionId",
            lambda spec: spec.import_api is not ImportApi.V1 or spec.region_id is not None,
        ),
    ),
)
