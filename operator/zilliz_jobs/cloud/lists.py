"""The lists of the cloud by name: what one key can ask for, so that all who need a list share one reading of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zilliz_jobs.cloud.errors import ProtocolMismatch
from zilliz_jobs.cloud.imports import ImportTarget
from zilliz_jobs.cloud.listing import PagedList
from zilliz_jobs.cloud.session import CloudSession


class Source(StrEnum):
    """Of what kind the rows are: ConsoleJob, ImportRecord, ImportTask, Backup, Cluster."""

    CONSOLE = "console jobs"
    IMPORTS = "imports"
    IMPORTS_V1 = "imports (v1)"
    BACKUPS = "backups"
    CLUSTERS = "clusters"


@dataclass(frozen=True, order=True)
class ListId:
    """Which list. Of the ids only those that its source takes are set; none of them: all that the key sees."""

    source: Source
    cluster_id: str = ""
    project_id: str = ""
    region_id: str = ""

    def __str__(self) -> str:
        place = "/".join(part for part in (self.cluster_id or self.project_id, self.region_id) if part)
        return f"{self.source} of {place}" if place else str(self.source)


def paged(session: CloudSession, wanted: ListId) -> PagedList[Any]:
    """The list. Raises ProtocolMismatch where the session has no such list: the console is off, or v1 has no host."""
    match wanted.source:
        case Source.CONSOLE if session.console is not None:
            return session.console.paged(project_id=wanted.project_id or None, cluster_id=wanted.cluster_id or None)
        case Source.IMPORTS:
            on_demand = {"project_id": wanted.project_id, "region_id": wanted.region_id}
            where = {"cluster_id": wanted.cluster_id} if wanted.cluster_id else on_demand
            return session.imports.paged(ImportTarget(**where))
        case Source.IMPORTS_V1 if session.imports_v1 is not None:
            return session.imports_v1.paged(wanted.cluster_id)
        case Source.BACKUPS:
            return session.backups.paged(project_id=wanted.project_id or None, cluster_id=wanted.cluster_id or None)
        case Source.CLUSTERS:
            return session.clusters.paged()
        case _:
            raise ProtocolMismatch(f"cannot list {wanted}: this connection has no such call")
