"""The import API, v2 (documented: Create Import Jobs, List Import Jobs, Get Import Job Progress).

Its paths start with /v2/vectordb, but the control plane's host serves them. Progress has three spellings:
`describe` (the SDKs), `getProgress` (documentation of 2025), `get_progress` (newest documentation); the one that
worked first is kept for the connection.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.fields import Count, Id, Moment, Percent, Rows, Text, WireModel
from zilliz_jobs.cloud.listing import Page, PagedList, page_of, parsed
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Reply, Transport

_PATH = "/v2/vectordb/jobs/import/"
_SPELLINGS = ("describe", "getProgress", "get_progress")


class ImportTarget(WireModel):
    """`cluster_id` of a serving cluster, or `project_id` and `region_id` of an on-demand target."""

    cluster_id: str | None = None
    project_id: str | None = None
    region_id: str | None = None


class ImportRequest(ImportTarget):
    """What to import, and where to. Sources: `object_urls` or `volume_name` with `data_paths`; each inner list holds
    one file or folder (documented). The credentials never show in a repr."""

    db_name: str | None = None
    collection_name: str
    partition_name: str | None = None
    object_urls: list[list[str]] | None = None
    access_key: Annotated[str | None, Field(repr=False)] = None
    secret_key: Annotated[str | None, Field(repr=False)] = None
    token: Annotated[str | None, Field(repr=False)] = None
    volume_name: str | None = None
    data_paths: list[list[str]] | None = None
    options: dict[str, Any] | None = None


class ImportRecord(WireModel):
    """One row of the list: no times, no file names."""

    job_id: Id
    collection_name: Text = ""
    state: Text = ""
    progress: Percent = None
    reason: Text = ""


class ImportDetail(WireModel):
    """One file of an import. Sizes in bytes."""

    file_name: Text = ""
    file_size: Count = None
    state: Text = ""
    progress: Percent = None
    complete_time: Moment = None
    reason: Text = ""
    total_rows: Count = None
    imported_rows: Count = None


class ImportProgress(ImportDetail):
    """A whole import: its own state, progress and reason, and its files in `details`. An import of one file may
    stand without `details`, in the fields of the import itself."""

    job_id: Text = ""
    collection_name: Text = ""
    details: Annotated[tuple[ImportDetail, ...], Rows] = ()


class Imports:
    """Calls about imports of one key, v2. Reads raise the tree of `errors` and may be repeated; effects answer as
    `effects` says. Keeps the spelling of the progress call that worked."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spelling: str | None = None

    async def create(self, request: ImportRequest, *, token: str, fence: Fence) -> EffectReply:
        """Start an import. `Taken.text("jobId")` is its id; success without one is Uncertain. Not idempotent: the
        Idempotency-Key is honoured by newer Milvus, and not documented for this cloud."""
        reply = await self._transport.effect(
            "POST",
            f"{_PATH}create",
            body=request.model_dump(by_alias=True, exclude_none=True),
            token=token,
            fence=fence,
            doing=f"start an import into {request.collection_name}",
        )
        return with_id(reply, "jobId")

    def paged(
        self, target: ImportTarget, *, database: str | None = None, collection: str | None = None
    ) -> PagedList[ImportRecord]:
        """All imports of a target, in the cloud's order.

        `collection` is a wish that only some versions grant: filter by `collection_name`. Ended imports are forgotten
        after a while (hours, in Milvus).
        """
        doing = f"list imports of {target.cluster_id or target.project_id}"
        body = _address(target) | {"dbName": database, "collectionName": collection}

        async def fetch(number: int, size: int) -> Page[ImportRecord]:
            paged = body | {"currentPage": number, "pageSize": size}
            reply = await self._transport.read("POST", f"{_PATH}list", body=paged, doing=doing)
            return page_of(reply.data, ImportRecord, "records", "tasks", doing=doing)

        return PagedList(fetch, lambda row: row.job_id, f"POST {_PATH}list", doing, "jobId")

    async def list(
        self, target: ImportTarget, *, database: str | None = None, collection: str | None = None
    ) -> list[ImportRecord]:
        """The rows of `paged` in one pass; see `listing.stable`."""
        return await self.paged(target, database=database, collection=collection).rows()

    async def progress(self, target: ImportTarget, job_id: str) -> ImportProgress:
        """State, files and rows of an import. Raises NotFound where the cloud does not know it (any more), TooMuch
        where it has more to say of its files than is read."""
        doing = f"read import {job_id}"
        reply = await self._ask({"jobId": job_id} | _address(target), doing)
        return parsed(reply.data, ImportProgress, doing=doing)

    async def _ask(self, body: dict[str, Any], doing: str) -> Reply:
        spellings = (self._spelling,) if self._spelling else _SPELLINGS
        for spelling in spellings:
            try:
                reply = await self._transport.read(
                    "POST", _PATH + spelling, body=body, counting="fileName", doing=doing
                )
            except CloudError as error:
                if error.http_status in (404, 405) and spelling != spellings[-1]:
                    continue
                raise
            self._spelling = spelling
            return reply
        raise AssertionError("unreachable: the last spelling returns or raises")


def _address(target: ImportTarget) -> dict[str, Any]:
    return {"clusterId": target.cluster_id, "projectId": target.project_id, "regionId": target.region_id}
