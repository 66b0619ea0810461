"""The certificates that those of the cloud are checked against: read once, and again when what is configured changed.

To read the machine's bundle takes tens of milliseconds, and each copy of it a megabyte; a process with many API keys
opens many sessions, and every rotation of a key opens one more.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

import httpx2

_NAMED = ("SSL_CERT_FILE", "SSL_CERT_DIR")

Mark = tuple[int, int, int]
"""What differs when the content of a path was replaced."""


def trusted() -> ssl.SSLContext:
    """The certificates that the environment names, else those of the machine, as they are now. Shared by all who ask,
    so not to be changed. Raises OSError where the environment names a file that cannot be used."""
    usual = ssl.get_default_verify_paths()
    named = [os.environ.get(name) or "" for name in _NAMED]
    return _read(*((path, _mark(path)) for path in (*named, usual.openssl_cafile, usual.openssl_capath)))


@lru_cache(maxsize=1)
def _read(*_places: tuple[str, Mark | None]) -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _mark(path: str) -> Mark | None:
    try:
        seen = Path(path).stat()  # of what a link leads to, since a mounted ConfigMap is replaced by its link
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
