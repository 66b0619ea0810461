"""The simple JSONPath of printer columns: `.a.b`, `['a.b']`, `[0]`, `[*]`, `[?(@.type=="Ready")]`. Pure."""

import re
from functools import lru_cache
from typing import Any

STEP = re.compile(
    r"""\.?\[\?\(\s*@(?P<filter>[^=!<>]+?)\s*(?P<op>==|!=|<=|>=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^)\s]+)\s*\)\]
      | \.?\[(?P<quote>['"])(?P<quoted>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\]
      | \.?\[(?P<index>-?\d+|\*)\]
      | \.(?P<name>(?:\\.|[^.\[\\])+)""",
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[dict[str, str], ...]:
    path = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    if path and not path.startswith((".", "[")):
        path = f".{path}"
    found, place = [], 0
    while place < len(path):
        match = STEP.match(path, place)
        if match is None:
            raise ValueError(f"cannot read the JSONPath {path!r} at {place}")
        found.append({name: value for name, value in match.groupdict().items() if value is not None})
        place = match.end()
    return tuple(found)


def find(path: str, body: Any) -> list[Any]:
    """All values at the path; nothing when a part of it is absent."""
    values = [body]
    for step in _steps(path):
        values = [below for value in values for below in _take(step, value)]
    return values


def _take(step: dict[str, str], value: Any) -> list[Any]:
    if "filter" in step:
        return [item for item in value if _fits(step, item)] if isinstance(value, list) else []
    if "index" in step:
        return _at(step["index"], value)
    name = re.sub(r"\\(.)", r"\1", step.get("quoted", step.get("name", "")))
    if name == "*":
        return _at("*", value)
    return [value[name]] if isinstance(value, dict) and name in value else []


def _at(index: str, value: Any) -> list[Any]:
    if index == "*":
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    place = int(index)
    return [value[place]] if isinstance(value, list) and -len(value) <= place < len(value) else []


def _fits(step: dict[str, str], item: Any) -> bool:
    wanted = step["value"].strip("\"'")
    found = [_text(value) for value in find(step["filter"], item)]
    if not found:
        return False
    if step["op"] in ("==", "!="):
        return (found[0] == wanted) == (step["op"] == "==")
    try:
        left, right = float(found[0]), float(wanted)
    except ValueError:
        return False
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[step["op"]]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
