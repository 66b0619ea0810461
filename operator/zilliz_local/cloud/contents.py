"""Collections as records: what the data plane can be asked about one. Entities are counted, not kept."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Schema = dict[str, object]


def plain_schema() -> Schema:
    """What a collection has that nobody described: an integer key and one vector."""
    return {
        "autoId": False,
        "enableDynamicField": True,
        "fields": [
            {"fieldName": "id", "dataType": "Int64", "isPrimary": True},
            {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": "8"}},
        ],
    }


@dataclass(slots=True)
class Collection:
    """One collection. `rows` are entities without a known key, `keys` the others."""

    description: str = ""
    schema: Schema = field(default_factory=plain_schema)
    rows: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    loaded: bool = True
    load_began: float = 0.0
    load_ends: float = 0.0
    indexes: dict[str, str] = field(default_factory=dict)
    """The metric of the index that a vector field has, by the field's name."""
    flushes: int = 0

    @property
    def count(self) -> int:
        """How many entities there are; a key that was inserted twice counts twice, as in Milvus."""
        return self.rows + self.keys.total()

    @property
    def primary_field(self) -> str:
        """The name of the key field."""
        fields = self.schema.get("fields")
        for one in fields if isinstance(fields, list) else []:
            if isinstance(one, dict) and one.get("isPrimary"):
                return str(one.get("fieldName") or one.get("name") or "id")
        return "id"

    @property
    def vector_fields(self) -> list[str]:
        """The names of its vector fields."""
        fields = self.schema.get("fields")
        return [
            str(one.get("fieldName") or one.get("name"))
            for one in (fields if isinstance(fields, list) else [])
            if isinstance(one, dict) and str(one.get("dataType") or one.get("type") or "").endswith("Vector")
        ]

    def load(self, now: float, seconds: float) -> None:
        """Begin to load, unless that was done before."""
        if not self.loaded:
            self.loaded, self.load_began, self.load_ends = True, now, now + seconds

    def release(self) -> None:
        """Take it out of memory."""
        self.loaded = False

    def load_progress(self, now: float) -> int:
        """Percent; 0 for one that is not being loaded."""
        if not self.loaded:
            return 0
        if now >= self.load_ends:
            return 100
        return min(99, int(100 * (now - self.load_began) / (self.load_ends - self.load_began)))

    def load_state(self, now: float) -> str:
        """Milvus' word."""
        if not self.loaded:
            return "LoadStateNotLoad"
        return "LoadStateLoaded" if now >= self.load_ends else "LoadStateLoading"

    def insert(self, keys: Iterable[str]) -> None:
        """Add entities, also under keys that exist."""
        self.keys.update(keys)

    def upsert(self, keys: Iterable[str]) -> None:
        """Add entities, or replace those with the same key."""
        for key in keys:
            self.keys[key] = 1

    def copy(self, *, loaded: bool) -> "Collection":
        """The same contents in another collection."""
        twin = Collection(self.description, dict(self.schema), self.rows, Counter(self.keys), loaded)
        twin.indexes = dict(self.indexes)
        return twin


Place = tuple[str, str]
"""Database and name."""
Contents = dict[Place, Collection]


def whole_names(contents: Iterable[Place]) -> dict[str, list[str]]:
    """Names by database, in order."""
    found: dict[str, list[str]] = {}
    for db_name, name in contents:
        found.setdefault(db_name, []).append(name)
    return found
