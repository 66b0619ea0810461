"""What Kubernetes must know of a kind beside its fields: names, columns, rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.api.model import GROUP, Model


@dataclass(frozen=True)
class Column:
    """One column of `kubectl get`; priority 1 shows with -o wide only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule over the whole spec, said twice: as CEL for the API server, and as `holds` for servers without CEL."""

    cel: str
    message: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class RowType:
    """A type of job of the job-centre page. `words`: what a row says of a job that the cloud does not describe."""

    name: str
    words: str


@dataclass(frozen=True, eq=False)
class Resource:
    """A custom resource: everything `crd` needs to write its CustomResourceDefinition. Each is its own value, so that
    it can be a key in no time."""

    kind: str
    plural: str
    short: str
    description: str
    guide: str
    """The page of docs/ that tells how it works."""
    spec: type[Model]
    status: type[Model]
    columns: tuple[Column, ...]
    result: type[Model] | None = None
    categories: tuple[str, ...] = ()
    mutable: frozenset[str] = frozenset()
    fixed_from_start: tuple[str, ...] = ()
    why_fixed: str = ""
    """Why they are fixed and what to do instead; "" where running jobs would look lost."""
    selectable: tuple[str, ...] = ()
    """Paths that `kubectl get --field-selector` takes (Kubernetes 1.31 and newer)."""
    rules: tuple[Rule, ...] = ()
    max_name: int | None = None
    """How long its objects' names may be, where names of others are made of them."""
    template_rules: tuple[Rule, ...] = ()
    """Further rules of the spec of a job that a JobSchedule makes in each run."""
    cancellable: Rule | None = None
    """Which of its jobs can be cancelled while they run, where not all of a kind whose spec has a deletionPolicy."""
    row_type: RowType | None = None
    """Of a job kind: its type on the job-centre page; None for what is no job there."""

    @property
    def row_name(self) -> str:
        """The name of its type on the job-centre page; "" for what is no job there."""
        return self.row_type.name if self.row_type else ""

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def crd_name(self) -> str:
        return f"{self.plural}.{GROUP}"


JOB_COLUMNS = (
    Column("State", ".status.state", description="The state as the job centre says it."),
    Column("Reason", ".status.reason", description="Why, where the state does not say it all."),
    Column("Progress", ".status.progressPercent", "integer", description="Percent."),
    Column("Target", ".status.target", description="What the job works on."),
    Column("Job-ID", ".status.jobId", description="The cloud's id of the job."),
    Column("Age", ".metadata.creationTimestamp", "date"),
    Column("Started", ".status.startTime", "date", priority=1),
    Column("Finished", ".status.completionTime", "date", priority=1),
    Column("Connection", ".spec.connectionRef.name", priority=1),
    Column("Message", ".status.message", priority=1),
)

JOB_SELECTABLE = (".status.state", ".status.reason")
"""Of every job kind; each adds the field of its cluster."""
