"""MigrationJob with the engine VTS: one Kubernetes Job for each run of it."""
