"""Fields that the schema does not know are dropped. Changes the object it is given; `fresh` copies come in."""

from typing import Any

from zilliz_local.kube.schema import Node

EMBEDDED = ("apiVersion", "kind", "metadata")


def prune(node: Node, value: Any, path: str = "") -> list[str]:
    """Drop what is unknown below `value` and say which paths went, as strict decoding names them."""
    gone: list[str] = []
    if isinstance(value, dict):
        for name in list(value):
            child = node.properties.get(name, node.additional)
            below = f"{path}.{name}" if path else name
            if child is not None:
                gone += prune(child, value[name], below)
            elif not (node.open or (node.embedded and name in EMBEDDED)):
                del value[name]
                gone.append(below)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            gone += prune(node.items, item, f"{path}[{index}]")
    return gone
