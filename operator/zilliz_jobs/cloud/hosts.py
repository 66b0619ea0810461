"""Where the cloud lives. Pure.

Control plane hosts and v1 controller hosts as documented (REST API pages, List Import Jobs v1). BYOC uses the same.
"""

from __future__ import annotations

import ipaddress
import re
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
USUAL_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PRIVATE = frozenset({"localhost", "localdomain", "local", "internal", "svc", "lan", "home", "corp", "arpa"})
_URL = re.compile(r"[A-Za-z]+://[!-~]+")  # no blank, no line end, which a parser would drop in silence
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?")
_TOP = re.compile(r"[a-z]{2,}|xn--[a-z0-9-]+")  # the last part of any notation of an address begins with a digit
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class BadEndpoint(ValueError):  # noqa: N818 - reads better where it is caught
    """The endpoint can be no control plane; the message says why and never repeats credentials in it."""


def endpoint_of(cloud: CloudRegion | None, endpoint: str | None) -> str:
    """The control plane's URL in one form, whoever wrote it: lower case, without the usual port and a trailing slash.
    One place so has one name, and one budget. Raises BadEndpoint."""
    if endpoint is None:
        return ENDPOINTS[cloud or CloudRegion.GLOBAL]
    if not _URL.fullmatch(endpoint):
        raise BadEndpoint(
            "cannot use the endpoint: it is not a URL, or has blanks or other odd characters; write a name that is "
            "not ASCII in its xn-- form"
        )
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadEndpoint("cannot use the endpoint: it is not a URL") from None
    if parts.scheme not in USUAL_PORTS or not host or port == 0:
        raise BadEndpoint("cannot use the endpoint: it is not an https URL")
    if "@" in parts.netloc:
        raise BadEndpoint("cannot use the endpoint: the key belongs in the Secret, not in the URL")
    if "?" in endpoint or "#" in endpoint:
        raise BadEndpoint("cannot use the endpoint: it has a query or a fragment")
    if not (_NAME.fullmatch(host) or _is_v6(host)):
        raise BadEndpoint("cannot use the endpoint: it has no host")
    if {".", ".."} & set(parts.path.split("/")):
        raise BadEndpoint("cannot use the endpoint: its path leads upwards")
    shown = f"[{host}]" if ":" in host else host
    beside = "" if port in (None, USUAL_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown}{beside}{parts.path.rstrip('/')}"


def is_encrypted(endpoint: str) -> bool:
    """Whether the key travels encrypted."""
    return urlsplit(endpoint).scheme == "https"


def data_plane_of(address: str, endpoint: str) -> str:
    """The URL of a cluster's data plane: its `connectAddress` as the control plane at `endpoint` gave it.

    The key goes there, so the cloud's word is not enough. It must be https and the public name of a host, whose
    certificate then has to prove it; or the host that the connection itself names. A stand-in, whose control plane is
    plain http, may also serve from this machine. Raises BadEndpoint.
    """
    try:
        url = endpoint_of(None, address)
    except BadEndpoint:
        raise BadEndpoint("cannot use the cluster's connectAddress: it is not an https URL") from None
    host, named = urlsplit(url).hostname or "", urlsplit(endpoint).hostname
    if is_encrypted(endpoint) and not is_encrypted(url):
        raise BadEndpoint("cannot use the cluster's connectAddress: the key would travel unencrypted")
    here = not is_encrypted(endpoint) and host in _LOOPBACK
    if host == named or here or (is_encrypted(url) and _is_public(host, urlsplit(url).port)):
        return url
    raise BadEndpoint("cannot use the cluster's connectAddress: it is no public name of a host, so it gets no key")


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
    return bool(_LABEL.fullmatch(region))


def _is_public(host: str, port: int | None) -> bool:
    """Whether this can be a cluster's host on the internet or in a private network of the cloud: a full name. No
    address in whatever notation, so neither this machine nor the metadata service of the node."""
    labels = host.removesuffix(".").split(".")
    if len(labels) < 2 or not _TOP.fullmatch(labels[-1]) or labels[-1] in _PRIVATE:
        return False
    return port is None or port >= _FIRST_FREE_PORT  # the usual one was left out; the cloud's own is 19530


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False
