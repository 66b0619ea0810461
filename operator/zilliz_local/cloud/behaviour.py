"""Switches for what the cloud may do and how long it takes.

Three sorts: documented rules whose figures a test wants to change (rate limit, durations), points on which
the documentation is silent or contradicts itself (so an operator must live with both), and the ways of a
real cloud that make it hard to find a submission again. The defaults are the friendly documented form.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from .camel import Camel
from .jobs import (
    BACKUP,
    CLONE_COLLECTION,
    CROSS_REGION_COPY,
    EXPORT,
    IMPORT,
    MIGRATION,
    RESTORE,
    RESUME_CLUSTER,
    SAMPLE_COLLECTION,
    SCALE_CU,
    SCALE_REPLICA,
    SUSPEND_CLUSTER,
    TYPES,
)

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
    submits_take_seconds: Seconds = 0
    """The clock goes forward by so much before a request that starts a job is carried out: for a clock that stands
    still otherwise, and would date the job to the second of the read before it."""

    # --- lists
    list_lag_seconds: Seconds = 0
    """A new job, backup or import is missing from lists for this long; reads by id know it at once."""
    rows_move: bool = False
    """From page 2 on, rows shift by one now and then, so that some are shown twice or not at all."""
    count_of_page_only: bool = False
    """`count` tells the rows of this page rather than of all (the documentation says both)."""
    backups_tell_collections: Literal["nested", "flat", "none"] = "nested"
    """How describe tells the collections of a backup: by database (schema), without it (example), or not at all."""
    failed_backups_listed: bool = False
    """List and describe failed and cancelled backups too (status FAILED: no documented word)."""

    filters_ignored: tuple[Literal["imports", "backups", "console"], ...] = ()
    """Lists that take no heed of their filters: the same rows for every one."""
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
    creators: dict[str, str] = Field(default_factory=lambda: {"console": "ada@example.com"})
    """Who the console says started the jobs of a client (api, console, rival, autoscaler); of the others it says
    nothing (not documented)."""
    retry_keeps_id: bool = True
    """A console retry runs under the same job id; off: it makes a new one (not documented)."""
    max_unfinished_imports_per_collection: int = Field(default=10_000, ge=1)
    """Documented."""

    collections_appear_at: Literal["start", "end"] = "end"
    """When the collections of a restore, migration, clone or sample can be seen: when the job begins (empty, and gone
    again if it does not succeed), or when it has succeeded. Not documented."""
    collection_status_words: Literal["both", "documented", "clients"] = "both"
    """What restoreCluster takes as collectionStatus: KEEP and RELEASE (REST pages), LOADED and NOT_LOADED (the
    vendor's command line and plugin), or either."""
    restores_several: bool = True
    """restoreCollection takes one, several or all collections (newest page). Off: exactly one (guides)."""
    migrations_gone: Literal[404, 405] | None = None
    """HTTP status of the two deprecated migration calls, as if they had been removed."""

    # --- answers
    unset_time: str = ""
    """What stands where a time has not come: nothing (documented), or a zero time such as 0001-01-01T00:00:00Z."""
    import_file_name: str = "{name}"
    """How an import's progress spells the name of a file, such as "[{name}]"."""
    migrations_without_envelope: bool = False
    """toNewDedicated answers without code and data (example); off: with them (schema)."""
    autoscaling_echo_normalised: bool = False
    """Describe tells autoscaling in full rather than as it was sent: both parts, every field, a time zone, and
    single blanks in cron texts. Not documented."""
    autoscaling_told: bool = True
    """Describe has `autoscaling`, empty where there is no rule. Off: it never has (documented example)."""
    autoscaling_replaced: bool = True
    """Each scaling call replaces the rules of both dimensions, and one without rules ends both (the vendor's
    Terraform provider and its mock server). Off: it changes its own dimension only."""
    schedule_time_zones: bool = True
    """Off: `timezone` of a schedule is ignored, as the published pages do not know it."""
    size_excludes_rules: bool = False
    """A fixed size together with any rule is refused (that mock server); off: with the rule of its own dimension."""
    modify_takes_replica: bool = True
    """Off: `modify` with a replica count alone is answered HTTP 500 (that mock server); modifyReplica takes it."""
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
    restore: Duration = Duration(pending_seconds=2, run_seconds=25)
    export: Duration = Duration(pending_seconds=2, run_seconds=15)
    migration: Duration = Duration(pending_seconds=2, run_seconds=30)
    clone_collection: Duration = Duration(pending_seconds=1, run_seconds=10)
    sample_collection: Duration = Duration(pending_seconds=1, run_seconds=5)
    cancel_seconds: Seconds = 3
    load_seconds: Seconds = 1
    """Of a collection, by the data plane."""
    suspend_seconds: Seconds = 15
    resume_seconds: Seconds = 15
    modify_seconds: Seconds = 20

    def of(self, job_type: str) -> Duration:
        """The duration of a job type's word, such as BACKUP."""
        cluster_work = {
            SUSPEND_CLUSTER: self.suspend_seconds,
            RESUME_CLUSTER: self.resume_seconds,
            SCALE_CU: self.modify_seconds,
            SCALE_REPLICA: self.modify_seconds,
        }
        if job_type in cluster_work:
            return Duration(pending_seconds=0, run_seconds=cluster_work[job_type])
        return {
            BACKUP: self.backup,
            CROSS_REGION_COPY: self.cross_region_copy,
            IMPORT: self.import_,
            RESTORE: self.restore,
            EXPORT: self.export,
            MIGRATION: self.migration,
            CLONE_COLLECTION: self.clone_collection,
            SAMPLE_COLLECTION: self.sample_collection,
        }[job_type]


class NextJob(Camel):
    """What is special about the next job(s) of a type: other times, or a failure."""

    type: str
    pending_seconds: Seconds | None = None
    run_seconds: Seconds | None = None
    failure: str = ""
    """If set, the job fails with this reason half way."""
    times: int = Field(default=1, ge=1)

    @field_validator("type")
    @classmethod
    def _known(cls, word: str) -> str:
        if word not in TYPES:
            raise ValueError(f"{word} is not one of {sorted(TYPES)}")
        return word
