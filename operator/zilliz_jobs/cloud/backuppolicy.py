"""The policy of a cluster's automatic backups (documented: Get Backup Policy)."""

from __future__ import annotations

from zilliz_jobs.cloud.fields import Text, WireModel


class BackupPolicy(WireModel):
    """`status`: ENABLED or DISABLED. `start_time`: two hours in UTC, `02:00-04:00`. `frequency`: days of the week,
    1 for Monday: `1,3,5`. What the cloud does not tell is ""."""

    status: Text = ""
    start_time: Text = ""
    frequency: Text = ""
