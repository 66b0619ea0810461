"""What a scaling job says of its schedules in the object, where a person looks: at which time in UTC they run.

If these fail, a cluster is scaled an hour or two late every day, and every object says Successful.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.center_rig import created
from tests.support.engine_rig import Rig, condition

from zilliz_local.cloud import MOVIES

PLACES = {"ScaleClusterJob": "scaleclusterjobs", "ScaleReplicasJob": "scalereplicasjobs"}
IGNORED, NOT_TOLD = {"schedule_time_zones": False}, {"autoscaling_told": False}


async def scaled(world: Rig, kind: str, **schedule: Any) -> dict[str, Any]:
    """The object of a job that ended well."""
    created(world, kind, "one", clusterId=MOVIES, schedules=[{"cron": "0 8 * * 1-5", "target": 2} | schedule])
    await world.start()
    await world.until_state(PLACES[kind], "one", "InProgress")
    world.cloud.advance(60)
    await world.until_state(PLACES[kind], "one", "Successful")
    return world.get(PLACES[kind], "one")


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("cloud", [IGNORED, NOT_TOLD], ids=["ignored", "not told"])
async def test_a_zone_that_is_not_confirmed_is_a_warning_with_the_time(
    world: Rig, kind: str, cloud: dict[str, bool]
) -> None:
    world.cloud.behave(**cloud)
    body = await scaled(world, kind, timezone="Europe/Berlin")
    await world.until(lambda: world.events("TimeZoneNotConfirmed"), "an event tells it")
    (event,) = world.events("TimeZoneNotConfirmed")
    assert event["type"] == "Warning"
    for text in (event["message"], condition(body, "Submitted")["message"]):
        assert "it then runs at 08:00 UTC" in text


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("zone", [{"timezone": "Europe/Berlin"}, {}], ids=["confirmed", "none wanted"])
async def test_nothing_is_said_where_nothing_is_in_doubt(world: Rig, kind: str, zone: dict[str, str]) -> None:
    await scaled(world, kind, **zone)
    assert not world.events("TimeZoneNotConfirmed")
