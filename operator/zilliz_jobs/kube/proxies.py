"""Which proxy of the environment leads to the API server: the rules of Go, which are those of kubectl. Pure.

Source: golang.org/x/net/http/httpproxy. The HTTP client's own rules differ: it knows no networks in NO_PROXY.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def proxy_of(server: str, environ: Mapping[str, str]) -> str | None:
    """The URL of the proxy for this server; None to reach it directly. Nothing on this very host needs a proxy."""
    parts = urlsplit(server)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    proxy = _of(environ, f"{parts.scheme}_proxy")
    if not proxy or _is_excepted(host, port, _of(environ, "no_proxy")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _of(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name.upper()) or environ.get(name) or "").strip()


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in exceptions.split(",") if entry.strip()]
    return any(entry == "*" or _fits(entry, host, address, port) for entry in entries)


def _fits(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    """An address, a network, a name with all below it, or only what is below it (`.svc`); each with a port or not."""
    try:
        network = ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        network = None
    if network is not None:
        return address is not None and address in network
    name, wanted = _split(entry)
    if wanted and wanted != str(port):
        return False
    if (exact := _address(name)) is not None:
        return address == exact
    name = name.removeprefix("*") if name.startswith("*.") else name
    if not name.strip("."):
        return False
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _split(entry: str) -> tuple[str, str]:
    """Name and port of an entry; the colons of an address without brackets are its own."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
