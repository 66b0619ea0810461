"""The last look at what is about to be written where people read: no text holds a secret that the operator knows.

The cloud layer cuts out what its own request carried. But the cloud may name a secret much later, as the reason of a
job's end say, or in the row of another one's job. Only texts are changed, never what the operator goes by: else a
Secret that holds a word or an id would spoil the jobs of others.
"""

from __future__ import annotations

import re
from typing import Any

from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.engine.bodies import Body
from zilliz_jobs.telemetry.logs import presentable

_TEXTS = frozenset({"message", "reason", "description", "target", "createdBy", "cloudStatus", "directory"})
_WHOLE = frozenset({"cloud", "files"})  # what the cloud wrote, for people to read
_OURS = frozenset({"submission", "handle", "baseline"})
_WORDS = frozenset(Reason)
_CLOUD_WORD = re.compile(r"[A-Za-z_ ]{1,40}")


def hidden(status: Body) -> Body:
    """The status without secrets; the same object where it has none."""
    found: Body = _walk(status, whole=False)
    return found


def without_secrets(value: Any) -> Any:
    """Something of the cloud for people to read, with every text of it searched."""
    return _walk(value, whole=True)


def _walk(value: Any, *, whole: bool, name: str = "") -> Any:
    if isinstance(value, dict):
        walked = {
            key: item if key in _OURS else _walk(item, whole=whole or key in _WHOLE, name=key)
            for key, item in value.items()
        }
        return _kept(value, walked)
    if isinstance(value, list):
        return _kept(value, [_walk(item, whole=whole, name=name) for item in value])
    if isinstance(value, str) and (whole or name in _TEXTS) and value not in _WORDS:
        return value if name == "cloudStatus" and _CLOUD_WORD.fullmatch(value) else presentable(value)
    return value


def _kept(old: Any, new: Any) -> Any:
    return old if old == new else new
