"""Secrets are taken out of every text that leaves this layer.

The cloud may echo what it was sent: the key, the object storage credentials of an import, the signature of a
pre-signed URL. Texts go to conditions, events and logs, so this is done once, at the border.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zilliz_jobs.cloud.azure import are_blob_urls, is_account_name
from zilliz_jobs.core.foreigntext import escaped, without_queries
from zilliz_jobs.core.secretforms import forms
from zilliz_jobs.core.shortening import shortened

MAX_TEXT = 500
MASK = "***"

_SECRET_FIELDS = frozenset({"accesskey", "secretkey", "token", "password", "apikey", "sessiontoken"})
_HEADER = re.compile(r"(?i)\b((?:bearer|basic)(?:\s|\+|%20)+)[^\s\"',;&]+")
_USERINFO = re.compile(r"(?<=://)[^\s/\"']+@")  # postgresql://user:password@host
_SIGNED = re.compile(
    r"(?i)\b(sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|awsaccesskeyid|x-goog-signature"
    r"|x-goog-credential|q-signature|ossaccesskeyid|googleaccessid|security-token)=[^&\s\"']+"
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line of at most 500 characters, without the secrets in any form they travel in.

    Cut last: a secret that was cut first would no longer be recognised.
    """
    known = {form for secret in secrets for form in forms(secret)}
    for form in sorted(known, key=len, reverse=True):
        text = text.replace(form, MASK)
    text = _HEADER.sub(rf"\g<1>{MASK}", text)
    text = _USERINFO.sub(f"{MASK}@", text)
    text = without_queries(_SIGNED.sub(rf"\g<1>={MASK}", text))
    return shortened(escaped(text), MAX_TEXT)


def secrets_in(body: Any) -> Iterator[str]:
    """The secrets that a request's body carries, by the names of their fields (documented: Create Import Jobs). The
    name of an Azure storage account is none."""
    in_azure = are_blob_urls(url for url in _strings(body) if "://" in url)
    for name, value in _given(body):
        if not (in_azure and name == "accesskey" and is_account_name(value)):
            yield value


def _given(body: Any) -> Iterator[tuple[str, str]]:
    if isinstance(body, dict):
        for name, value in body.items():
            field = str(name).replace("_", "").lower()
            if isinstance(value, str) and value and field in _SECRET_FIELDS:
                yield field, value
            else:
                yield from _given(value)
    elif isinstance(body, list | tuple):
        for item in body:
            yield from _given(item)


def _strings(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, Mapping | list | tuple):
        for item in body.values() if isinstance(body, Mapping) else body:
            yield from _strings(item)


def bounded(raw: Any, limit: int = 4096) -> dict[str, Any]:
    """An object of the cloud for people to read: without secrets, without nulls, in at most `limit` bytes of JSON.

    What does not fit is left out, the longest values first, and named under `leftOut`.
    """
    shown = _plain(raw) if isinstance(raw, dict) else {}
    left_out: list[str] = []
    while len(json.dumps(shown, ensure_ascii=False).encode()) > limit:
        longest = max(
            (name for name in shown if name != "leftOut"), key=lambda n: (len(json.dumps(shown[n])), n), default=None
        )
        if longest is None:
            return {}
        del shown[longest]
        left_out.append(longest[:64])
        shown["leftOut"] = sorted(left_out)[:20]
    return shown


def _plain(value: Any) -> Any:
    """What Kubernetes stores and gives back unchanged."""
    if isinstance(value, dict):
        named = {escaped(str(name))[:128]: item for name, item in value.items() if item is not None}
        return {
            name: MASK if name.replace("_", "").lower() in _SECRET_FIELDS and item else _plain(item)
            for name, item in named.items()
        }
    if isinstance(value, list):
        return [_plain(item) for item in value if item is not None]
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value if isinstance(value, bool) or abs(value) < 2**63 else str(value)
