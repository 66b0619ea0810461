"""The HTTP side: authentication, faults, counters, discovery documents, and the way to the objects.

`KubeApi` in `api` starts it; everything about objects is in `objects` and `watching`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from zilliz_local.kube import discovery, openapi
from zilliz_local.kube.accept import Form, wanted_form
from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.faults import Faults
from zilliz_local.kube.message import CutError, Reply, Request, Watching, refused
from zilliz_local.kube.objects import Answer, Asked, Objects
from zilliz_local.kube.record import Body, encode
from zilliz_local.kube.refusal import RefusalError, bad_request, method_not_allowed, page_missing
from zilliz_local.kube.route import Route, read_route
from zilliz_local.kube.stats import Stats
from zilliz_local.kube.watching import Watcher

ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
MANY = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
LARGEST = 3 * 1024 * 1024
TOO_LARGE = RefusalError(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
UNAUTHORIZED = RefusalError(401, "Unauthorized", "Unauthorized")
UNACCEPTABLE = RefusalError(406, "NotAcceptable", "only the following media types are accepted: application/json")


class Server:
    """Handles every request."""

    def __init__(
        self, catalog: Catalog, objects: Objects, watcher: Watcher, faults: Faults, stats: Stats, token: str | None
    ) -> None:
        self._catalog, self._objects, self._watcher = catalog, objects, watcher
        self._faults, self._stats, self._token = faults, stats, token
        self._documents: dict[tuple[str, int], bytes] = {}

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            found = await self.answer(request)
            if isinstance(found, Watching):
                return await self._watcher.serve(request, found.route, found.form)
            return found.as_response()
        except RefusalError as refusal:
            return refused(refusal).as_response()
        except CutError:
            if request.transport is not None:
                request.transport.abort()
            raise
        except web.HTTPRequestEntityTooLarge:
            return refused(TOO_LARGE).as_response()

    async def answer(self, request: Request) -> Reply | Watching:
        """Do what is asked for. Raises `RefusalError`, and `CutError` where no answer comes."""
        path = request.path
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            raise UNAUTHORIZED
        if path.startswith("/_kube/"):
            return await self._control(request)
        route = read_route(self._catalog, path)
        verb = self._verb(request, route)
        self._stats.add(verb, route.label if route else path if path.startswith(("/api", "/openapi")) else "other")
        methods = (request.method, verb.upper())
        await self._before(methods, request)
        form = wanted_form(request.headers.get("Accept", ""))
        if form is None:
            raise UNACCEPTABLE
        if route is not None and verb == "other" and request.method in ("PUT", "PATCH"):
            raise bad_request("name must be provided")
        if route is None:
            return self._document(request, form)
        if verb == "watch":
            return Watching(route, form)
        raw = await request.read()
        answer = self._objects.answer(verb, route, Asked(request.query, form, request.content_type, raw))
        if self._faults.take("drop_after", methods, path):
            raise CutError("cut on request")
        return _reply(route, answer)

    async def _before(self, methods: tuple[str, ...], request: Request) -> None:
        if delay := self._faults.take("delay", methods, request.path):
            await asyncio.sleep(delay.seconds)
        if self._faults.take("drop_before", methods, request.path):
            await request.read()
            raise CutError("cut on request")
        if fault := self._faults.take("answer", methods, request.path):
            raise fault.refusal()

    def _verb(self, request: Request, route: Route | None) -> str:
        if route is None:
            return "other"
        if request.method == "GET" and request.query.get("watch", "").lower() in ("true", "1"):
            return "watch"
        return (ONE if route.name else MANY).get(request.method, "other")

    def _document(self, request: Request, form: Form) -> Reply:
        """Everything that is not an object."""
        path = request.path.rstrip("/") or "/"
        if request.method not in ("GET", "HEAD"):
            if path.startswith(("/api/", "/apis/")):
                raise page_missing()
            raise method_not_allowed()
        if path in ("/healthz", "/livez", "/readyz"):
            return Reply(body=b"ok", content_type="text/plain; charset=utf-8")
        if path in ("/api", "/apis") and form.discovery:
            body = discovery.aggregated(self._catalog, core=path == "/api", form=form.discovery)
            kind = discovery.AGGREGATED.format(form.discovery)
            return Reply(body=encode(body), content_type=kind, headers=(("Vary", "Accept"),))
        cached = self._documents.get((path, self._catalog.generation))
        if cached is None:
            found = self._build(path)
            if found is None:
                raise page_missing()
            self._documents = {key: raw for key, raw in self._documents.items() if key[1] == self._catalog.generation}
            cached = self._documents[path, self._catalog.generation] = (
                found if isinstance(found, bytes) else encode(found)
            )
        return Reply(body=cached)

    def _build(self, path: str) -> Body | bytes | None:
        catalog = self._catalog
        fixed: dict[str, Callable[[], Body]] = {
            "/": lambda: discovery.root_paths(catalog),
            "/version": lambda: discovery.VERSION,
            "/api": discovery.core_versions,
            "/apis": lambda: discovery.group_list(catalog),
            "/openapi/v3": lambda: openapi.index(catalog),
        }
        if path in fixed:
            return fixed[path]()
        match path.strip("/").split("/"):
            case ["api", version]:
                return discovery.resource_list(catalog, "", version)
            case ["apis", group]:
                return discovery.group(catalog, group)
            case ["apis", group, version]:
                return discovery.resource_list(catalog, group, version)
            case ["openapi", "v3", "api", version] if catalog.resources("", version):
                return openapi.document(catalog, "", version)
            case ["openapi", "v3", "apis", group, version] if catalog.resources(group, version):
                return openapi.document(catalog, group, version)
        return None

    async def _control(self, request: Request) -> Reply:
        """The stand-in's own end points."""
        reply: Any = None
        match (request.method, request.path):
            case ("GET", "/_kube/stats"):
                reply = self._stats.report()
            case ("DELETE", "/_kube/stats"):
                self._stats.reset()
                reply = self._stats.report()
            case ("GET", "/_kube/faults"):
                reply = self._faults.report()
            case ("POST", "/_kube/faults"):
                reply = self._faults.from_json(Asked(request.query, raw=await request.read()).parsed())
            case ("DELETE", "/_kube/faults"):
                self._faults.clear()
                reply = self._faults.report()
            case _:
                raise page_missing()
        return Reply(body=encode(reply))


def _reply(route: Route, answer: Answer) -> Reply:
    warnings = answer.warnings
    if route.resource.deprecation:
        warnings = (*warnings, route.resource.deprecation)
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in warnings)
    return Reply(answer.code, answer.raw, headers=tuple(("Warning", f'299 - "{text}"') for text in quoted))
