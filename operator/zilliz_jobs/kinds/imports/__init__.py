"""ImportJob."""
