"""BackupJob, and what all kinds that work on a backup share."""
