"""Where the cloud lives. Pure.

Control plane hosts and v1 controller hosts as documented (REST API pages, List Import Jobs v1). BYOC uses the same.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from zilliz_jobs.api.connection import CloudRegion

ENDPOINTS = {
    CloudRegion.GLOBAL: "https://api.cloud.zilliz.com",
    CloudRegion.CHINA: "https://api.cloud.zilliz.com.cn",
}
_V1_HOSTS = {
    CloudRegion.GLOBAL: "https://controller.api.{region}.zillizcloud.com",
    CloudRegion.CHINA: "https://controller.api.{region}.cloud.zilliz.com.cn",
}


class BadEndpoint(ValueError):  # noqa: N818 - reads better where it is caught
    """The endpoint can be no control plane; the message says why and never repeats credentials in it."""


def endpoint_of(cloud: CloudRegion | None, endpoint: str | None) -> str:
    """The control plane's URL, without a trailing slash. Raises BadEndpoint."""
    if endpoint is None:
        return ENDPOINTS[cloud or CloudRegion.GLOBAL]
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        raise BadEndpoint("cannot use the endpoint: it is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadEndpoint("cannot use the endpoint: it is not an https URL")
    if parts.username or parts.password:
        raise BadEndpoint("cannot use the endpoint: the key belongs in the Secret, not in the URL")
    if parts.query or parts.fragment:
        raise BadEndpoint("cannot use the endpoint: it has a query or a fragment")
    return endpoint.rstrip("/")


def is_encrypted(endpoint: str) -> bool:
    """Whether the key travels encrypted."""
    return urlsplit(endpoint).scheme == "https"


def data_plane_of(address: str, endpoint: str) -> str:
    """The URL of a cluster's data plane: its `connectAddress` as the control plane at `endpoint` gave it.

    Raises BadEndpoint for what is no URL, and for http unless the control plane itself is one (a stand-in): the key
    goes there.
    """
    try:
        url = endpoint_of(None, address)
    except BadEndpoint:
        raise BadEndpoint("cannot use the cluster's connectAddress: it is not an https URL") from None
    if is_encrypted(endpoint) and not is_encrypted(url):
        raise BadEndpoint("cannot use the cluster's connectAddress: the key would travel unencrypted")
    return url


def v1_endpoint_of(endpoint: str, region: str | None) -> str | None:
    """Where the v1 import API is served for this control plane; None where that needs a region.

    Beside the vendor's own hosts (a proxy, a stand-in) both generations are taken to share one host.
    """
    host = urlsplit(endpoint).hostname
    for cloud, vendor in ENDPOINTS.items():
        if host == urlsplit(vendor).hostname:
            return _V1_HOSTS[cloud].format(region=region) if region and _is_label(region) else None
    return endpoint


def _is_label(region: str) -> bool:
    """A region becomes part of a host name, so nothing in it may end that name."""
    return region.replace("-", "").isalnum() and region.isascii()
