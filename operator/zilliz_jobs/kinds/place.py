"""Where a job is at work, as far as the texts of its spec and its handle tell. Lenient: people can edit both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

RawSpec = Mapping[str, Any]
"""A spec as it is stored, perhaps one that cannot be parsed."""


class Place(NamedTuple):
    """ "" for what is not told."""

    cluster_id: str = ""
    project_id: str = ""
    region_id: str = ""


def place_in(*parts: object) -> Place:
    """Each id from the first part that has it. A part that says "" hides what the later ones say. Pure."""
    told = [part for part in parts if isinstance(part, Mapping)]

    def first(name: str) -> str:
        return next((part[name] for part in told if isinstance(part.get(name), str)), "")

    return Place(first("clusterId"), first("projectId"), first("regionId"))


def part_of(spec: RawSpec, *names: str) -> RawSpec:
    """A part of the spec by the names that lead to it; empty where there is none. Pure."""
    part: object = spec
    for name in names:
        part = part.get(name) if isinstance(part, Mapping) else None
    return part if isinstance(part, Mapping) else {}
