"""Whether a request asked the cloud for what the object's manifest says. Pure: by the ledger alone."""

from __future__ import annotations

from typing import Any

from tools.chaos.jobs import MANIFESTS, MOVIES_HOLD, RESTORE_ALL, Planned

V1, V2 = "import_v1.create", "import.create"


def otherwise(job: Planned, route: str, target: dict[str, Any]) -> str:
    """In what an effect is not what was wanted; empty for nothing. `route`, `target`: as the ledger names the call
    and what it was about."""
    wanted = V1 if job.row.connection.get("importApi") == "V1" else V2
    if route in (V1, V2) and route != wanted:
        return f"it was submitted by {route}, and its connection says {wanted}"
    if route != "restore.collection" or job.kind != "RestoreJob":
        return ""
    came = set(str(target.get("collection") or "").split(","))
    if job.row is RESTORE_ALL:
        missing = set(MOVIES_HOLD["default"]) - came
        return f"of the whole backup {', '.join(sorted(missing))} was not restored" if missing else ""
    if came != (names := set(destinations(job))):
        return f"it restored {', '.join(sorted(came))}, and its manifest says {', '.join(sorted(names))}"
    return ""


def destinations(job: Planned) -> list[str]:
    """The names under which the collections come that its manifest names."""
    spec = MANIFESTS[job.row.name]["spec"]
    count = len((spec.get("existingCluster") or {}).get("collections") or ())
    return [job.own_name(nth) for nth in range(count)]
