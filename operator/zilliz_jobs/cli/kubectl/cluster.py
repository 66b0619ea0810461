"""The API server as the user of these commands sees it: job objects, by the rights of the kubeconfig.

What fails is a CommandError that says what to do. A kind that cannot be read is told, never taken for one without
objects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.kindnames import Reference, kind_named, kind_of, resource_named
from zilliz_jobs.cli.kubectl.wording import listed
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import (
    Denied,
    Forbidden,
    KubeError,
    NotFound,
    NotServed,
    Terminating,
    Unauthorised,
    Unavailable,
)
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.paths import path

INSTALL = "install the operator's chart, or its CRDs (kubectl apply -f crds/)"
READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True)
class JobList:
    """The jobs that could be read, and a sentence for each kind that could not."""

    jobs: tuple[JobView, ...]
    unread: tuple[str, ...] = ()


class Cluster:
    """`namespace`: the one that the commands act in; None: all of them."""

    def __init__(self, client: KubeClient, where: Where) -> None:
        self.client, self.objects = client, Objects(client)
        self.namespace = None if where.everywhere else where.namespace or client.namespace
        self.home = where.namespace or client.namespace
        self._clock = ServerClock()
        client.on_answer = self._clock.hear

    @classmethod
    @asynccontextmanager
    async def open(cls, where: Where) -> AsyncIterator[Cluster]:
        """Raises CommandError for a kubeconfig that cannot be used; asks the server for nothing."""
        try:
            client = await KubeClient.connect(kubeconfig=where.kubeconfig, context=where.context, trust_env=True)
        except KubeError as error:
            raise CommandError(str(error)) from error
        async with client:
            yield cls(client, where)

    def now(self) -> datetime:
        """The API server's time, which the ages of objects are counted by."""
        return self._clock.now()

    # -- reading

    async def jobs(self, kinds: Sequence[AnyKind] = JOB_KINDS) -> JobList:
        """All jobs of these kinds. Raises CommandError where none of the kinds can be read."""
        read = await asyncio.gather(*(self._list(kind) for kind in kinds), return_exceptions=True)
        found: list[JobView] = []
        unread: list[tuple[Resource, KubeError]] = []
        for kind, answer in zip(kinds, read, strict=True):
            match answer:
                case KubeError():
                    unread.append((kind.resource, answer))
                case BaseException():
                    raise answer
                case _:
                    found += answer
        if len(unread) == len(kinds):
            raise self.problem(unread[0][1], "list", [resource for resource, _ in unread])
        return JobList(tuple(found), tuple(str(one) for one in self._problems(unread, "list")))

    async def _list(self, kind: AnyKind) -> list[JobView]:
        every = self.objects.list_all(kind.resource, self.namespace)
        return [JobView(kind, typed(kind.resource, body)) async for body in every]

    async def job(self, named: Reference) -> JobView:
        """The job of this name. Without a kind, the only one of that name. Raises CommandError."""
        kind = kind_named(named.word) if named.word else None
        resource, body = await self.one_of(JOB_RESOURCES if kind is None else (kind.resource,), named, "job")
        return JobView(kind_of(resource), body)

    async def one_of(self, resources: Sequence[Resource], named: Reference, noun: str) -> tuple[Resource, Body]:
        """The object of this name. Without a kind, the only one of that name among these. `noun`: what they are, in
        a sentence. Raises CommandError."""
        self.require_one_namespace()
        if named.word:
            resource = resource_named(named.word, resources)
            return resource, await self.get(resource, named.name)
        read = await asyncio.gather(
            *(self.objects.get(resource, self.home, named.name) for resource in resources), return_exceptions=True
        )
        found: list[tuple[Resource, Body]] = []
        unread: list[tuple[Resource, KubeError]] = []
        for resource, answer in zip(resources, read, strict=True):
            match answer:
                case NotServed():
                    unread.append((resource, answer))
                case NotFound():
                    pass
                case KubeError():
                    unread.append((resource, answer))
                case BaseException():
                    raise answer
                case _:
                    found.append((resource, typed(resource, answer)))
        if len(found) > 1:
            known = listed(f"{resource.singular}/{named.name}" for resource, _ in found)
            raise CommandError(f"{named.name} is the name of several objects; say which: {known}")
        if unread and (not found or not all(isinstance(error, NotServed) for _, error in unread)):
            raise self._problems(unread, "get")[0]
        if not found:
            see = "kubectl get jobschedules" if noun == "schedule" else "kubectl zilliz jobs"
            raise CommandError(f"there is no {noun} {shown(named.name)} in namespace {self.home}; see: {see}")
        return found[0]

    async def get(self, resource: Resource, name: str) -> Body:
        """One object of the namespace. Raises CommandError."""
        self.require_one_namespace()
        try:
            return typed(resource, await self.objects.get(resource, self.home, name))
        except KubeError as error:
            raise self.problem(error, "get", [resource], name) from error

    async def schedules(self) -> list[Body]:
        """The schedules of the namespace. Raises CommandError."""
        try:
            every = self.objects.list_all(JOB_SCHEDULE, self.namespace)
            return [typed(JOB_SCHEDULE, body) async for body in every]
        except KubeError as error:
            raise self.problem(error, "list", [JOB_SCHEDULE]) from error

    async def connection(self, job: JobView) -> Body | None:
        """The ZillizConnection of the job; None where it is not there, or may not be read."""
        try:
            return await self.objects.get(ZILLIZ_CONNECTION, job.namespace, job.connection)
        except (NotFound, Forbidden):
            return None

    async def events(self, body: Body) -> list[Body] | None:
        """The Events about the object; None where they may not be read. Raises CommandError."""
        meta = body["metadata"]
        where = path("v1", "events", meta.get("namespace") or self.home)
        try:
            answer = await self.client.get(where, {"fieldSelector": f"involvedObject.uid={meta.get('uid') or ''}"})
        except Forbidden:
            return None
        except KubeError as error:
            raise self.problem(error, "list", []) from error
        return answer.get("items") or []

    # -- writing

    async def patch(self, resource: Resource, namespace: str, name: str, change: Mapping[str, object]) -> Body:
        """Merge the change into the object. Raises CommandError."""
        try:
            return typed(resource, await self.objects.patch(resource, namespace, name, dict(change)))
        except KubeError as error:
            raise self.problem(error, "patch", [resource], name, namespace=namespace) from error

    # -- what went wrong

    def require_one_namespace(self) -> None:
        if self.namespace is None:
            raise CommandError("a name stands for one job of one namespace; say --namespace, not --all-namespaces")

    def problem(
        self,
        error: KubeError,
        verb: str,
        resources: Sequence[Resource],
        name: str = "",
        *,
        namespace: str | None = "",
    ) -> CommandError:
        """The error as a sentence for the person who typed the command. `namespace`: "" for that of the command."""
        where = self.namespace if namespace == "" else namespace
        what = listed(resource.crd_name for resource in resources) if resources else "events"
        place = f"in namespace {where}" if where else "in all namespaces"
        match error:
            case Denied() | Terminating():
                return CommandError(str(error))
            case Forbidden():
                role = "view" if verb in READS else "edit"
                return CommandError(
                    f"you lack the right to {verb} {what} {place}; ask for it: the role {role!r} has it"
                )
            case Unauthorised():
                return CommandError(f"{self.client.server} does not accept your credentials; log in again: {error}")
            case NotServed():
                return CommandError(f"the server at {self.client.server} has no {what} of {GROUP}; {INSTALL}")
            case NotFound():
                kind = resources[0].kind if resources else "object"
                return CommandError(f"there is no {kind} {shown(name)} {place}; see: kubectl zilliz jobs")
            case Unavailable(status=0):
                return CommandError(f"no answer from {self.client.server}: {error}; see: kubectl cluster-info")
            case _:
                return CommandError(str(error))

    def _problems(self, unread: Iterable[tuple[Resource, KubeError]], verb: str) -> list[CommandError]:
        """One sentence for all kinds that fail in the same way."""
        alike: dict[type[KubeError], list[tuple[Resource, KubeError]]] = {}
        for resource, error in unread:
            alike.setdefault(type(error), []).append((resource, error))
        return [
            self.problem(group[0][1], verb, [resource for resource, _ in group], namespace=self.namespace)
            for group in alike.values()
        ]


def typed(resource: Resource, body: Body) -> Body:
    """The object with its kind and version, which the items of a list lack."""
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": resource.kind, **body}
