"""Names that Kubernetes takes (documented: "Object Names and IDs", DNS subdomain names)."""

from __future__ import annotations

import re

MAX_NAME = 253
_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_PART}(\.{_PART})*")


def is_object_name(name: str) -> bool:
    """Whether a Secret, and most other objects, can have this name. Pure."""
    return len(name) <= MAX_NAME and _SUBDOMAIN.fullmatch(name) is not None
