"""The front desk: carries out one call and says what to answer. No network here.

Around the handler stand the ledger, the rivals, and the memory for `Idempotency-Key`.
"""

from .answers import Problem, Reply, refusal, success
from .keys import Key
from .ledger import Client
from .routes import Call, present
from .services import PUBLIC
from .world import World

REMEMBERED_SECONDS = 24 * 3600
SUBMITS = frozenset({"submit", "suspend", "resume", "modify", "create"})


def carry_out(call: Call) -> tuple[Reply, str]:
    """Do what the call asks for. Returns the answer and the outcome word for the ledger."""
    call.world.catch_up()
    remembered = _remembered(call)
    if remembered is not None:
        return success(remembered, version=call.route.version), "replayed"
    ambushes = call.world.rivals.spring(call.route.name) if call.route.kind in SUBMITS else []
    for ambush in ambushes:
        if ambush.when == "before":
            _attempt(call.as_client(ambush.client))
    reply = _attempt(call)
    for ambush in ambushes:
        if ambush.when == "after":
            _attempt(call.as_client(ambush.client))
    return reply, str(reply.code) if reply.http == 200 else f"HTTP {reply.http}"


def act_as(world: World, method: str, path: str, given: dict[str, object], client: Client) -> dict[str, object]:
    """Do what a request would do, as another client: no network, key, rate limit or faults. The body."""
    found = PUBLIC.find(method, path)
    if found is None:
        raise KeyError(f"{method} {path}")
    reply, _ = carry_out(Call(world, *found, present(given), Key(client), client, "", world.now))
    return reply.body


def _attempt(call: Call) -> Reply:
    try:
        data = call.route.handler(call)
    except Problem as problem:
        return refusal(problem)
    if call.token and call.route.kind in SUBMITS:
        call.world.remembered_answers[_scope(call)] = (call.now, data)
    return success(data, version=call.route.version)


def _remembered(call: Call) -> object | None:
    world: World = call.world
    if not (call.token and world.behaviour.honour_idempotency_key and call.route.kind in SUBMITS):
        return None
    at, data = world.remembered_answers.get(_scope(call), (0.0, None))
    return data if call.now < at + REMEMBERED_SECONDS else None


def _scope(call: Call) -> tuple[str, ...]:
    """A token counts per key, endpoint and collection (Milvus: scoped to the collection)."""
    target = (call.text("clusterId"), call.text("dbName"), call.text("collectionName"))
    return (call.key.fingerprint, call.route.name, *call.path.values(), *target, call.token)
