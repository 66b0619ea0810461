"""Which objects this operator works on, where several share them: those whose labels its selector selects.

A shard is the operators with one selector; one of them leads. Objects of other shards are not watched, so they cost
nothing. ZillizConnections are: there are few, and what a job may not use must not look as if it did not exist.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.selector import How, LabelSelector, Requirement

SHARD_LABEL = f"{GROUP}/shard"
"""The label that says which shard an object is of; what has none is of the default one."""

DEFAULT_SHARD = "default"
_DEFAULT = LabelSelector((Requirement(SHARD_LABEL, How.ABSENT),))
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Shard:
    """`selector`: one without requirements stands for all objects; there are no shards then."""

    selector: LabelSelector = field(default_factory=LabelSelector)

    @classmethod
    def of(cls, text: str) -> Shard:
        """By the text of the selector. Raises ValueError where it is none, or its shard cannot have that name."""
        shard = cls(LabelSelector.parse(text))
        value = shard._value
        if value is not None and (value == DEFAULT_SHARD or not _NAME.fullmatch(value)):
            raise ValueError(
                f"a shard cannot be called {value!r}: take 1 to 30 lower-case letters, digits and hyphens, and not "
                f"{DEFAULT_SHARD!r}, which is the shard of objects without the label {SHARD_LABEL}"
            )
        return shard

    @property
    def is_one_of_several(self) -> bool:
        """Whether other operators may work on other objects."""
        return bool(self.selector.requirements)

    @property
    def name(self) -> str:
        """Short, and another one for each selector; a part of the names of Leases."""
        if not self.is_one_of_several or self.selector == _DEFAULT:
            return DEFAULT_SHARD
        return self._value or f"selector-{hashlib.sha256(str(self.selector).encode()).hexdigest()[:8]}"

    def lease_name(self, base: str) -> str:
        """The Lease of its leader. That of the default shard is the one of an operator without shards, so that never
        both work."""
        return lease_of(self.name, base)

    def selects(self, body: Body) -> bool:
        """Whether the object is this shard's own, by its labels."""
        return self.selector.selects(labels_of(body))

    def filters(self, kind: str) -> bool:
        """Whether objects of the kind that are not its own are not even watched."""
        return self.is_one_of_several and kind != ZILLIZ_CONNECTION.kind

    def child_labels(self, parent: Body, wanted: Mapping[str, str]) -> dict[str, str]:
        """The labels of an object that is made for `parent`: those that are wanted, but of the parent's shard."""
        ours = {SHARD_LABEL, *self.selector.keys}
        handed_on = {key: value for key, value in labels_of(parent).items() if key in ours}
        return {key: value for key, value in wanted.items() if key not in ours} | handed_on

    @property
    def _value(self) -> str | None:
        """The value of our label where the selector asks for one value of it, and for nothing else."""
        match self.selector.requirements:
            case (Requirement(key=key, how=How.IN, values=(value,)),) if key == SHARD_LABEL:
                return value
        return None


EVERYTHING = Shard()
"""Of an operator that shares its objects with no other."""


def lease_of(shard: str, base: str) -> str:
    """The name of the Lease of a shard's leader. `base`: that of the default shard."""
    return base if shard == DEFAULT_SHARD else f"{base}-{shard}"


def labels_of(body: Body) -> Mapping[str, str]:
    """The labels of an object; empty where it has none."""
    labels = body["metadata"].get("labels")
    return labels if isinstance(labels, dict) else {}


def shard_in_words(body: Body) -> str:
    """The shard of an object by our label, for people."""
    value = labels_of(body).get(SHARD_LABEL)
    return f"shard {value}" if value else "the default shard"
