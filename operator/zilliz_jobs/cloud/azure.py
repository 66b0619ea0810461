"""Azure Blob Storage, where the cloud's `accessKey` is no key: it is the name of the storage account, as it stands in
every address of it (documented: Create Import Jobs; Azure: 3 to 24 small letters and digits)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

BLOB_HOST = ".blob.core.windows.net"

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


def is_blob_url(url: str) -> bool:
    """Whether the address is one of a storage account."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return url.startswith("https://") and host.endswith(BLOB_HOST)


def are_blob_urls(urls: Iterable[str]) -> bool:
    """Whether all of them are, and there is one: a key of another storage must not pass for a name."""
    found = [is_blob_url(url) for url in urls]
    return bool(found) and all(found)


def is_account_name(value: str) -> bool:
    """Whether a storage account can have this name; none of its keys looks like it."""
    return _ACCOUNT.fullmatch(value) is not None
