"""Projects, v2 (documented: List Projects). Not paged; the cheapest read that proves a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from zilliz_jobs.cloud.errors import ProtocolMismatch
from zilliz_jobs.cloud.fields import Count, Id, Moment, NullableList, Text, WireModel
from zilliz_jobs.cloud.listing import parsed
from zilliz_jobs.cloud.transport import Transport


class Project(WireModel):
    """A project of the organisation. `plan` and `org_type`: the cloud's words."""

    project_id: Id
    project_name: Text = ""
    plan: Text = ""
    org_type: Text = ""
    instance_count: Count = None
    region_ids: Annotated[tuple[Text, ...], NullableList] = ()
    create_time: Moment = None


class Projects:
    """Reads of projects; they change nothing and may be repeated."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[Project]:
        """All projects that the key sees. Raises Unauthorised for a wrong key."""
        doing = "list projects"
        reply = await self._transport.read("GET", "/v2/projects", doing=doing)
        rows = reply.data["projects"] if isinstance(reply.data, dict) and "projects" in reply.data else reply.data
        if rows is not None and not isinstance(rows, Sequence):
            raise ProtocolMismatch(f"cannot {doing}: the answer is no list")
        return [parsed(row, Project, doing=doing) for row in rows or ()]
