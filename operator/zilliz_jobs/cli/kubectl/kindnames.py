"""Kinds by the words that people use for them, and references like `importjob/films`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

SHORTENED = {JOB_SCHEDULE.kind: "schedule"}
"""The word of a kind whose name does not end with `job`."""


class Reference(NamedTuple):
    """What a person typed. `word`: the kind, "" where only the name was given."""

    word: str
    name: str


def words_of(resource: Resource) -> tuple[str, ...]:
    """All that the kind may be called: as with kubectl, and without its `job` at the end."""
    known = (resource.singular, resource.plural, resource.short, resource.crd_name)
    return (*known, SHORTENED.get(resource.kind) or resource.singular.removesuffix("job"))


def kind_of(resource: Resource) -> AnyKind:
    """The job kind of the resource of a job."""
    return next(kind for kind in JOB_KINDS if kind.resource.kind == resource.kind)


def resource_named(word: str, resources: Iterable[Resource]) -> Resource:
    """The one of these that is called so. Raises CommandError."""
    every = tuple(resources)
    for resource in every:
        if is_named(resource, word):
            return resource
    known = ", ".join(resource.singular for resource in every)
    raise CommandError(f"{word!r} is no kind that this command takes; those are {known}")


def kind_named(word: str) -> AnyKind:
    """The job kind of this name. Raises CommandError."""
    wanted = word.lower()
    for kind in JOB_KINDS:
        if wanted in words_of(kind.resource):
            return kind
    known = ", ".join(kind.resource.singular for kind in JOB_KINDS)
    raise CommandError(f"there is no kind of job {word!r}; the kinds are {known}")


def is_named(resource: Resource, word: str) -> bool:
    return word.lower() in words_of(resource)


def reference(text: str) -> Reference:
    """`KIND/NAME` or `NAME`. Raises CommandError."""
    word, slash, name = text.partition("/")
    if not slash:
        word, name = "", text
    if not name or "/" in name or (slash and not word):
        raise CommandError(f"{text!r} names no job; write KIND/NAME, importjob/films for example")
    return Reference(word, name)
