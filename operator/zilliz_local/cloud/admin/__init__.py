"""The admin API under /_sim: looks into the simulator and changes it. JSON, no key.

`GET /_sim` lists every call with an example, from the same table that serves them.
"""

from zilliz_local.cloud.routes import Call, Routes

from . import estate, happenings, settings

index = Routes()


@index.on("GET", "/_sim", "sim.index")
def list_calls(_: Call) -> object:
    """Every admin call."""
    return {
        "calls": [
            {"call": route.endpoint, "does": route.summary} | ({"example": route.example} if route.example else {})
            for route in ADMIN.all
        ]
    }


ADMIN = Routes(index, settings.routes, estate.routes, happenings.routes)
