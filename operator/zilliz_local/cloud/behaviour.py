"""Switches for what the cloud may do and how long it takes.

Three sorts: documented rules whose figures a test wants to change (rate limit, durations), points on which
the documentation is silent or contradicts itself (so an operator must live with both), and the ways of a
real cloud that make it hard to find a submission again. The defaults are the friendly documented form.
"""

from typing import Annotated, Literal

from pydantic import Field

from .camel import Camel

Seconds = Annotated[float, Field(ge=0)]


class Behaviour(Camel):
    """How the cloud behaves. Change it with `world.behave(list_lag_seconds=5)` or PATCH /_sim/behaviour."""

    # --- limits and tokens
    requests_per_second: float = Field(default=20, ge=0)
    """Per key and endpoint, in real time (documented: 20). 0 switches the limit off."""
    honour_idempotency_key: bool = False
    """Answer a repeated `Idempotency-Key` with the first answer, for 24 h (Milvus >= 2.6.24 does so for
    imports; not stated for Zilliz Cloud)."""
    date_skew_seconds: float = 0
    """Added to the `Date` header of every answer."""

    # --- lists
    list_lag_seconds: Seconds = 0
    """A new job, backup or import is missing from lists for this long; reads by id know it at once."""
    rows_move: bool = False
    """From page 2 on, rows shift by one now and then, so that some are shown twice or not at all."""
    count_of_page_only: bool = False
    """`count` tells the rows of this page rather than of all (the documentation says both)."""
    failed_backups_listed: bool = False
    """List and describe failed and cancelled backups too (status FAILED: no documented word)."""

    copies_listed: bool = False
    """List cross-region copies among the backups, in their own region (not documented)."""

    # --- memory
    imports_forgotten_after_seconds: Seconds | None = None
    """A finished import leaves list and progress after this time (Milvus: 10,800 s; not stated here)."""
    jobs_forgotten_after_seconds: Seconds | None = None
    """A finished job of any type leaves GET /v2/jobs/{id} and the console list after this time."""

    # --- jobs
    skip_states: tuple[Literal["PENDING", "IN_PROGRESS", "CANCELING"], ...] = ()
    """Job states that new jobs pass through too fast for any poll to see."""
    start_time_while_pending: bool = True
    """startTime is the time of submission. Off: empty while PENDING, then the time work began."""
    retry_keeps_id: bool = True
    """A console retry runs under the same job id; off: it makes a new one (not documented)."""
    max_unfinished_imports_per_collection: int = Field(default=10_000, ge=1)
    """Documented."""

    # --- answers
    cluster_has_replica: bool = True
    """Off: `replica` and `deploymentOption` are missing from cluster answers, as recorded in 2025."""
    milvus_import_fields: bool = False
    """Add what open-source Milvus adds: importedRows; progress and reason in the import list."""
    v1_items_key: Literal["records", "tasks"] = "records"
    """Key of the v1 import list's rows: the older schema says records, the example tasks."""
    v1_numbers_as_strings: bool = True
    """count, currentPage and pageSize of the v1 list as strings (schema); off: integers (example)."""


class Duration(Camel):
    """How long one type of job takes, in simulated seconds."""

    pending_seconds: Seconds = 1
    run_seconds: Seconds = 10
    seconds_per_million_rows: Seconds = 0


class Durations(Camel):
    """How long things take, per type of job and for cluster changes."""

    backup: Duration = Duration(pending_seconds=2, run_seconds=20)
    cross_region_copy: Duration = Duration(pending_seconds=2, run_seconds=10)
    import_: Annotated[Duration, Field(alias="import")] = Duration(
        pending_seconds=1, run_seconds=5, seconds_per_million_rows=10
    )
    other: Duration = Duration()
    cancel_seconds: Seconds = 3
    suspend_seconds: Seconds = 15
    resume_seconds: Seconds = 15
    modify_seconds: Seconds = 20

    def of(self, job_type: str) -> Duration:
        """The duration of a job type's word, such as BACKUP."""
        match job_type:
            case "BACKUP":
                return self.backup
            case "CROSS_REGION_COPY":
                return self.cross_region_copy
            case "IMPORT":
                return self.import_
            case _:
                return self.other


class NextJob(Camel):
    """What is special about the next job(s) of a type: other times, or a failure."""

    type: str
    pending_seconds: Seconds | None = None
    run_seconds: Seconds | None = None
    failure: str = ""
    """If set, the job fails with this reason half way."""
    times: int = Field(default=1, ge=1)
