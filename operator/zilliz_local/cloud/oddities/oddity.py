"""One odd answer that a real system has given, and the walk through JSON that most of them need."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]
Given = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer on its way out. `date`: what its Date header says instead of the time."""

    http: int
    body: bytes
    encoding: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Oddity:
    """`what`: the oddity in a few words. It changes what the cloud heeds of a request (`given`), the data of its
    answer (`data`), the answer's whole body with its envelope (`body`), or what goes over the wire (`sent`)."""

    name: str
    what: str
    given: Callable[[Given], Given] | None = None
    data: Callable[[Any], Any] | None = None
    body: Callable[[Body], Body] | None = None
    sent: Callable[[Sent], Sent] | None = None


def fields(value: Any, names: frozenset[str], change: Callable[[Any], Any]) -> Any:
    """The same JSON with these fields changed, wherever they stand."""
    if isinstance(value, dict):
        return {
            name: change(item) if name in names and not isinstance(item, dict | list) else fields(item, names, change)
            for name, item in value.items()
        }
    return [fields(item, names, change) for item in value] if isinstance(value, list) else value


def texts(names: frozenset[str], change: Callable[[str], str]) -> Callable[[Any], Any]:
    """Changes the texts of these fields; an empty one stays empty. Data that is nothing but texts are the names of
    collections (documented: List Collections)."""

    def text(old: Any) -> Any:
        return change(old) if isinstance(old, str) and old else old

    def changed(data: Any) -> Any:
        if isinstance(data, list) and "collectionName" in names:
            data = [text(one) for one in data]
        return fields(data, names, text)

    return changed


def rows(value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """The same data with its list of rows changed, whatever that is called; a row may be a plain text."""
    if isinstance(value, list):
        return change(value)
    if isinstance(value, dict):
        return {
            name: change(item) if isinstance(item, list) and name != "details" else item
            for name, item in value.items()
        }
    return value


def inner(value: Any, change: Callable[[list[Any]], list[Any] | None], depth: int = 0) -> Any:
    """The same data with each list changed that stands within a row, or in a field of a field; None takes it away."""
    if isinstance(value, list):
        return [inner(item, change, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    told = {name: inner(item, change, depth + 1) for name, item in value.items()}
    lists = {name: change(item) for name, item in told.items() if isinstance(item, list) and depth}
    return {
        name: lists.get(name, item)
        for name, item in told.items()
        if lists.get(name, item) is not None or item is None
    }
