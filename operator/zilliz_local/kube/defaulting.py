"""Defaults of the schema, set where a field is absent or null. Changes what it is given.

A null where the schema does not allow one counts as absent: it becomes the default, or goes.
"""

import copy
from typing import Any

from zilliz_local.kube.schema import Node


def set_defaults(node: Node, value: Any) -> None:
    """Fill in the defaults below `value`, those inside of defaulted objects too."""
    if isinstance(value, dict):
        for name, child in node.properties.items():
            if child.default is not None and name not in value:
                value[name] = copy.deepcopy(child.default[0])
        for name in list(value):
            below = node.properties.get(name, node.additional)
            if below is None:
                continue
            if value[name] is None and below.type and not below.nullable:
                if below.default is None:
                    del value[name]
                    continue
                value[name] = copy.deepcopy(below.default[0])
            set_defaults(below, value[name])
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            set_defaults(node.items, item)
