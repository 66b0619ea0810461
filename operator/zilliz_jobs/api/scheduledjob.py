"""One entry of a JobSchedule: the name of a job, what it follows, and the spec of exactly one job kind in full.

The fields of the kinds are made from the list of job kinds, so that each new kind can be scheduled. A template has no
defaults: in a list they would stand in objects that Git does not have. So the rules of kinds ask `has()` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.backupref import BackupRef
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.model import GROUP, Model
from zilliz_jobs.api.resource import Resource, Rule
from zilliz_jobs.api.schema import TEMPLATE
from zilliz_jobs.api.template import rules_of

MAX_ENTRY_NAME = 20
MAX_MARKS = 20
MAX_ANNOTATION = 1024
MAX_AFTER = 9

FLUX = ".toolkit.fluxcd.io/"
FOREIGN_MARKS = (
    f"{GROUP}/",
    "argocd.argoproj.io/",
    *(f"{controller}{FLUX}" for controller in ("kustomize", "helm", "source", "notification", "image")),
    "meta.helm.sh/",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
)
"""How the names of marks begin that belong to the operator or to a GitOps tool. A tool that found its mark on an
object that is not in Git would delete it."""
_REFUSED = (
    f"labels and annotations of a job cannot begin with {GROUP}/, argocd.argoproj.io/, meta.helm.sh/, "
    "app.kubernetes.io/instance or /managed-by, nor be of Flux: leave them out"
)
_MARK = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

EntryName = Annotated[str, Field(max_length=MAX_ENTRY_NAME, pattern="^[a-z]([-a-z0-9]*[a-z0-9])?$")]
"""With a letter first: no object of one schedule then has the name of another's."""
LabelValue = Annotated[str, Field(max_length=63, pattern="^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
AnnotationValue = Annotated[str, Field(max_length=MAX_ANNOTATION)]


def field_of(resource: Resource) -> str:
    """The field of an entry that holds the spec of this kind, as it stands in a manifest."""
    return resource.kind[:1].lower() + resource.kind[1:]


TEMPLATES: dict[str, Resource] = {field_of(resource): resource for resource in JOB_RESOURCES}
"""The job kinds, by the field of an entry."""
BACKUP = field_of(BACKUP_JOB)


def _refers(resource: Resource) -> bool:
    field = resource.spec.model_fields.get("backup")
    return field is not None and BackupRef in get_args(field.annotation)


REFERRING = tuple(name for name, resource in TEMPLATES.items() if _refers(resource))
"""The fields of kinds that may work on the backup of another entry."""


def _validations(rules: Iterable[Rule]) -> dict[str, Any]:
    return {"x-kubernetes-validations": [{"rule": rule.cel, "message": rule.message} for rule in rules]}


def _marks_cel(field: str) -> str:
    foreign = " && ".join(f"!mark.startsWith('{mark}')" for mark in FOREIGN_MARKS)
    return f"!has(self.{field}) || self.{field}.all(mark, {foreign})"


class EntryMetadata(Model):
    """Labels and annotations of the objects of one entry."""

    model_config = ConfigDict(
        json_schema_extra=_validations(
            Rule(_marks_cel(field), _REFUSED, lambda _: True) for field in ("labels", "annotations")
        )
    )

    labels: Annotated[dict[str, LabelValue], Field(max_length=MAX_MARKS)] | None = Field(
        default=None, description="Labels of the job's objects."
    )
    annotations: Annotated[dict[str, AnnotationValue], Field(max_length=MAX_MARKS)] | None = Field(
        default=None, description="Annotations of the job's objects."
    )

    @model_validator(mode="after")
    def _are_ours_to_set(self) -> Self:
        for mark in (*(self.labels or ()), *(self.annotations or ())):
            if mark.startswith(FOREIGN_MARKS) or FLUX in mark:
                raise PydanticCustomError("mark", _REFUSED)
            if not _MARK.fullmatch(mark):
                raise PydanticCustomError(
                    "mark",
                    "a name of a label or annotation is up to 63 letters, digits, '-', '_' and '.', with a "
                    "DNS name and '/' before it or not",
                )
        return self


_ONE_KIND = Rule(
    f"[{', '.join(f'has(self.{name})' for name in TEMPLATES)}].filter(given, given).size() == 1",
    f"give the spec of exactly one kind: {', '.join(TEMPLATES)}",
    lambda entry: len(entry.given) == 1,
)


class ScheduledJobBase(Model):
    """The part that is the same whatever the kind."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic", **_validations([_ONE_KIND])})

    name: EntryName = Field(
        description="Name of the job in the schedule; the objects are named `<schedule>-<run>-<name>`."
    )
    after: Annotated[list[EntryName], Field(max_length=MAX_AFTER)] | None = Field(
        default=None,
        description="Jobs of the same run that must be Successful before this one is submitted. The one that "
        "backupJobRef names is among them.",
    )
    metadata: EntryMetadata | None = Field(default=None, description="Labels and annotations of the job's objects.")

    @property
    def given(self) -> dict[str, JobSpec]:
        """The specs of kinds that are given, by their fields; exactly one in an entry that was accepted."""
        specs = {name: getattr(self, _attribute(name)) for name in TEMPLATES}
        return {name: spec for name, spec in specs.items() if spec is not None}

    @property
    def field(self) -> str:
        """The field of its kind."""
        return next(iter(self.given))

    @property
    def spec(self) -> JobSpec:
        """The spec of its job, with $(RUN) as it is written."""
        return self.given[self.field]

    @property
    def resource(self) -> Resource:
        return TEMPLATES[self.field]

    @property
    def backup_entry(self) -> str | None:
        """The entry whose backup the job works on; None where it works on none of the run."""
        ref = getattr(self.spec, "backup", None) if self.field in REFERRING else None
        return ref.backup_job_ref.name if ref is not None and ref.backup_job_ref is not None else None

    @property
    def follows(self) -> tuple[str, ...]:
        """All entries that must be Successful before."""
        backup = self.backup_entry
        return tuple(dict.fromkeys([*(self.after or ()), *([backup] if backup else ())]))

    @model_validator(mode="after")
    def _keeps_to_its_rules(self) -> Self:
        if not _ONE_KIND.holds(self):
            raise PydanticCustomError("rule", _ONE_KIND.message)
        for rule in rules_of(self.resource):
            if not rule.holds(self.spec):
                raise PydanticCustomError("rule", f"{self.field}: {rule.message}")
        return self


def _attribute(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _template(resource: Resource) -> Any:
    extra = {TEMPLATE: True, **_validations(rules_of(resource))}
    return (
        resource.spec | None,
        Field(default=None, description=f"The spec of a {resource.kind}.", json_schema_extra=extra),
    )


if TYPE_CHECKING:
    ScheduledJob = ScheduledJobBase
else:
    ScheduledJob = create_model(
        "ScheduledJob",
        __base__=ScheduledJobBase,
        __doc__="One job of each run.",
        **{_attribute(name): _template(resource) for name, resource in TEMPLATES.items()},
    )
