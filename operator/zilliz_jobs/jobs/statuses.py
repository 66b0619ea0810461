"""What the writing of a job's status stands on: a place that stores it under preconditions."""

from __future__ import annotations

from typing import Protocol

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body


class Statuses(Protocol):
    """`kube.status.StatusWriter` is one, whose preconditions and errors hold for every other."""

    async def write(self, resource: Resource, body: Body, new_status: Body, /, *, clean: bool = False) -> Body:
        """Make the status of `body` into `new_status`, if the object is still as it was read; returns it as stored.
        `clean`: it was searched for secrets just now."""

    async def write_handle(self, resource: Resource, body: Body, new_status: Body, token: str, /) -> Body:
        """Store what became of the submission `token`, whatever else has changed; returns the object as stored."""
