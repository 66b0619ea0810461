"""Admin calls on how the cloud behaves: clock, behaviour, durations, keys, faults."""

from zilliz_local.cloud.behaviour import Behaviour, Durations, NextJob
from zilliz_local.cloud.faults import FaultRule
from zilliz_local.cloud.keys import Key
from zilliz_local.cloud.oddities import CATALOGUE
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()


@routes.on("GET", "/_sim/clock", "sim.clock")
def clock(call: Call) -> object:
    """The simulated time and its speed."""
    world = call.world
    return {"now": world.now, "wall": world.clock.stamp(world.now), "speed": world.clock.speed}


@routes.on("PATCH", "/_sim/clock", "sim.clock.set", example='{"speed": 60}')
def set_clock(call: Call) -> object:
    """Change the speed (0 stops the clock)."""
    call.world.clock.set_speed(float(call.need("speed")))
    return clock(call)


@routes.on("POST", "/_sim/clock", "sim.clock.advance", example='{"advance": 30}')
def advance(call: Call) -> object:
    """Jump forward by some simulated seconds."""
    call.world.clock.advance(float(call.need("advance")))
    call.world.catch_up()
    return clock(call)


@routes.on("GET", "/_sim/behaviour", "sim.behaviour")
def behaviour(call: Call) -> object:
    """Every switch."""
    return call.world.behaviour.wire()


@routes.on("PATCH", "/_sim/behaviour", "sim.behaviour.set", example='{"listLagSeconds": 5, "rowsMove": true}')
def set_behaviour(call: Call) -> object:
    """Change some switches."""
    call.world.behaviour = Behaviour.model_validate(call.world.behaviour.wire() | call.given)
    return behaviour(call)


@routes.on("GET", "/_sim/defaults", "sim.defaults")
def defaults(call: Call) -> object:
    """How long things take."""
    return call.world.durations.wire()


@routes.on(
    "PATCH", "/_sim/defaults", "sim.defaults.set", example='{"backup": {"runSeconds": 60}, "cancelSeconds": 2}'
)
def set_defaults(call: Call) -> object:
    """Change how long things take, for jobs made from now on."""
    old = call.world.durations.wire()
    new = {
        name: {**before, **value} if isinstance(before := old.get(name), dict) and isinstance(value, dict) else value
        for name, value in call.given.items()
    }
    call.world.durations = Durations.model_validate(old | new)
    return defaults(call)


@routes.on(
    "POST", "/_sim/next", "sim.next", example='{"type": "BACKUP", "runSeconds": 300, "failure": "", "times": 1}'
)
def next_job(call: Call) -> object:
    """Make the next job(s) of a type take other times, or fail half way with a reason."""
    wish = NextJob.model_validate(call.given)
    call.world.next_job(wish)
    return wish.wire()


@routes.on("GET", "/_sim/keys", "sim.keys")
def keys(call: Call) -> object:
    """Fingerprints of the valid keys."""
    return {"keys": [_key(key) for key in call.world.keys.all()]}


@routes.on("POST", "/_sim/keys", "sim.keys.add", example='{"key": "another-key", "projects": ["proj-demo"]}')
def add_key(call: Call) -> object:
    """Make a key valid, for some projects or (without `projects`) for all."""
    projects = call.given.get("projects")
    allowed = frozenset(str(project) for project in projects) if isinstance(projects, list) else None
    return _key(call.world.keys.add(call.need("key"), allowed))


@routes.on("POST", "/_sim/keys/revoke", "sim.keys.revoke", example='{"key": "demo-key"}')
def revoke_key(call: Call) -> object:
    """Make a key (or a fingerprint) invalid."""
    call.world.keys.revoke(call.need("key"))
    return keys(call)


@routes.on("GET", "/_sim/oddities", "sim.oddities")
def oddities(call: Call) -> object:
    """The odd answers that a fault with the action "odd" can ask for, each with what it does."""
    return {name: one.what for name, one in CATALOGUE.items()}


@routes.on("GET", "/_sim/faults", "sim.faults")
def faults(call: Call) -> object:
    """The rules in force with their counters, and whether the cloud is down."""
    return {"down": call.world.faults.down, "rules": call.world.faults.wire()}


@routes.on(
    "POST", "/_sim/faults", "sim.faults.add", example='{"match": "import.create", "action": "drop_after", "times": 1}'
)
def add_fault(call: Call) -> object:
    """Put a fault rule in force."""
    return call.world.faults.add(FaultRule.model_validate(call.given)).wire()


@routes.on("DELETE", "/_sim/faults", "sim.faults.clear")
def clear_faults(call: Call) -> object:
    """Lift every rule, and end an outage."""
    call.world.faults.clear()
    return faults(call)


@routes.on("DELETE", "/_sim/faults/{id}", "sim.faults.remove")
def remove_fault(call: Call) -> object:
    """Lift one rule."""
    if not call.world.faults.remove(call.path["id"]):
        raise KeyError(call.path["id"])
    return faults(call)


@routes.on("POST", "/_sim/down", "sim.down", example='{"down": true}')
def down(call: Call) -> object:
    """Begin or end an outage: every connection is dropped."""
    call.world.faults.down = call.given.get("down", True) is True
    return faults(call)


def _key(key: Key) -> dict[str, object]:
    return {"fingerprint": key.fingerprint, "projects": None if key.projects is None else sorted(key.projects)}
