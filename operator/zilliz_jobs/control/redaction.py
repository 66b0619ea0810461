"""Removes secrets from texts that come from outside, before they are shown; what a spec says is shown as it is.

`cloud.transport` removes them from the errors of the cloud. But the cloud may name a secret much later, as the reason
of a job's end, or in the row of another job: that is removed from observations and rows before they are used. Last,
every status and event that is about to be written is searched for what was missed; words of the object's own spec
stay. Only texts are changed, never values that the operator decides by: else a Secret that holds a common word or an
id would spoil the jobs of others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

from zilliz_jobs.api.jsonbytes import packed
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.observation import Observation, Revived, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.telemetry.concealed import CONCEALED, Namespaces

Hide = Callable[[str], str]

MAX_NAME, MAX_REASON = 1024, 512

_TEXTS = frozenset({"message", "reason", "createdBy", "cloudStatus"})
_OF_THE_SPEC = frozenset({"target", "description", "directory"})  # shown as they are, on one line
_WHOLE = frozenset({"cloud", "files"})  # what the cloud wrote, for people to read
_OURS = frozenset({"submission", "handle", "baseline"})
_WORDS = frozenset(Reason)
_CLOUD_WORD = re.compile(r"[A-Za-z_ ]{1,40}")


def hider(namespace: str, fingerprint: str = "") -> Hide:
    """A function that removes the secrets of `scope` from a text."""
    return partial(CONCEALED.presentable, whose=scope(namespace, fingerprint))


def over_key(fingerprint: str, text: str) -> str:
    """A text that the cloud gave for this API key, without the secrets of all namespaces that use the key."""
    return CONCEALED.presentable(text, CONCEALED.users(fingerprint))


def scope(namespace: str, fingerprint: str = "") -> Namespaces:
    """The namespaces whose secrets may be in a text for an object of this namespace whose connection has this API
    key. Without `fingerprint`: for any key that the namespace uses."""
    return CONCEALED.users(fingerprint) | {namespace} if fingerprint else CONCEALED.around(namespace)


def seen_without_secrets(seen: Observation, whose: Namespaces) -> Observation:
    """The observation of a job without secrets. Other observations are errors, which the transport has cleaned."""
    match seen:
        case Revived(inner):
            return Revived(_seen(inner, whose))
        case Seen():
            return _seen(seen, whose)
        case _:
            return seen


def _seen(seen: Seen, whose: Namespaces) -> Seen:
    hide: Hide = partial(CONCEALED.presentable, whose=whose)
    found: dict[str, Any] = {
        "message": hide(seen.message),
        "created_by": shortened(hide(seen.created_by), MAX_NAME),
        "cloud_status": _cloud_word(seen.cloud_status, hide),
        "result": _result(seen.result, hide),
    }
    changed = {name: value for name, value in found.items() if value != getattr(seen, name)}
    return replace(seen, **changed) if changed else seen


def _result(result: Body, hide: Hide) -> Body:
    cleaned: Body = _walk({name: value for name, value in result.items() if name != "files"}, hide, whole=False)
    return cleaned | {"files": files_for_people(result["files"], hide)} if "files" in result else cleaned


def files_for_people(files: Iterable[Body], hide: Hide) -> list[Body]:
    """What the cloud says of the files of an import, without secrets. Texts are shortened last, since half of a
    secret would not be recognised."""
    return [
        {
            name: shortened(hide(value), MAX_REASON if name == "reason" else MAX_NAME)
            if isinstance(value, str)
            else value
            for name, value in file.items()
        }
        for file in files
    ]


def hidden(body: Body, status: Body, *, searched: Body | None = None) -> Body:
    """The status of this object without secrets; the same value where it has none. Idempotent. `searched`: a status
    of the object that was searched for the same secrets; what stands there as it is now is not searched again."""
    new = {name: value for name, value in status.items() if value != searched.get(name)} if searched else status
    if _is_plain(new):
        return status
    found: Body = _walk(new, _hider_about(body), whole=False)
    return status if found is new else {**status, **found}


def _is_plain(value: Body) -> bool:
    """Whether there is nothing to hide in any text of the value, nor anything that `shown` changes. False, too, where
    that is not quickly seen."""
    try:
        text = packed(value).decode()
    except (TypeError, ValueError):
        return False
    # What JSON writes with a backslash may be part of a secret that is written otherwise.
    return text.isprintable() and "\\" not in text and "?" not in text and CONCEALED.is_clear(text)


def text_without_secrets(body: Body, text: str) -> str:
    """A text about this object, without secrets."""
    return shown(text) if CONCEALED.is_clear(text) else _hider_about(body)(text)


def _hider_about(body: Body) -> Hide:
    whose = CONCEALED.around(body["metadata"].get("namespace", ""))
    # One message stands in several conditions.
    return cache(lambda text: CONCEALED.presentable(text, whose, spare=spec_words(body)))


def without_secrets(value: Any, hide: Hide) -> Any:
    """A value of the cloud's for people to read, with every text in it searched for secrets."""
    return _walk(value, hide, whole=True)


def spec_words(body: Body) -> Iterator[str]:
    """All texts of the object outside its status: whoever reads the object reads these anyway."""
    meta = body["metadata"]
    yield from _strings([body.get("spec"), meta.get("name"), meta.get("namespace")])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        items: Iterable[Any] = value.values() if isinstance(value, dict) else value
        for item in items:
            yield from _strings(item)


def _walk(value: Any, hide: Hide, *, whole: bool, name: str = "") -> Any:
    if isinstance(value, dict):
        walked = {
            key: item if key in _OURS else _walk(item, hide, whole=whole or key in _WHOLE, name=key)
            for key, item in value.items()
        }
        return _kept(value, walked)
    if isinstance(value, list):
        return _kept(value, [_walk(item, hide, whole=whole, name=name) for item in value])
    if isinstance(value, str) and not whole and name in _OF_THE_SPEC:
        return shown(value)
    if isinstance(value, str) and (whole or name in _TEXTS) and value not in _WORDS:
        return _cloud_word(value, hide) if name == "cloudStatus" else hide(value)
    return value


def _cloud_word(value: str, hide: Hide) -> str:
    """A single word of the cloud's stays as it is; anything longer is searched for secrets."""
    return value if _CLOUD_WORD.fullmatch(value) else hide(value)


def _kept(old: Any, new: Any) -> Any:
    return old if old == new else new
