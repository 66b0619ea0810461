"""What the API knows of one resource in one version: names, scope, schema, columns.

`builtin` lists those that are always there, `definition` makes them from CRDs, `catalog` finds them by path.
"""

from dataclasses import dataclass, field

from zilliz_local.kube.record import Body
from zilliz_local.kube.schema import ANYTHING, Node
from zilliz_local.kube.store import Key

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the Table form. `path` is the JSONPath of a printer column, empty for built-in columns."""

    name: str
    type: str = "string"
    path: str = ""
    description: str = ""
    format: str = ""
    priority: int = 0

    def definition(self) -> Body:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one API version."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str = ""
    list_kind: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False
    custom: bool = False
    storage_version: str = ""
    raw_schema: Body = field(default_factory=dict, hash=False)
    schema: Node = field(default=ANYTHING, hash=False)
    columns: tuple[Column, ...] = ()
    selectable: tuple[str, ...] = ()
    store_key: Key | None = None
    terminating: bool = False
    deprecation: str = ""
    made_by_update: bool = False
    unconditional: bool = False

    @property
    def key(self) -> Key:
        """The shelf of the store: the same for all versions of the resource."""
        return self.store_key or (self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_api_version(self) -> str:
        group, version = self.key[0], self.storage_version or self.version
        return f"{group}/{version}" if group else version

    @property
    def name(self) -> str:
        """`backups.jobs.zilliz.com`, or `secrets` in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def root(self) -> str:
        """The path below which the API version lives."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
