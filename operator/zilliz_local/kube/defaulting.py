"""Defaults of the schema, set where a field is absent, or null without being nullable. Changes what it is given."""

import copy
from typing import Any

from zilliz_local.kube.schema import Node


def set_defaults(node: Node, value: Any) -> None:
    """Fill in the defaults below `value`, those inside of defaulted objects too."""
    if not node.defaults_below:
        return
    if isinstance(value, dict):
        for name, child in node.properties.items():
            if child.default is None:
                continue
            if name not in value or (value[name] is None and not child.nullable):
                value[name] = copy.deepcopy(child.default[0])
        for name, item in value.items():
            below = node.properties.get(name, node.additional)
            if below is not None:
                set_defaults(below, item)
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            set_defaults(node.items, item)
