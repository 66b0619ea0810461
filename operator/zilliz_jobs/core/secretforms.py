"""The forms in which a secret can come back: as it is, in JSON, in a URL, and packed in base64, alone or in the midst
of something, as in the header of a basic authentication. Pure."""

from __future__ import annotations

import base64
import json
from functools import lru_cache, partial
from urllib.parse import quote, quote_plus

from zilliz_jobs.core.foreigntext import escaped

SHORTEST = 4  # masking every "a" would make a text unreadable and protect nobody
_LONGEST_NAME, _MARKS = 32, "-_./"
_quoted = partial(quote, safe="")
_LEAST_PACKED = 8  # characters; a shorter piece of base64 stands in many an innocent word


def is_unmistakable(secret: str) -> bool:
    """Whether it looks like no name of an object, a collection, a bucket or a cluster: those are of small letters,
    digits and a few marks, and not very long; and the shorter it is, the more it has to differ."""
    if len(secret) >= _LONGEST_NAME:
        return True
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum() and c not in _MARKS)
    _, upper, _, odd = has = [any(kind(c) for c in secret) for kind in kinds]
    return (len(secret) >= 16 and (upper or odd)) or (len(secret) >= 8 and sum(has) >= 3)


@lru_cache(maxsize=1024)
def forms(secret: str) -> tuple[str, ...]:
    """All of them, the longest first; none for what is too short to be a secret."""
    if len(secret) < SHORTEST:
        return ()
    quoted = {quote(secret), _quoted(secret), quote_plus(secret)}
    small = set(map(_small, quoted))
    twice = {_quoted(form) for form in quoted} | {_small(_quoted(form)) for form in small}
    found = {secret, *quoted, *small, *twice}
    for only_ascii in (True, False):
        written = json.dumps(secret, ensure_ascii=only_ascii)[1:-1]
        found |= {written, written.replace("/", "\\/"), json.dumps(written)[1:-1]}
    found.add(escaped(secret))
    found |= {secret.encode().hex(), secret.encode().hex().upper(), repr(secret)[1:-1], *_packed(secret.encode())}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _small(quoted: str) -> str:
    """With %2f in the place of %2F."""
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _packed(raw: bytes) -> set[str]:
    """What base64 makes of it, wherever it stands in what was packed. Characters at its ends that also hold bits of
    a neighbour are left out."""
    found = set()
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).decode()
        begin = (0, 2, 3)[before]
        spoilt = (0, 3, 2)[(before + len(raw)) % 3]
        core = text[begin : len(text) - spoilt]
        if len(core) >= _LEAST_PACKED:
            found |= {core, core.replace("+", "-").replace("/", "_"), _quoted(core)}
    return found
