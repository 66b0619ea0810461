"""The resources that are always there, with as much schema as `kubectl explain` and pruning need."""

from typing import Any

from zilliz_local.kube.record import Body
from zilliz_local.kube.resource import Column, Resource
from zilliz_local.kube.schema import compile_schema

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
NAMESPACES = ("", "namespaces")
EVENTS = ("", "events")
SECRETS = ("", "secrets")
PODS = ("", "pods")
JOBS = ("batch", "jobs")
LEASES = ("coordination.k8s.io", "leases")

TEXT: Body = {"type": "string"}
FLAG: Body = {"type": "boolean"}
COUNT: Body = {"type": "integer", "format": "int32"}
TEXTS: Body = {"type": "array", "items": TEXT}
MAP: Body = {"type": "object", "additionalProperties": TEXT}
BASE64_MAP: Body = {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}}
FREE: Body = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
MOMENT: Body = {"type": "string", "format": "date-time", "nullable": True}
MICRO: Body = {"type": "string", "format": "micro-time", "nullable": True}
NAME = Column("Name", format="name", description="Name of the object")
AGE = Column("Age", description="Time since creation")


def said(schema: Body, description: str) -> Body:
    return {**schema, "description": description}


def thing(description: str, **fields: Body) -> Body:
    return {"type": "object", "description": description, "properties": fields}


def items(schema: Body) -> Body:
    return {"type": "array", "items": schema}


REFERENCE = thing(
    "ObjectReference names the object that something is about.",
    apiVersion=TEXT,
    kind=TEXT,
    namespace=TEXT,
    name=TEXT,
    uid=TEXT,
    resourceVersion=TEXT,
    fieldPath=TEXT,
)
SOURCE = thing("The component that reported the event.", component=TEXT, host=TEXT)
SERIES = thing("How often a repeated event was seen.", count=COUNT, lastObservedTime=MICRO)
CONDITION = thing(
    "One aspect of the state.", type=TEXT, status=TEXT, reason=TEXT, message=TEXT, lastTransitionTime=TEXT
)
EVENT_SHARED: dict[str, Body] = {
    "reason": said(TEXT, "Why: one CamelCase word for machines."),
    "type": said(TEXT, "Normal or Warning."),
    "action": said(TEXT, "What was done about the object."),
    "eventTime": said(MICRO, "When the event was first seen."),
    "series": {**SERIES, "nullable": True},
    "related": {**REFERENCE, "nullable": True},
    "reportingInstance": said(TEXT, "The process that reported the event."),
}
EVENT = thing(
    "Event is a report of something that happened somewhere in the cluster.",
    **EVENT_SHARED,
    involvedObject=said(REFERENCE, "The object that this event is about."),
    message=said(TEXT, "What happened, for people."),
    source=SOURCE,
    firstTimestamp=MOMENT,
    lastTimestamp=MOMENT,
    count=COUNT,
    reportingComponent=said(TEXT, "The controller that reported the event."),
)
NEW_EVENT = thing(
    "Event is a report of an event somewhere in the cluster.",
    **EVENT_SHARED,
    regarding=said(REFERENCE, "The object that this event is about."),
    note=said(TEXT, "What happened, for people."),
    deprecatedSource=SOURCE,
    deprecatedFirstTimestamp=MOMENT,
    deprecatedLastTimestamp=MOMENT,
    deprecatedCount=COUNT,
    reportingController=said(TEXT, "The controller that reported the event."),
)
NAMESPACE = thing(
    "Namespace provides a scope for names.",
    spec=thing("Behaviour of the namespace.", finalizers=TEXTS),
    status=thing("State of the namespace.", phase=TEXT, conditions=items(CONDITION)),
)
CONFIG_MAP = thing(
    "ConfigMap holds configuration data for pods to consume.",
    data=said(MAP, "Text by key."),
    binaryData=said(BASE64_MAP, "Base64 by key."),
    immutable=said(FLAG, "If true, data cannot be changed."),
)
SECRET = thing(
    "Secret holds secret data of a certain type.",
    data=said(BASE64_MAP, "Base64 by key."),
    stringData=said(MAP, "Plain text by key, written into data; write-only."),
    type=said(TEXT, "For programs that handle the secret."),
    immutable=said(FLAG, "If true, data cannot be changed."),
)
SERVICE_ACCOUNT = thing(
    "ServiceAccount binds together a name and the identity of a process.",
    secrets=items(REFERENCE),
    imagePullSecrets=items(thing("A name in the same namespace.", name=TEXT)),
    automountServiceAccountToken=FLAG,
)
LEASE = thing(
    "Lease defines a lease concept.",
    spec=thing(
        "Specification of the lease.",
        holderIdentity=said(TEXT, "Who holds the lease."),
        leaseDurationSeconds=said(COUNT, "How long candidates wait before they take it by force."),
        acquireTime=MICRO,
        renewTime=MICRO,
        leaseTransitions=said(COUNT, "How often the holder changed."),
        strategy=TEXT,
        preferredHolder=TEXT,
    ),
)
POD = thing("Pod is a collection of containers that run on one node.", spec=FREE, status=FREE)
JOB = thing("Job is the work of pods that come to an end.", spec=FREE, status=FREE)
DEFINITION = thing(
    "CustomResourceDefinition represents a resource that should be exposed on the API server.",
    spec=said(FREE, "How the resources should appear."),
    status=said(FREE, "The actual state of the definition."),
)


def _core(plural: str, kind: str, raw: Body, group: str = "", **more: Any) -> Resource:
    return Resource(
        group=group,
        version="v1",
        plural=plural,
        kind=kind,
        singular=kind.lower(),
        list_kind=f"{kind}List",
        raw_schema=raw,
        schema=compile_schema(raw),
        **more,
    )


EVENT_COLUMNS = (
    Column("Last Seen"),
    Column("Type"),
    Column("Reason"),
    Column("Object"),
    Column("Subobject", priority=1),
    Column("Source", priority=1),
    Column("Message"),
    Column("First Seen", priority=1),
    Column("Count", priority=1),
    Column("Name", format="name", priority=1),
)
EVENT_FIELDS = (
    *(f"involvedObject.{part}" for part in REFERENCE["properties"]),
    "reason",
    "reportingComponent",
    "source",
    "type",
)
CRD_COLUMNS = (
    NAME,
    Column("Scope", description="Cluster/Namespaced"),
    Column("Versions", description="Served versions"),
    Column("Created At", type="date"),
    Column("Group", description="API group", priority=1),
    Column("Kind", description="CustomResource kind", priority=1),
    Column("ShortNames", description="Short names", priority=1),
    Column("Established", type="boolean", description="Established status", priority=1),
)
NEW_EVENT_FIELDS = tuple(
    f"regarding.{field.partition('.')[2]}" if field.startswith("involvedObject.") else field for field in EVENT_FIELDS
)
BUILTIN: tuple[Resource, ...] = (
    _core("namespaces", "Namespace", NAMESPACE, namespaced=False, short_names=("ns",), has_status=True,
          columns=(NAME, Column("Status"), AGE), selectable=("status.phase",), unconditional=True),
    _core("configmaps", "ConfigMap", CONFIG_MAP, short_names=("cm",), columns=(NAME, Column("Data"), AGE),
          unconditional=True),
    _core("secrets", "Secret", SECRET, columns=(NAME, Column("Type"), Column("Data", type="integer"), AGE),
          selectable=("type",), unconditional=True),
    _core("events", "Event", EVENT, short_names=("ev",), columns=EVENT_COLUMNS, selectable=EVENT_FIELDS,
          unconditional=True, made_by_update=True),
    _core("serviceaccounts", "ServiceAccount", SERVICE_ACCOUNT, short_names=("sa",), columns=(NAME, AGE),
          unconditional=True),
    _core("pods", "Pod", POD, short_names=("po",), has_status=True, columns=(NAME, AGE), selectable=("status.phase",),
          unconditional=True),
    _core("jobs", "Job", JOB, group="batch", has_status=True, columns=(NAME, AGE), unconditional=True),
    _core("events", "Event", NEW_EVENT, group="events.k8s.io", short_names=("ev",), columns=EVENT_COLUMNS,
          selectable=NEW_EVENT_FIELDS, store_key=EVENTS, unconditional=True, made_by_update=True),
    _core("leases", "Lease", LEASE, group="coordination.k8s.io", columns=(NAME, Column("Holder"), AGE),
          made_by_update=True),
    _core("customresourcedefinitions", "CustomResourceDefinition", DEFINITION, group="apiextensions.k8s.io",
          namespaced=False, short_names=("crd", "crds"), categories=("api-extensions",), has_status=True,
          columns=CRD_COLUMNS),
)  # fmt: skip
