"""Secrets are taken out of every text that leaves this layer.

The cloud may echo what it was sent: the key, the object storage credentials of an import, the signature of a
pre-signed URL. Texts go to conditions, events and logs, so this is done once, at the border.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MAX_TEXT = 500
MASK = "***"
_SHORTEST = 4  # masking every "a" would make a text unreadable and protect nobody

_SECRET_FIELDS = frozenset({"accesskey", "secretkey", "token", "password", "apikey", "sessiontoken"})
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+")
_USERINFO = re.compile(r"(?<=://)[^\s/\"']+@")  # postgresql://user:password@host
_SIGNED = re.compile(
    r"(?i)\b(sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|awsaccesskeyid|x-goog-signature"
    r"|x-goog-credential|q-signature|ossaccesskeyid|googleaccessid|security-token)=[^&\s\"']+"
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line of at most 500 characters, without the secrets in any form they travel in.

    Cut last: a secret that was cut first would no longer be recognised.
    """
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    text = _BEARER.sub(rf"\g<1>{MASK}", text)
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _SIGNED.sub(rf"\g<1>={MASK}", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def secrets_in(body: Any) -> Iterator[str]:
    """The secrets that a request's body carries, by the names of their fields (documented: Create Import Jobs)."""
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str) and value and str(name).replace("_", "").lower() in _SECRET_FIELDS:
                yield value
            else:
                yield from secrets_in(value)
    elif isinstance(body, list | tuple):
        for item in body:
            yield from secrets_in(item)


def _forms(secret: str) -> set[str]:
    written = {json.dumps(secret, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False)}
    return {secret, *written, quote(secret), quote(secret, safe=""), quote_plus(secret)}
