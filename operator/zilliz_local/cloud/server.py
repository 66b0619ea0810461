"""The network side: HTTP in and out, keys, rate limit, and the faults.

One request goes: connection (an outage drops it) -> route -> key -> rate limit -> faults that come before the
effect -> the desk -> faults that come after it.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from aiohttp import web

from . import oddities
from .admin import ADMIN
from .answers import Problem, Reply, bad_key, bad_request, refusal, throttled
from .desk import carry_out
from .faults import FaultRule
from .keys import Key, KeyRing
from .ledger import Entry
from .message import DROPPED, Outgoing, Request
from .routes import Call, Route, present
from .services import PUBLIC
from .world import World

log = logging.getLogger(__name__)

NO_KEY = Key("")


class Server:
    """Answers requests from a world. Start it through `CloudSimulator`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def application(self) -> web.Application:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/{anything:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/_sim" or request.path.startswith("/_sim/"):
            return await self._admin(request)
        out = await self.answer(request)
        if out.dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)
        return web.Response(status=out.http, body=out.body, headers=self.headers(out))

    async def answer(self, request: Request) -> Outgoing:
        """What a client of the public API gets."""
        body = await request.read()
        found = PUBLIC.find(request.method, request.path)
        name = found[0].name if found else "unknown"
        stats = self.world.stats  # a reset while the request runs gives the world new ones
        stats.begin(name)
        out = DROPPED
        try:
            if not self.world.faults.down:
                out = await self._public(request, body, found)
        finally:
            stats.end(name, out.outcome)
        log.info("%s %s -> %s", request.method, request.path, out.outcome)
        return out

    def headers(self, out: Outgoing) -> dict[str, str]:
        """Those of an answer that leaves now."""
        skew = self.world.behaviour.date_skew_seconds + out.date_skew_seconds
        headers = {
            "Content-Type": "application/json",
            "Date": out.date or self.world.clock.http_date(skew),
            "requestid": out.request_id or self.world.new_id("", 32),
        }
        if out.encoding:
            headers["Content-Encoding"] = out.encoding
        if out.retry_after is not None:
            headers["Retry-After"] = str(out.retry_after)
        return headers

    # --- the public API

    async def _public(self, request: Request, body: bytes, found: tuple[Route, dict[str, str]] | None) -> Outgoing:
        if found is None:
            return _plain(Reply(404, {"code": 404, "message": f"No such endpoint: {request.method} {request.path}"}))
        route, path = found
        self.world.catch_up()
        key = self.world.keys.find(request.headers.get("Authorization"))
        token = request.headers.get("Idempotency-Key", "")
        try:
            given, unreadable = present(_given(request.query, body)), None
        except Problem as problem:
            given, unreadable = {}, problem
        origin = f"{request.scheme}://{request.host}"
        call = Call(self.world, route, path, given, key or NO_KEY, "api", token, self.world.now, origin)
        entry = self._note(call) if route.kind else None
        refused = self._refusal(call, key, request.headers.get("Authorization")) or unreadable
        out = _plain(refusal(refused)) if refused else await self._with_faults(call, entry, request, body)
        if entry is not None:
            entry.outcome = out.outcome
        return out

    def _note(self, call: Call) -> Entry:
        known = {"clusterId": "clusterId", "dbName": "dbName", "collection": "collectionName"}
        target = {name: call.text(field) for name, field in known.items()} | dict(call.path)
        return self.world.record(
            "request", call.route.kind, call.route.name, call.route.endpoint, token=call.token,
            key=call.key.fingerprint, client=call.client, target=target, job_id=call.path.get("jobId", ""),
        )  # fmt: skip

    def _refusal(self, call: Call, key: Key | None, authorization: str | None) -> Problem | None:
        if key is None:
            return bad_key(version=call.route.version, malformed=KeyRing.is_malformed(authorization))
        rate = self.world.behaviour.requests_per_second
        endpoint = call.route.endpoint
        if not self.world.throttle.admit(key.fingerprint, endpoint, rate=rate, now=self.world.clock.real()):
            return throttled(endpoint)
        return None

    async def _with_faults(self, call: Call, entry: Entry | None, request: Request, body: bytes) -> Outgoing:
        rules = self.world.faults.striking(call.route.name, call.route.method, call.route.template)
        for rule in rules:
            match rule.action:
                case "latency":
                    await asyncio.sleep(rule.seconds)
                case "status":
                    return _fault_answer(rule, 500)
                case "echo":
                    return _echo(rule, request, body)
                case "rate_limit":
                    return _plain(refusal(throttled(call.route.endpoint, rule.retry_after or 1)))
                case "drop_before":
                    return DROPPED
                case "delay_effect":
                    self._delay(call, rule)
                    return _fault_answer(rule, 504) if rule.status else DROPPED
                case "odd" if not call.route.kind:  # a filter is of a question; what is to be made has none
                    call = replace(call, given=oddities.asked([rule.oddity], call.given))
                case _:
                    pass
        if call.route.kind == "submit" and (seconds := self.world.behaviour.submits_take_seconds):
            self.world.clock.advance(seconds)
        reply, outcome = carry_out(replace(call, now=self.world.now))
        if entry is not None and not entry.job_id:
            entry.job_id = reply.job_id
        return await _spoil(rules, reply, outcome)

    def _delay(self, call: Call, rule: FaultRule) -> None:
        """Let the effect come later; nobody will get its answer."""
        clock = self.world.clock.real if rule.real else self.world.clock.now
        self.world.later(
            clock, clock() + rule.seconds,
            lambda due: _ignore(carry_out(replace(call, now=self.world.now if rule.real else due))),
        )  # fmt: skip

    # --- the admin API

    async def _admin(self, request: web.Request) -> web.Response:
        found = ADMIN.find(request.method, request.path)
        if found is None:
            return web.json_response({"error": f"no such call: {request.method} {request.path}"}, status=404)
        route, path = found
        self.world.catch_up()
        try:
            given = _given(request.query, await request.read())
            call = Call(self.world, route, path, given, NO_KEY, "console", "", self.world.now)
            return web.json_response(route.handler(call))
        except KeyError as error:
            return web.json_response({"error": f"unknown: {error}"}, status=404)
        except (ValueError, Problem) as error:
            return web.json_response({"error": str(error)}, status=400)


async def _spoil(rules: list[FaultRule], reply: Reply, outcome: str) -> Outgoing:
    """The answer after the effect took place, with every fault that strikes answers."""
    out = replace(_plain(reply), outcome=outcome)
    for rule in rules:
        match rule.action:
            case "latency_after":
                await asyncio.sleep(rule.seconds)
            case "drop_after":
                return DROPPED
            case "status_after":
                out = _fault_answer(rule, 502)
            case "garbage_after":
                out = replace(out, body=b"<html><body>Bad gateway</body></html>", outcome="garbage")
            case "malformed_json":
                out = replace(out, body=out.body[: len(out.body) // 2], outcome="malformed")
            case "unknown_status":
                reply = replace(reply, body=_with_word(reply.body, rule.word))
                out = replace(out, body=_plain(reply).body)
            case "omit_job_id":
                reply = reply.without(rule.fields)
                out = replace(out, body=_plain(reply).body)
            case "skew_date":
                out = replace(out, date_skew_seconds=rule.seconds)
            case _:
                pass
    odd = [rule.oddity for rule in rules if rule.action == "odd"]
    if odd and out.body == _plain(reply).body:  # else another fault has spoilt it already
        sent = oddities.answered(odd, reply.http, reply.body)
        out = replace(out, http=sent.http, body=sent.body, encoding=sent.encoding, date=sent.date)
    return out


def _plain(reply: Reply) -> Outgoing:
    outcome = str(reply.code) if reply.http == 200 else f"HTTP {reply.http}"
    return Outgoing(reply.http, json.dumps(reply.body).encode(), reply.retry_after, outcome=outcome)


def _fault_answer(rule: FaultRule, usual: int) -> Outgoing:
    status = rule.status or usual
    body = rule.body if rule.body is not None else {"code": status, "message": f"simulated fault {rule.id}"}
    return replace(_plain(Reply(status, body, rule.retry_after)), outcome=f"HTTP {status}")


def _echo(rule: FaultRule, request: Request, body: bytes) -> Outgoing:
    """A careless proxy: what it was sent stands in its message, in the answer's data and in a header."""
    key, sent = request.headers.get("Authorization", ""), body.decode()
    packed = base64.b64encode(f"{key} {sent}".encode()).decode()
    said = f"cannot serve {key} with {sent}, that is {quote(key)} {quote_plus(sent)} or {packed}"
    problem = {"code": rule.status or 400, "message": said, "data": {"reason": said}}
    out = _plain(Reply(rule.status or 200, problem))
    return replace(out, outcome="echo", request_id=key)


def _given(query: Mapping[str, str], body: bytes) -> dict[str, object]:
    """Query and JSON body as one mapping. Problem: a body that is not a JSON object."""
    if not body.strip():
        return dict(query)
    try:
        parsed = json.loads(body)
    except ValueError:
        raise bad_request("the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise bad_request("the body must be a JSON object")
    return {**query, **parsed}


def _with_word(value: Any, word: str) -> Any:
    if isinstance(value, dict):
        return {k: word if k in ("status", "state") else _with_word(v, word) for k, v in value.items()}
    return [_with_word(item, word) for item in value] if isinstance(value, list) else value


def _ignore(_: object) -> None:
    """The answer of a delayed effect has nowhere to go."""
