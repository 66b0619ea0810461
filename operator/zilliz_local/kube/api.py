"""The stand-in as one object: build the parts, listen, hand out the URL.

async with KubeApi(crds=[Path("crds")]) as kube:
    print(kube.url)
"""

import copy
import ipaddress
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from zilliz_local.ending import end
from zilliz_local.kube.bodies import Source, read_bodies
from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.cleanup import Cleanup
from zilliz_local.kube.door import Door
from zilliz_local.kube.faults import Faults
from zilliz_local.kube.kubeconfig import as_yaml, kubeconfig, write_whole
from zilliz_local.kube.listing import Lister
from zilliz_local.kube.objects import Objects
from zilliz_local.kube.options import WriteOptions
from zilliz_local.kube.record import Body
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.route import Route
from zilliz_local.kube.server import Server
from zilliz_local.kube.stats import Stats
from zilliz_local.kube.store import Store, Subscription
from zilliz_local.kube.watching import Watcher
from zilliz_local.kube.writer import Writer

NAMESPACES_AT_START = ("default", "kube-node-lease", "kube-public", "kube-system")
SHUTDOWN_SECONDS = 1.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class KubeApi:
    """A small Kubernetes API server in this process, on a loopback port."""

    def __init__(
        self,
        crds: Iterable[Source] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        history: int = 20_000,
        bookmark_seconds: float = 30.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"cannot listen on {host}: this API has no TLS and no RBAC, so it is for loopback only")
        self.store = Store(history)
        self.stats = Stats()
        self._catalog = Catalog(self.store)
        self._writer = Writer(self.store, self._catalog, lambda: now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        Cleanup(self.store, self._catalog, self._writer)
        lister = Lister(self.store, now)
        self._lister = lister
        self.faults = Faults(self._expire)
        watcher = Watcher(self.store, lister, self.faults, self.stats, now, bookmark_seconds)
        objects = Objects(self.store, self._writer, lister)
        self._server = Server(self._catalog, objects, watcher, self.faults, self.stats, token)
        self.door = Door(self._server, now)
        self._host, self._port, self._token = host, port, token
        self._runner: web.AppRunner | None = None
        self.url = ""
        for name in NAMESPACES_AT_START:
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for crd in read_bodies(crds):
            self.create(crd)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        runner = web.AppRunner(
            self._server.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """End all watches and stop listening."""
        self.faults.clear()
        self.faults.close_watches()
        if self._runner is not None:
            await end(self._runner)
            self._runner = None

    def kubeconfig(self) -> Body:
        return kubeconfig(self.url, self._token)

    def write_kubeconfig(self, path: Path) -> None:
        """Write the kubeconfig as YAML, mode 0600, atomically."""
        write_whole(path, as_yaml(self.kubeconfig()))

    def create(self, body: Body) -> Body:
        """Create an object as a client would, without HTTP. Raises `RefusalError`. The answer is read-only."""
        body = copy.deepcopy(body)
        group, _, version = str(body["apiVersion"]).rpartition("/")
        found = [one for one in self._catalog.resources(group, version) if one.kind == body["kind"]]
        if not found:
            raise LookupError(f"cannot create a {body['kind']}: {body['apiVersion']} does not have this kind")
        namespace = str(body.get("metadata", {}).get("namespace") or "default") if found[0].namespaced else ""
        return self._writer.create(Route(found[0], namespace), body, WriteOptions()).record.body

    def object(self, resource: str, namespace: str, name: str) -> Body | None:
        """An object by `plural.group`, namespace (empty if it has none) and name; read-only."""
        record = self.store.get(self._known(resource).key, namespace, name)
        return record.body if record else None

    def objects(self, resource: str, namespace: str = "") -> list[Body]:
        """All objects of a resource; read-only."""
        return [record.body for record in self.store.records(self._known(resource).key, namespace)]

    def versions(self, resource: str) -> list[Body]:
        """All versions of all objects of a resource, as far as a watch may look back; read-only."""
        return [change.record.body for change in self.store.shelf(self._known(resource).key).history]

    def follow(self, resources: Iterable[str]) -> Subscription:
        """A list and a watch without HTTP, of all these resources, whether or not they are served yet."""
        return self.store.follow((group, plural) for plural, _, group in (name.partition(".") for name in resources))

    def _known(self, name: str) -> Resource:
        found = self._catalog.named(name)
        if found is None:
            raise LookupError(f"cannot find the resource {name}")
        return found

    def _expire(self) -> None:
        self.store.expire()
        self._lister.forget()
