"""MigrationJob."""
