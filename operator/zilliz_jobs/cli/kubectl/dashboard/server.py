"""The server of the page: on this machine only, for one user, as long as the command runs."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from aiohttp import web

from zilliz_jobs.cli.kubectl.arguments import ANSWER_TIME, seconds_of
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.actions import VERBS, act
from zilliz_jobs.cli.kubectl.dashboard.board import RESOURCES, Board
from zilliz_jobs.cli.kubectl.dashboard.details import read_details
from zilliz_jobs.cli.kubectl.dashboard.feed import Feed, wire
from zilliz_jobs.cli.kubectl.dashboard.guard import HEADERS, TOKEN_PARAMETER, Admitted, Asked, Guard, Refusal
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.control.objects import Key

STATIC = files("zilliz_jobs.cli.kubectl.dashboard").joinpath("static")
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}
PAGES = ("/", "/timeline", "/schedules", "/connections", "/jobs/{kind}/{namespace}/{name}")
"""The addresses of the page. What is shown at each, the page decides."""
ANSWER_SECONDS = seconds_of(ANSWER_TIME) or 0.0
STATUSES = {Refusal.HOST: 421, Refusal.ORIGIN: 403, Refusal.SESSION: 401, Refusal.CSRF: 403}


class Handler(Protocol):
    """Answers a request that was admitted."""

    def __call__(self, request: web.Request, /) -> Awaitable[web.StreamResponse]: ...


class Opened(Protocol):
    """Hears that the page was opened with a token, which serves no more."""

    def __call__(self) -> None: ...


@dataclass(frozen=True)
class Page:
    """All that is served. `opened`: see `Opened`."""

    cluster: Cluster
    board: Board
    feed: Feed
    guard: Guard
    opened: Opened

    def application(self) -> web.Application:
        """To be run by the caller."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._admitted(request, handler)

        app = web.Application(middlewares=[guarded], client_max_size=4096)
        for address in PAGES:
            app.router.add_get(address, self._page)
        app.router.add_get("/static/{name:[a-z.]+}", self._static)
        app.router.add_get("/static/vendor/{name:[a-z.]+}", self._vendored)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/api/objects/{kind}/{namespace}/{name}", self._details)
        app.router.add_post("/api/objects/{kind}/{namespace}/{name}/{verb}", self._act)
        app.on_shutdown.append(self._end)
        return app

    async def _end(self, _app: web.Application) -> None:
        """Open streams would be waited for."""
        self.board.end()

    # -- who may ask

    async def _admitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        token = request.query.get(TOKEN_PARAMETER, "")
        match self.guard.judge(Asked(request.method, headers, dict(request.cookies), token)):
            case Refusal() as refusal:
                return _headed(web.Response(text=f"{refusal}\n", status=STATUSES[refusal]))
            case Admitted(redeemed=True):
                return _headed(self._welcome(request))
            case Admitted():
                try:
                    return _headed(await handler(request))
                except web.HTTPException as error:
                    return _headed(web.Response(text=f"{error.reason}\n", status=error.status))

    def _welcome(self, request: web.Request) -> web.Response:
        """The cookie, and the same page by an address without the token."""
        answer = web.Response(status=303, headers={"Location": request.path})
        answer.set_cookie(self.guard.cookie, self.guard.session, httponly=True, samesite="Strict", path="/")
        self.opened()
        return answer

    # -- what is answered

    async def _page(self, _request: web.Request) -> web.Response:
        text = STATIC.joinpath("index.html").read_text(encoding="utf-8").replace("{{csrf}}", self.guard.csrf)
        return web.Response(text=text, content_type="text/html")

    async def _static(self, request: web.Request) -> web.Response:
        return _file(request.match_info["name"])

    async def _vendored(self, request: web.Request) -> web.Response:
        return _file(f"vendor/{request.match_info['name']}")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        last = request.headers.get("Last-Event-ID", "")
        number = int(last) if last.isdecimal() and len(last) < 16 else 0
        async with aclosing(self.feed.messages(self.cluster.now)) as messages:
            with suppress(ConnectionError):  # the reader has left
                async for message in messages:
                    number += 1
                    await answer.write(wire(number, message))
        return answer

    async def _details(self, request: web.Request) -> web.Response:
        try:
            found = await read_details(self.cluster, self.board, _key(request))
        except CommandError as error:
            return _json({"error": str(error)}, 502)
        return _json(found) if found is not None else _json({"error": "it is not there any more"}, 404)

    async def _act(self, request: web.Request) -> web.Response:
        key, verb = _key(request), request.match_info["verb"]
        if request.match_info["kind"] not in VERBS.get(verb, ()):
            return _json({"error": f"a {request.match_info['kind']} cannot be asked to {verb}"}, 404)
        answer = await act(self.cluster, self.board, key, verb, ANSWER_SECONDS)
        return _json(answer) if answer is not None else _json({"error": "it is not there any more"}, 404)


def _key(request: web.Request) -> Key:
    resource = RESOURCES.get(request.match_info["kind"])
    if resource is None:
        raise web.HTTPNotFound(reason="there is no such kind")
    return Key(resource.kind, request.match_info["namespace"], request.match_info["name"])


def _file(name: str) -> web.Response:
    part = STATIC.joinpath(name)
    kind = TYPES.get(f".{name.rpartition('.')[2]}")
    if kind is None or kind == TYPES[".html"] or not part.is_file():
        raise web.HTTPNotFound(reason="there is no such file")
    return web.Response(body=part.read_bytes(), content_type=kind, charset="utf-8")


def _json(value: object, status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False)
    return web.Response(text=text, status=status, content_type="application/json")


def _headed(answer: web.StreamResponse) -> web.StreamResponse:
    if not answer.prepared:
        answer.headers.update(HEADERS)
    return answer
