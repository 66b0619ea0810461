"""Metrics and logs. Neither ever holds a key: `logs` redacts every record."""
