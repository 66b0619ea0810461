"""The import API, v1 (documented: Import, Get Import Progress, List Import Jobs; deprecated).

One object URL, no database, no token, no volume. Success is code 200. The list's rows are under `tasks` in the
example and under `records` in an older schema, which also has its counts as strings.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.fields import Count, Id, Moment, Rows, Share, Text, WireModel
from zilliz_jobs.cloud.listing import Page, PagedList, page_of, parsed
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport

_PATH = "/v1/vector/collections/import"


class ImportRequestV1(WireModel):
    """The credentials never show in a repr."""

    cluster_id: str
    collection_name: str
    partition_name: str | None = None
    object_url: str
    access_key: Annotated[str | None, Field(repr=False)] = None
    secret_key: Annotated[str | None, Field(repr=False)] = None


class ImportTask(WireModel):
    """One row of the list. States: ImportRunning, ImportCompleted, ImportFailed; none for pending."""

    job_id: Id
    collection_name: Text = ""
    state: Text = ""


class ImportDetailV1(WireModel):
    """One file. `ready_percentage`: whole percent (a share of 1 on the wire). A running file has neither
    `complete_time` nor `error_message`."""

    file_name: Text = ""
    file_size: Count = None
    ready_percentage: Share = None
    complete_time: Moment = None
    error_message: Text = ""


class ImportProgressV1(ImportDetailV1):
    """There is no state: take it from the list, or from `complete_time` and `error_message`."""

    job_id: Text = ""
    collection_name: Text = ""
    details: Annotated[tuple[ImportDetailV1, ...], Rows] = ()


class ImportsV1:
    """Calls about imports of one key, v1. Reads raise the tree of `errors` and may be repeated; effects answer as
    `effects` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, request: ImportRequestV1, *, token: str, fence: Fence) -> EffectReply:
        """Start an import. `Taken.text("jobId")` is its id; success without one is Uncertain. Not idempotent."""
        reply = await self._transport.effect(
            "POST",
            _PATH,
            body=request.model_dump(by_alias=True, exclude_none=True),
            token=token,
            fence=fence,
            doing=f"start an import into {request.collection_name}",
        )
        return with_id(reply, "jobId")

    def paged(self, cluster_id: str) -> PagedList[ImportTask]:
        """All imports of a cluster, in the cloud's order."""
        doing = f"list imports of {cluster_id}"

        async def fetch(number: int, size: int) -> Page[ImportTask]:
            params: dict[str, str | int | None] = {"clusterId": cluster_id, "pageSize": size, "currentPage": number}
            reply = await self._transport.read("GET", f"{_PATH}/list", params=params, doing=doing)
            return page_of(reply.data, ImportTask, "tasks", "records", doing=doing)

        return PagedList(fetch, lambda row: row.job_id, f"GET {_PATH}/list", doing, "jobId")

    async def list(self, cluster_id: str) -> list[ImportTask]:
        """The rows of `paged` in one pass; see `listing.stable`."""
        return await self.paged(cluster_id).rows()

    async def progress(self, cluster_id: str, job_id: str) -> ImportProgressV1:
        """Files and percentage of an import. Raises NotFound for an unknown one (code 90144, documented)."""
        doing = f"read import {job_id}"
        params = {"clusterId": cluster_id, "jobId": job_id}
        reply = await self._transport.read("GET", f"{_PATH}/get", params=params, counting="fileName", doing=doing)
        return parsed(reply.data, ImportProgressV1, doing=doing)
