"""What a MigrationJob says of the engine that moves its data, and of the pod of VTS.

It names no image, command, volume or service account: whoever may write a MigrationJob must not run any program with
the connection's key. Here are the rules, too, that hold for one engine only.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from zilliz_jobs.api.model import Model, NameRef
from zilliz_jobs.api.resource import Rule

SOURCES_OF_VTS = (
    *("milvus", "pinecone", "qdrant", "elasticsearch", "opensearch", "postgresql"),
    "tencentVectorDB",
)
MILVUS_NAME = r"[A-Za-z_]([A-Za-z0-9_]|\$\(RUN\))*"
"""A name that a collection may have, and in a template what becomes one."""
_IN_CEL = MILVUS_NAME.replace("\\", "\\\\")
MAX_TOLERATIONS = 16
MAX_PULL_SECRETS = 8


class Engine(StrEnum):
    CLOUD = "Cloud"
    VTS = "VTS"


class MetricType(StrEnum):
    """How vectors are compared, in the words of Milvus."""

    COSINE = "COSINE"
    L2 = "L2"
    IP = "IP"


Quantity = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
Quantities = Annotated[dict[str, Quantity], Field(max_length=8)]
LabelText = Annotated[str, Field(max_length=317)]


class WorkerResources(Model):
    requests: Quantities | None = Field(
        default=None, description="What the pod asks for, for example cpu and memory, each as text."
    )
    limits: Quantities | None = Field(
        default=None, description="What the pod may use at most. Default: 2Gi of memory."
    )


class TolerationOperator(StrEnum):
    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    key: LabelText | None = Field(default=None, description="Key of the taint. Left out, with Exists: any.")
    operator: TolerationOperator | None = Field(default=None, description="Exists, or Equal. Default: Equal.")
    value: LabelText | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: TaintEffect | None = Field(default=None, description="Effect of the taint. Left out: any.")
    toleration_seconds: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How long the pod stays under a taint NoExecute. Default: for ever."
    )


class Worker(Model):
    resources: WorkerResources | None = Field(
        default=None, description="CPU and memory of the pod. Default: 500m and 2Gi, at most 2Gi."
    )
    node_selector: Annotated[dict[str, LabelText], Field(max_length=16)] | None = Field(
        default=None, description="Labels that the node must have."
    )
    tolerations: Annotated[list[Toleration], Field(max_length=MAX_TOLERATIONS)] | None = Field(
        default=None, description="Taints of nodes that the pod accepts."
    )
    image_pull_secrets: Annotated[list[NameRef], Field(max_length=MAX_PULL_SECRETS)] | None = Field(
        default=None, description="Secrets of the namespace for the registry of the engine's image."
    )


def _given(spec: Any, name: str) -> Any:
    """The source of this name as the spec has it; None where it is another one."""
    by_name = {"tencentVectorDB": "tencent_vector_db"}
    return getattr(spec.source, by_name.get(name, name), None) if spec.source else None


def _by_vts(spec: Any) -> bool:
    return bool(spec.engine is Engine.VTS)


def _comes_from_another_vendor(spec: Any) -> bool:
    return not _by_vts(spec) or (
        spec.adopt is None and any(_given(spec, name) is not None for name in SOURCES_OF_VTS)
    )


def _goes_into_a_cluster_offline(spec: Any) -> bool:
    into = spec.target is not None and spec.target.cluster_id is not None
    return not _by_vts(spec) or (into and spec.mode.value == "Offline")


def _destinations(spec: Any) -> list[str]:
    return [one.destination or usual_name(spec.source, one.source or "") for one in spec.collections or []]


def usual_name(source: Any, name: str) -> str:
    """The name that a collection gets where the spec names none: that in the source, with _ for the - of Pinecone,
    whose indexes have hyphens while collections have none (documented)."""
    return name.replace("-", "_") if source and source.pinecone else name


def _destinations_are_names(spec: Any) -> bool:
    return not _by_vts(spec) or all(re.fullmatch(MILVUS_NAME, name) for name in _destinations(spec))


def _destinations_differ(spec: Any) -> bool:
    databases = [one.dest_database or "default" for one in spec.collections or []]
    places = [*zip(databases, _destinations(spec), strict=True)]
    return not _by_vts(spec) or len({*places}) == len(places)


def _databases_are_named(spec: Any) -> bool:
    postgres, tencent = (_given(spec, name) for name in ("postgresql", "tencentVectorDB"))
    return not _by_vts(spec) or all(one is None or one.database is not None for one in (postgres, tencent))


def _only_vts_is_told_how(spec: Any) -> bool:
    postgres, pinecone, tencent = (_given(spec, name) for name in ("postgresql", "pinecone", "tencentVectorDB"))
    told = [
        spec.load or None,
        spec.worker,
        *(one.metric_type for one in spec.collections or []),
        postgres and postgres.schema_name,
        pinecone and pinecone.merge_namespaces,
        tencent and tencent.database,
        tencent and tencent.username,
    ]
    return _by_vts(spec) or all(value is None for value in told)


_VTS = "has(self.engine) && self.engine == 'VTS'"
_CLOUD = f"!({_VTS})"
_IN = "has(self.source) && has(self.source.{})"
_NAME = "(has(one.destination) ? one.destination : has(one.source) ? one.source : '')"
_PINECONE = "(has(self.source) && has(self.source.pinecone))"
_PLACE = (
    "(has({0}.destDatabase) ? {0}.destDatabase : 'default') + '/' + "
    "(has({0}.destination) ? {0}.destination : has({0}.source) ? {0}.source : '')"
)

ENGINE_RULES = (
    Rule(
        f"{_CLOUD} || (!has(self.adopt) && has(self.source)"
        f" && [{', '.join(f'has(self.source.{name})' for name in SOURCES_OF_VTS)}].exists(given, given))",
        f"engine VTS reads one of {', '.join(SOURCES_OF_VTS)}, and adopts nothing; for all else leave out engine",
        _comes_from_another_vendor,
    ),
    Rule(
        f"{_CLOUD} || (has(self.target) && has(self.target.clusterId)"
        " && (!has(self.mode) || self.mode == 'Offline'))",
        "engine VTS writes into a cluster that exists, with mode Offline: name target.clusterId, and leave out mode",
        _goes_into_a_cluster_offline,
    ),
    Rule(
        f"{_CLOUD} || !has(self.collections) || self.collections.all(one, "
        f"{_NAME}.matches('^{_IN_CEL}$') || ({_PINECONE} && !has(one.destination) && has(one.source)"
        f" && one.source.matches('^{_IN_CEL.replace('0-9_', '0-9_-')}$')))",
        "with engine VTS the name of a collection has letters, digits and _ only, and begins with no digit: name "
        "another destination",
        _destinations_are_names,
    ),
    Rule(
        f"{_CLOUD} || !has(self.collections) || self.collections.all(one, self.collections.exists_one(other, "
        f"{_PLACE.format('one')} == {_PLACE.format('other')}))",
        "two of the collections have the same destination: name two",
        _destinations_differ,
    ),
    Rule(
        f"{_CLOUD} || ((!({_IN.format('postgresql')}) || has(self.source.postgresql.database))"
        f" && (!({_IN.format('tencentVectorDB')}) || has(self.source.tencentVectorDB.database)))",
        "with engine VTS name the database of a postgresql and of a tencentVectorDB",
        _databases_are_named,
    ),
    Rule(
        f"{_VTS} || ((!has(self.load) || !self.load) && !has(self.worker)"
        " && (!has(self.collections) || self.collections.all(one, !has(one.metricType)))"
        f" && !({_IN.format('postgresql')} && has(self.source.postgresql.schema))"
        f" && !({_IN.format('pinecone')} && has(self.source.pinecone.mergeNamespaces))"
        f" && !({_IN.format('tencentVectorDB')} && (has(self.source.tencentVectorDB.database)"
        " || has(self.source.tencentVectorDB.username))))",
        "load, worker, metricType, postgresql.schema, pinecone.mergeNamespaces, tencentVectorDB.database and "
        "username are for engine VTS only: leave them out, or say engine: VTS",
        _only_vts_is_told_how,
    ),
)
