"""The reference page of the metrics, from the catalogue that they are made from. Pure text."""

from __future__ import annotations

from zilliz_jobs.telemetry.catalogue import FAMILIES, Family

INTRO = """# Metrics

What `/metrics` on `ZILLIZ_JOBS_METRICS_PORT` tells; the alerts and the dashboard of the chart use nothing else.

- "the leader": only the replica that works has samples of it, so a sum over all replicas counts nothing twice.
  "every replica": each tells of itself; sum them up.
- A histogram has the series `_bucket` (with the label `le`), `_sum` and `_count`.
- Label values come from closed lists: kinds, states, the [reasons](reasons.md), routes without ids in them.
  `object_namespace` is the namespace of the object; `namespace` and `pod`, which Prometheus adds, are the operator's.
- Counters of jobs begin with 0 for every kind, so that the first failure is an increase too. They begin anew with
  the process.

| Metric | Type | Labels | Told by | Meaning |
|---|---|---|---|---|"""


def page() -> str:
    return "\n".join([INTRO, *(_row(family) for family in FAMILIES), ""])


def _row(family: Family) -> str:
    labels = ", ".join(f"`{name}`" for name in family.labels) or "-"
    teller = "the leader" if family.by_leader else "every replica"
    return f"| `{family.name}` | {family.type} | {labels} | {teller} | {family.help} |"
