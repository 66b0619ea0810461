"""Backups as records. Whether one is CREATING or AVAILABLE follows from its job."""

from dataclasses import dataclass, field

from .contents import Contents
from .jobs import CANCELED, FAILED, SUCCESSFUL, Job
from .timeline import view

MANUAL = "MANUAL"
AUTO = "AUTO"


@dataclass(slots=True)
class Backup:
    """One backup of a cluster or of collections of one database."""

    backup_id: str
    backup_name: str
    backup_type: str
    cluster_id: str
    project_id: str
    region_id: str
    created_at: float
    job_id: str
    creation_method: str = MANUAL
    size: int = 0
    contents: Contents = field(default_factory=dict)
    """The collections as they were when it was made."""
    copy_regions: tuple[str, ...] = ()
    """Regions whose copy jobs do not exist yet; they are made when the main job has succeeded."""
    copy_of: str = ""
    deleted: bool = False

    def status(self, job: Job | None, now: float, *, failed_listed: bool) -> str:
        """CREATING, AVAILABLE, DELETED; FAILED or "" (not to be seen) when its job did not succeed."""
        if self.deleted:
            return "DELETED"
        status = view(job, now).status if job else SUCCESSFUL
        if status == SUCCESSFUL:
            return "AVAILABLE"
        if status in (FAILED, CANCELED):
            return "FAILED" if failed_listed else ""
        return "CREATING"
