"""RestoreJob, and the restore of collections that a clone uses too."""
