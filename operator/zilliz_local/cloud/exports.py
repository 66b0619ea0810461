"""What exports of backups have written to object storage."""

from dataclasses import dataclass

from .jobs import Job
from .timeline import view


@dataclass(frozen=True, slots=True)
class Export:
    """One export. Its files stay whatever becomes of the job (documented for a cancel)."""

    integration_id: str
    directory: str
    backup_id: str
    cluster_id: str
    size: int
    job: Job

    def written(self, now: float) -> int:
        """Bytes in the directory."""
        return int(self.size * view(self.job, now).fraction)

    def wire(self, now: float) -> dict[str, object]:
        """The JSON form."""
        return {
            "integrationId": self.integration_id,
            "directory": self.directory,
            "backupId": self.backup_id,
            "clusterId": self.cluster_id,
            "jobId": self.job.job_id,
            "status": view(self.job, now).status,
            "bytes": self.written(now),
        }
