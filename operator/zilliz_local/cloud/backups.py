"""Backups as records. Whether one is CREATING or AVAILABLE follows from its job."""

from dataclasses import dataclass

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
    db_collections: tuple[tuple[str, tuple[str, ...]], ...] = ()
    copy_regions: tuple[str, ...] = ()
    """Regions whose copy jobs do not exist yet; they are made when the main job has succeeded."""
    copy_of: str = ""
    deleted: bool = False
