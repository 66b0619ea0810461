"""Clusters, v2 (documented: List Clusters, Describe Cluster)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from zilliz_jobs.cloud.fields import Count, Id, Moment, Text, WireModel, as_object
from zilliz_jobs.cloud.listing import Page, PagedList, page_of, parsed
from zilliz_jobs.cloud.transport import Transport


class Cluster(WireModel):
    """`replica` is a string by the schema, a number in examples, and absent in recordings. `status` is the cloud's
    word, also such as STOPPED that the documentation leaves out. Take addresses from `connect_address`, never build
    them."""

    cluster_id: Id
    cluster_name: Text = ""
    project_id: Text = ""
    region_id: Text = ""
    description: Text = ""
    plan: Text = ""
    cu_type: Text = ""
    deployment_option: Text = ""
    status: Text = ""
    cu_size: Count = None
    replica: Count = None
    autoscaling: Annotated[dict[str, Any] | None, BeforeValidator(as_object)] = None
    connect_address: Text = ""
    create_progress: Count = None
    create_time: Moment = None


class Clusters:
    """Reads of clusters; they raise the tree of `errors`, change nothing and may be repeated."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def paged(self, *, region: str | None = None) -> PagedList[Cluster]:
        """All clusters that the key sees; rows may lack fields that describe has."""
        doing = "list clusters"

        async def fetch(number: int, size: int) -> Page[Cluster]:
            params = {"pageSize": size, "currentPage": number, "region": region}
            reply = await self._transport.read("GET", "/v2/clusters", params=params, doing=doing)
            return page_of(reply.data, Cluster, "clusters", doing=doing)

        return PagedList(fetch, lambda row: row.cluster_id, "GET /v2/clusters", doing, "clusterId")

    async def list(self, *, region: str | None = None) -> list[Cluster]:
        """The rows of `paged` in one pass; see `listing.stable`."""
        return await self.paged(region=region).rows()

    async def describe(self, cluster_id: str) -> Cluster:
        """The cluster. Raises NotFound where the key sees no such cluster."""
        doing = f"read cluster {cluster_id}"
        reply = await self._transport.read(
            "GET", "/v2/clusters/{clusterId}", ids={"clusterId": cluster_id}, doing=doing
        )
        return parsed(reply.data, Cluster, doing=doing)
