"""An object as people read it. Lenient: people can edit every part of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zilliz_jobs.api.model import GROUP, parse_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body, raw_status
from zilliz_jobs.core.foreigntext import shown


class ObjectView(ABC):
    """What a job and a schedule have in common."""

    body: Body

    @property
    @abstractmethod
    def resource(self) -> Resource: ...

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.body["metadata"].get("namespace") or "")

    @property
    def reference(self) -> str:
        """The object in one word, as every command takes it."""
        return f"{self.resource.singular}/{self.name}"

    @property
    def full_name(self) -> str:
        """As `kubectl -o name` writes it."""
        return f"{self.resource.singular}.{GROUP}/{self.name}"

    @property
    def spec(self) -> Body:
        return spec_in(self.body)

    @property
    def created(self) -> datetime | None:
        return parse_time(self.body["metadata"].get("creationTimestamp"))

    def rows(self, name: str) -> list[Body]:
        """A list of the status, without what is no object in it."""
        return objects_in(raw_status(self.body).get(name))

    def condition(self, kind: str) -> Body:
        """One condition; {} where it has none."""
        return condition_in(raw_status(self.body), kind)


def objects_in(value: Any) -> list[Body]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def spec_in(body: Body) -> Body:
    spec = body.get("spec")
    return spec if isinstance(spec, dict) else {}


def condition_in(status: Body, kind: str) -> Body:
    """One condition; {} where it has none."""
    return next((row for row in objects_in(status.get("conditions")) if row.get("type") == kind), {})


def text_in(part: Mapping[str, Any], name: str) -> str:
    """A text of the object, safe to show; "" for what is none."""
    value = part.get(name)
    return shown(value) if isinstance(value, str) else ""
