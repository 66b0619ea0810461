"""The custom resource of the contract tests: enough schema for every rule that they ask about."""

from __future__ import annotations

import copy
from typing import Any

GROUP, PLURAL, VERSION = "contract.test", "widgets", "v1"
NAME = f"{PLURAL}.{GROUP}"
TEXT = {"type": "string"}

SCHEMA: dict[str, Any] = {
    "description": "Widget is a thing for tests.",
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "description": "What the widget should be.",
            "required": ["colour"],
            "properties": {
                "colour": {"type": "string", "description": "The paint.", "enum": ["red", "green", "blue"]},
                "size": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
                "note": {"type": "string", "nullable": True, "maxLength": 10, "pattern": "^[a-z]*$"},
                "when": {"type": "string", "format": "date-time"},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "tags": {"type": "object", "additionalProperties": TEXT},
                "parts": {
                    "type": "array",
                    "maxItems": 3,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": TEXT, "count": {"type": "integer", "default": 1}},
                    },
                },
            },
        },
        "status": {
            "type": "object",
            "default": {"observedGeneration": -1},
            "properties": {
                "observedGeneration": {"type": "integer", "format": "int64"},
                "conditions": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["type"],
                    "items": {
                        "type": "object",
                        "required": ["type"],
                        "properties": {"type": TEXT, "status": TEXT, "reason": TEXT, "message": TEXT},
                    },
                },
            },
        },
    },
}

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {
            "plural": PLURAL,
            "singular": "widget",
            "kind": "Widget",
            "shortNames": ["wd"],
            "categories": ["contract"],
        },
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "selectableFields": [{"jsonPath": ".spec.colour"}],
                "additionalPrinterColumns": [
                    {"name": "Colour", "type": "string", "jsonPath": ".spec.colour"},
                    {
                        "name": "Ready",
                        "type": "string",
                        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
                        "description": "Is it ready?",
                    },
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}


def widget(name: str = "one", *, meta: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A red widget; `spec` adds to it or changes it, None leaves a field out."""
    whole = {"colour": "red", **spec}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "Widget",
        "metadata": {"name": name, **(meta or {})},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def other_crd(plural: str, kind: str, **version: Any) -> dict[str, Any]:
    """A definition for one test, with the same schema under other names; `version` changes its only version."""
    crd = copy.deepcopy(CRD)
    crd["metadata"]["name"] = f"{plural}.{GROUP}"
    crd["spec"]["names"] = {"plural": plural, "singular": kind.lower(), "kind": kind}
    crd["spec"]["versions"][0].update(version)
    return crd
