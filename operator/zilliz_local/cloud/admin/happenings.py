"""Admin calls on what happened and what shall happen: health, ledger, stats, rivals, reset, restart."""

from zilliz_local.cloud.answers import bad_request
from zilliz_local.cloud.desk import act_as
from zilliz_local.cloud.ledger import Client
from zilliz_local.cloud.rivals import Ambush
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()


@routes.on("GET", "/_sim/health", "sim.health")
def health(call: Call) -> object:
    """The simulator itself is up, even in a simulated outage."""
    return {"ok": True, "down": call.world.faults.down, "jobs": len(call.world.jobs)}


@routes.on("GET", "/_sim/ledger", "sim.ledger")
def ledger(call: Call) -> object:
    """Every attempt and every effect, and effects per token."""
    return call.world.ledger.wire()


@routes.on("GET", "/_sim/stats", "sim.stats")
def stats(call: Call) -> object:
    """Requests by route and answer, 429s, most in flight."""
    return call.world.stats.wire()


@routes.on("POST", "/_sim/reset", "sim.reset")
def reset(call: Call) -> object:
    """Back to the first state of the world; the clock goes on."""
    call.world.reset()
    return {"ok": True}


@routes.on("POST", "/_sim/restart", "sim.restart", example='{"forget": false}')
def restart(call: Call) -> object:
    """Drop every open connection; with `forget` also reset."""
    if call.given.get("forget") is True:
        call.world.reset()
    call.world.drop_connections()
    return {"ok": True}


@routes.on("POST", "/_sim/autoscale", "sim.autoscale", example='{"clusterId": "in01-demo0movies0001", "cuSize": 4}')
def autoscale(call: Call) -> object:
    """The cloud itself begins to scale a cluster (cuSize, replica); its rules stay. The body of the answer."""
    sizes = {name: value for name, value in call.given.items() if name != "clusterId"}
    return act_as(call.world, "POST", f"/v2/clusters/{call.need('clusterId')}/modify", sizes, "autoscaler")


@routes.on(
    "POST", "/_sim/rival", "sim.rival",
    example='{"after": "import.create"} or {"method": "POST", "path": "/v2/...", "body": {}, "client": "console"}',
)  # fmt: skip
def rival(call: Call) -> object:
    """Another client repeats the next matching submission (`before` or `after` it), or acts right now."""
    for when in ("before", "after"):
        if when in call.given:
            rest = {name: value for name, value in call.given.items() if name not in ("before", "after")}
            ambush = Ambush.model_validate({"route": call.given[when], "when": when} | rest)
            call.world.rivals.lay(ambush)
            return ambush.wire()
    body = call.given.get("body") or {}
    if not isinstance(body, dict):
        raise bad_request("body must be an object")
    client: Client = "rival" if call.text("client", "rival") == "rival" else "console"
    return act_as(call.world, call.text("method", "POST"), call.need("path"), body, client)
