"""The ids in a status: of jobs, and of the backups and clusters that they made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def claims_in(handle: Mapping[str, Any]) -> list[Any]:
    """The ids in a handle that can belong to one object only. Not the cluster that a job works on, nor names: other
    jobs have the same."""
    return [value for key, value in handle.items() if key.endswith("Id") and key != "clusterId"]


def ids_in(status: dict[str, Any]) -> set[str]:
    """Every id of a job or its product that a raw status names; lenient, since people can edit a status."""
    submission = status.get("submission")
    submission = submission if isinstance(submission, dict) else {}
    others, attempts, steps = submission.get("otherHandles"), status.get("attempts"), status.get("steps")
    handles = [submission.get("handle")]
    handles += [step.get("handle") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    names: list[object] = [status.get("jobId")]
    for handle in handles:
        if isinstance(handle, dict):
            names += claims_in(handle)
    if isinstance(others, list):
        names += others
    if isinstance(attempts, list):
        names += [attempt.get("jobId") for attempt in attempts if isinstance(attempt, dict)]
    return {name for name in names if isinstance(name, str) and name}
