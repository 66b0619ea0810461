"""Kubernetes events of many objects, read at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kube.errors import Forbidden, KubeError
from zilliz_jobs.kube.paths import path


@dataclass
class EventList:
    """`by_uid`: of the object that each event is about. `hidden`: the namespaces whose events may not be read."""

    by_uid: dict[str, list[Body]] = field(default_factory=dict)
    hidden: set[str | None] = field(default_factory=set)

    def about(self, body: Body) -> list[Body] | None:
        """None where they may not be read."""
        meta = body["metadata"]
        return None if meta.get("namespace") in self.hidden else self.by_uid.get(str(meta.get("uid")), [])


async def read_events(cluster: Cluster, scope: Iterable[str | None], namespaces: Iterable[str]) -> EventList:
    """`scope`: where to look; None among it stands for all namespaces. Who may not read the events of all of them at
    once is asked about each of `namespaces`. Raises CommandError."""
    found = EventList()
    for namespace in scope:
        await _read(cluster, namespace, found)
    if None in found.hidden:
        for namespace in sorted(namespaces):
            await _read(cluster, namespace, found)
    return found


async def _read(cluster: Cluster, namespace: str | None, found: EventList) -> None:
    try:
        answer = await cluster.client.get(path("v1", "events", namespace))
    except Forbidden:
        found.hidden.add(namespace)
        return
    except KubeError as error:
        raise cluster.problem(error, "list", []) from error
    for event in answer.get("items") or []:
        about = event.get("involvedObject")
        uid = about.get("uid") if isinstance(about, dict) else None
        found.by_uid.setdefault(str(uid), []).append(event)
