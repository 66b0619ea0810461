"""JSON patch (RFC 6902) with the ways of the real server's library, which is laxer than the RFC. Pure.

`replace` of an absent member adds it, `test` of an absent member against null passes, `copy` of one copies null.
Python's jsonpatch refuses all three, so an operator tested with it would see refusals that a cluster does not give.
"""

import copy
from typing import Any

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import bad_request, unpatchable

NO_LIST = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"


def json_patched(base: Body, patch: Any) -> Body:
    """The base after the patch; the base itself may be changed. A patch that does not fit is one and the same
    refusal (422), whichever step failed."""
    if not isinstance(patch, list) or not all(isinstance(step, dict) for step in patch):
        raise bad_request(NO_LIST)
    root: Body = {"": base}
    for step in patch:
        try:
            _apply(root, step)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise unpatchable() from error
    if not isinstance(root[""], dict):
        raise unpatchable()
    return root[""]


def _apply(root: Body, step: Body) -> None:
    holder, last = _reach(root, step["path"])
    match step["op"]:
        case "add":
            _add(holder, last, step.get("value"))
        case "remove":
            _remove(holder, last)
        case "replace":
            _replace(holder, last, step.get("value"))
        case "test":
            if not _equal(_look(holder, last), step.get("value")):
                raise ValueError(f"testing value {step['path']} failed")
        case "copy":
            source, name = _reach(root, step["from"])
            _add(holder, last, copy.deepcopy(_look(source, name)))
        case "move":
            source, name = _reach(root, step["from"])
            value = _look(source, name)
            _remove(source, name)
            _add(*_reach(root, step["path"]), value)
        case other:
            raise ValueError(f"unexpected kind: {other}")


def _reach(root: Body, path: str) -> tuple[Any, str]:
    """The object or list that holds the end of a path, and the last part of it."""
    if path and not path.startswith("/"):
        raise ValueError(f"cannot read the path {path}")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    holder: Any = root
    for part in parts[:-1]:
        holder = holder[_index(holder, part)] if isinstance(holder, list) else holder[part]
        if not isinstance(holder, dict | list):
            raise TypeError(f"nothing can be below {part}")
    return holder, parts[-1]


def _index(holder: list[Any], part: str) -> int:
    place = int(part)
    if not -len(holder) <= place < len(holder):
        raise IndexError(f"no item {place}")
    return place


def _look(holder: Any, last: str) -> Any:
    return holder[_index(holder, last)] if isinstance(holder, list) else holder.get(last)


def _add(holder: Any, last: str, value: Any) -> None:
    if not isinstance(holder, list):
        holder[last] = value
        return
    place = len(holder) if last == "-" else int(last)
    if place < 0:
        place += len(holder) + 1
    if not 0 <= place <= len(holder):
        raise IndexError(f"no place {last}")
    holder.insert(place, value)


def _remove(holder: Any, last: str) -> None:
    del holder[_index(holder, last) if isinstance(holder, list) else last]


def _replace(holder: Any, last: str, value: Any) -> None:
    holder[_index(holder, last) if isinstance(holder, list) else last] = value


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)
