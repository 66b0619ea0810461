"""Addresses of sources, as people write them, in the parts that a connector takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""Of PostgreSQL (documented). Any other parameter is refused: some make the driver load a class or a file."""

POSTGRES_PORT = 5432
POSTGRES_SCHEMES = ("", "postgresql", "postgres")
QDRANT_PORT, QDRANT_REST_PORT = 6334, 6333  # documented
MILVUS_PORT = 19530  # documented


class BadAddress(ValueError):  # noqa: N818 - named as the case that it is
    """The message says which field is wrong and what to write; it repeats no value."""


@dataclass(frozen=True)
class Server:
    """`port` None: none is named. `path` and `query` as they were written, without / and ?."""

    scheme: str
    host: str
    port: int | None
    path: str = ""
    query: str = ""

    @property
    def place(self) -> str:
        """host:port, or the host alone; an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def server(uri: str, field: str) -> Server:
    """The parts of `uri`. `field`: its name in the spec, for the message. Raises BadAddress."""
    try:
        parts = urlsplit(uri if "://" in uri else f"//{uri}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadAddress(f"{field} cannot be read: write <scheme>://<host>:<port>") from None
    if not host or any(letter.isspace() for letter in uri):
        raise BadAddress(f"{field} names no host: write <scheme>://<host>:<port>")
    return Server(parts.scheme.lower(), host, port, parts.path.strip("/"), parts.query)


def web(uri: str, field: str, *, port: int | None = None) -> str:
    """scheme://host:port of a server that is asked by HTTP or gRPC; `port` where none is named. Raises BadAddress
    where the scheme does not say whether the connection is encrypted, or where something follows the port."""
    found = _web(uri, field)
    if found.path or found.query:
        raise BadAddress(f"{field} has a path: leave out what follows the host and its port")
    named = found if found.port or port is None else Server(found.scheme, found.host, port)
    return f"{named.scheme}://{named.place}"


def qdrant(uri: str) -> tuple[str, int, bool]:
    """Host, port of gRPC, whether by TLS. Raises BadAddress."""
    found = _web(uri, "source.qdrant.uri")
    if found.port == QDRANT_REST_PORT:
        raise BadAddress(
            f"source.qdrant.uri names port {QDRANT_REST_PORT}, which serves REST: the engine reads by gRPC; name its "
            f"port, usually {QDRANT_PORT}"
        )
    return found.host, found.port or QDRANT_PORT, found.scheme == "https"


def postgres(uri: str, database: str | None) -> tuple[str, str]:
    """The JDBC URL, and the name of the database. Raises BadAddress."""
    field = "source.postgresql.uri"
    found = server(uri.removeprefix("jdbc:"), field)
    if found.scheme not in POSTGRES_SCHEMES:
        raise BadAddress(f"{field} is not an address of PostgreSQL: write postgresql://<host>:<port>")
    if database and found.path and found.path != database:
        raise BadAddress(f"{field} and source.postgresql.database name two databases: name it in one of them")
    name = database or found.path
    if not name:
        raise BadAddress("source.postgresql.database is not named: the engine needs the name of the database")
    options = parse_qsl(found.query, keep_blank_values=True)
    if [key for key, _ in options] not in ([], ["sslmode"]):
        raise BadAddress(f"{field} has parameters: leave out all but one sslmode")
    mode = options[0][1] if options else "prefer"
    if mode not in SSL_MODES:
        raise BadAddress(f"{field} has an unknown sslmode: write one of {', '.join(SSL_MODES)}")
    place = Server("", found.host, found.port or POSTGRES_PORT).place
    return f"jdbc:postgresql://{place}/{name}?sslmode={mode}", name


def _web(uri: str, field: str) -> Server:
    found = server(uri, field)
    if found.scheme not in ("http", "https"):
        raise BadAddress(f"{field} does not say whether to encrypt: write https://<host>:<port>, or http://")
    return found
