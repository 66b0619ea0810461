"""The data plane of one cluster: a RESTful API on the cluster's own host (documented: Collection and Vector
Operations v2), served by Milvus. Only what looking for collections, making a sample and finishing a migration needs.

Same key, envelope and errors as the control plane, another vocabulary of codes and a budget of its own. A cluster
that is suspended is not reachable: reads are Transient then. Code 200 is success as in older versions of Milvus; that
it also means "partition not found" there does not matter, since no call names a partition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.envelope import CONTROL_PLANE, Codes
from zilliz_jobs.cloud.errors import ProtocolMismatch
from zilliz_jobs.cloud.fields import Id, NullableList, Percent, Text, ToldText, WireModel
from zilliz_jobs.cloud.listing import parsed
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport

_COLLECTIONS = "/v2/vectordb/collections/"
_NOT_FOUND = frozenset({100})  # Milvus source: collection not found
# Milvus source: what is wrong with the request itself or with the caller's rights. Not "service not ready", rate
# limits or "unexpected error": those can come after a part of the work.
_INVALID = frozenset({102, 105, 801, 802, 1101, 1102, 1400, 1401, 1700, 1701, 1802, 1803, 1804, 1806})
DATA_PLANE = Codes(
    CONTROL_PLANE.not_found | _NOT_FOUND,
    CONTROL_PLANE.refused | _NOT_FOUND | _INVALID,
)
_MAX_DIGITS = 19  # of a count, a whole number of 64 bits
LOADED, LOADING, NOT_LOADED = "LoadStateLoaded", "LoadStateLoading", "LoadStateNotLoad"


class SchemaField(WireModel):
    """`type`: the word of Milvus, such as FloatVector."""

    name: Id
    type: Text = ""

    @property
    def is_vector(self) -> bool:
        """Whether it can have an index of vectors."""
        return self.type.endswith("Vector")


class FieldIndex(WireModel):
    """An index that a field has."""

    field_name: Id
    index_name: Text = ""


class Collection(WireModel):
    """`load`: LOADED, LOADING or NOT_LOADED. `description`: empty for a collection without one, None where the answer
    does not tell it. `collection_name`: its own one, whichever of its `aliases` was asked for (Milvus source)."""

    collection_name: Id
    aliases: Annotated[tuple[Text, ...], NullableList] = ()
    description: ToldText = None
    load: Text = ""
    fields: Annotated[tuple[SchemaField, ...], NullableList] = ()
    indexes: Annotated[tuple[FieldIndex, ...], NullableList] = ()

    @property
    def loaded(self) -> bool:
        """Whether all of it is loaded."""
        return self.load == LOADED

    @property
    def without_index(self) -> tuple[SchemaField, ...]:
        """Its vector fields that have no index; a collection can be loaded when there is none of them."""
        indexed = {one.field_name for one in self.indexes}
        return tuple(one for one in self.fields if one.is_vector and one.name not in indexed)


class Loading(WireModel):
    """`load_state`: LOADED, LOADING or NOT_LOADED. `load_progress`: whole percent, None where nothing loads."""

    load_state: Text = ""
    load_progress: Percent = None

    @property
    def loaded(self) -> bool:
        """Whether all of the collection is loaded."""
        return self.load_state == LOADED


class NewCollection(WireModel):
    """A collection to make: quick setup by `dimension`, or `collection_schema` (`schema` on the wire) with
    `index_params`; the inner names are the cloud's own. `description` is kept by Milvus and told by describe. Without
    `db_name` it is the default database."""

    db_name: str | None = None
    collection_name: str
    description: str | None = None
    dimension: int | None = None
    collection_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    index_params: tuple[dict[str, Any], ...] | None = None
    params: dict[str, Any] | None = None


class DataPlane:
    """`database` is everywhere the default one where it is None. Reads raise NotFound for an unknown collection
    (all but `has_collection`), Rejected for an unknown database, and the rest of the tree of `errors`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def has_collection(self, collection: str, *, database: str | None = None) -> bool:
        """Whether the collection exists (documented: Has Collection)."""
        doing = f"look for collection {collection}"
        data = await self._ask("has", collection, database, doing)
        found = data.get("has") if isinstance(data, dict) else None
        if not isinstance(found, bool):
            # A "no" that nobody said would let a collection be made twice.
            raise ProtocolMismatch(f"cannot {doing}: the answer says neither yes nor no")
        return found

    async def list_collections(self, *, database: str | None = None) -> list[str]:
        """The names of all collections of the database, in one answer (documented: List Collections)."""
        doing = f"list collections of database {database or 'default'}"
        reply = await self._transport.read("POST", f"{_COLLECTIONS}list", body={"dbName": database}, doing=doing)
        names = reply.data
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ProtocolMismatch(f"cannot {doing}: the answer is no list of names")
        return names

    async def describe_collection(self, collection: str, *, database: str | None = None) -> Collection:
        """The collection (documented: Describe Collection)."""
        doing = f"read collection {collection}"
        return parsed(await self._ask("describe", collection, database, doing), Collection, doing=doing)

    async def load_state(self, collection: str, *, database: str | None = None) -> Loading:
        """Whether and how far the collection is loaded (documented: Get Collection Load State)."""
        doing = f"read the load state of collection {collection}"
        return parsed(await self._ask("get_load_state", collection, database, doing), Loading, doing=doing)

    async def create_collection(self, request: NewCollection, *, token: str, fence: Fence) -> EffectReply:
        """Make a collection; with an index it is loaded, too (documented: Create Collection). `Taken` holds no id.

        Creation, index and load are three steps inside (Milvus source), so even a refusal can leave a collection
        behind: look for its description. The same schema under the same name again is taken, another is not.
        """
        return await self._transport.effect(
            "POST",
            f"{_COLLECTIONS}create",
            body=request.model_dump(by_alias=True, exclude_none=True),
            token=token,
            fence=fence,
            doing=f"create collection {request.collection_name}",
        )

    async def upsert(
        self,
        collection: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        database: str | None = None,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Write rows by primary key (documented: Upsert); repeatable, since the same keys replace each other. Not for
        collections that give out keys themselves. `Taken.text("upsertCount")`: how many were written."""
        return await self._transport.effect(
            "POST",
            "/v2/vectordb/entities/upsert",
            body={"dbName": database, "collectionName": collection, "data": [dict(row) for row in rows]},
            token=token,
            fence=fence,
            doing=f"write {len(rows)} rows to collection {collection}",
        )

    async def drop_collection(
        self, collection: str, *, database: str | None = None, token: str, fence: Fence
    ) -> EffectReply:
        """Delete a collection with its data, for good (documented: Drop Collection). Repeatable: one that is gone is
        Taken or Refused with code 100."""
        return await self._transport.effect(
            "POST",
            f"{_COLLECTIONS}drop",
            body={"dbName": database, "collectionName": collection},
            token=token,
            fence=fence,
            doing=f"drop collection {collection}",
        )

    async def flush(self, collection: str, *, database: str | None = None, token: str, fence: Fence) -> EffectReply:
        """Seal and store what was written so far (Milvus source: flush). Repeatable."""
        return await self._do("flush", collection, database, f"flush collection {collection}", token, fence)

    async def load(self, collection: str, *, database: str | None = None, token: str, fence: Fence) -> EffectReply:
        """Begin to load the collection, all of whose vector fields have an index (documented: Load Collection).
        Repeatable."""
        return await self._do("load", collection, database, f"load collection {collection}", token, fence)

    async def release(self, collection: str, *, database: str | None = None, token: str, fence: Fence) -> EffectReply:
        """Take the collection out of memory (documented: Release Collection). Repeatable."""
        return await self._do("release", collection, database, f"release collection {collection}", token, fence)

    async def create_index(
        self,
        collection: str,
        field: str,
        metric_type: str,
        *,
        database: str | None = None,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Begin to index a vector field as the cloud chooses, AUTOINDEX, under the field's own name (documented:
        Create Index). The same again changes nothing (Milvus source); another index of the field is refused."""
        index = {"fieldName": field, "indexName": field, "metricType": metric_type, "indexType": "AUTOINDEX"}
        return await self._transport.effect(
            "POST",
            "/v2/vectordb/indexes/create",
            body={"dbName": database, "collectionName": collection, "indexParams": [index]},
            token=token,
            fence=fence,
            doing=f"index field {field} of collection {collection}",
        )

    async def count(self, collection: str, *, database: str | None = None) -> int:
        """How many rows the loaded collection has, those just written among them (documented: Query, count(*)).
        Rejected for one that is not loaded."""
        doing = f"count the rows of collection {collection}"
        body = {
            "dbName": database,
            "collectionName": collection,
            "outputFields": ["count(*)"],
            "consistencyLevel": "Strong",
        }
        data = (await self._transport.read("POST", "/v2/vectordb/entities/query", body=body, doing=doing)).data
        row = data[0] if isinstance(data, list) and len(data) == 1 else None
        found = row.get("count(*)") if isinstance(row, dict) else None
        if isinstance(found, str) and found.isdecimal() and len(found) <= _MAX_DIGITS:
            found = int(found)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise ProtocolMismatch(f"cannot {doing}: the answer is no number")
        return found

    async def _do(
        self, verb: str, collection: str, database: str | None, doing: str, token: str, fence: Fence
    ) -> EffectReply:
        body = {"dbName": database, "collectionName": collection}
        return await self._transport.effect(
            "POST", _COLLECTIONS + verb, body=body, token=token, fence=fence, doing=doing
        )

    async def _ask(self, verb: str, collection: str, database: str | None, doing: str) -> Any:
        body = {"dbName": database, "collectionName": collection}
        return (await self._transport.read("POST", _COLLECTIONS + verb, body=body, doing=doing)).data
