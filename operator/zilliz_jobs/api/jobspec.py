"""What every job kind shares in its spec. A field stands only in the kinds where it can act."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.model import CloudId, Model, Name, PositiveSeconds, Seconds

DEFAULT_CONNECTION = "default"


class ConnectionRef(Model):
    name: Name = Field(default=DEFAULT_CONNECTION, description="Name of a ZillizConnection in the same namespace.")


class Adopt(Model):
    job_id: CloudId = Field(description="Id of a job that exists in the cloud already, as the job centre shows it.")


class OnSubmissionUnknown(StrEnum):
    WAIT = "Wait"
    FAIL = "Fail"
    RESUBMIT = "Resubmit"


class DeletionPolicy(StrEnum):
    RETAIN = "Retain"
    CANCEL = "Cancel"


class RetryPolicy(Model):
    """Automatic retries. What is left out takes the operator's default, named in each field."""

    limit: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, description="How many automatic retries follow a failed attempt. Default 0: none."
    )
    backoff_seconds: PositiveSeconds | None = Field(
        default=None, description="Wait before the first retry; it doubles with each further one. Default 30."
    )
    max_backoff_seconds: PositiveSeconds | None = Field(
        default=None, description="The longest wait between two attempts. Default 1800."
    )
    on_submission_unknown: OnSubmissionUnknown | None = Field(
        default=None,
        description="What to do when no look-up can tell whether the cloud took a submission: Wait for the "
        "annotation jobs.zilliz.com/resolve-submission (default), Fail the job, or Resubmit it, which may run it "
        "twice. Resubmit waits as a retry does and counts towards limit, which is 1 here where it is left out; past "
        "it, or with an explicit 0, the job waits.",
    )


class ResubmitRetryPolicy(RetryPolicy):
    """The policy of kinds which the cloud itself cannot retry: a retry is a second submission."""

    resubmit: bool | None = Field(
        default=None,
        description="Say true to allow retries of this kind: each is a new submission, which may cost again. "
        "Default false.",
    )


class JobSpec(Model):
    """The common fields of all job kinds."""

    connection_ref: ConnectionRef = Field(
        default=ConnectionRef(),
        description="The ZillizConnection of the same namespace whose account runs the job. Default: the one "
        "named `default`.",
    )
    suspend: bool = Field(
        default=False,
        description="While true, nothing is submitted. It has no effect on a job that was submitted already.",
    )
    start_deadline_seconds: PositiveSeconds | None = Field(
        default=None,
        description="Fail the job when it could not be submitted within this many seconds of its creation (or of "
        "its last retry, or of the end of its suspension).",
    )
    active_deadline_seconds: PositiveSeconds | None = Field(
        default=None,
        description="How long the cloud may work on the job. Past it the job is cancelled where its kind can be, "
        "else marked Overdue and followed on.",
    )
    stall_deadline_seconds: PositiveSeconds | None = Field(
        default=None,
        description="How long the job may go without progress. Past it the same happens as with "
        "activeDeadlineSeconds.",
    )
    ttl_seconds_after_finished: Seconds | None = Field(
        default=None,
        description="Delete the object this long after its end. Unset: keep it. Objects that carry a tracking mark "
        "of Argo CD, Flux or Helm are kept all the same.",
    )


class AdoptableSpec(JobSpec):
    """Adds what acts only where the cloud's jobs have an id."""

    adopt: Adopt | None = Field(
        default=None, description="Follow a job that exists in the cloud already, and submit nothing."
    )


class CancellableSpec(AdoptableSpec):
    """Adds what acts only where the cloud can cancel."""

    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description="What deleting the object does to a job that still runs in the cloud: Retain leaves it alone, "
        "Cancel cancels it first.",
    )


# What may change after the first submission; all else is fixed by the generated transition rule.
ALWAYS_MUTABLE = frozenset(
    {
        "suspend",
        "retryPolicy",
        "startDeadlineSeconds",
        "activeDeadlineSeconds",
        "stallDeadlineSeconds",
        "ttlSecondsAfterFinished",
        "deletionPolicy",
    }
)
