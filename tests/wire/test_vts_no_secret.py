"""Canaries in the login of the source and in the key of the account: whoever may read Jobs, pods, events, objects and
logs, but no Secrets, finds none of them, whatever the engine says."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig
from tests.support.vts_rig import LOGIN, VtsRig, vts_rig
from tests.support.worker import Play
from tests.wire.test_no_secret_shown import shown_in

from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import KEY

CANARIES = {"the password of the source": LOGIN["password"], "the key of the account": KEY}
OPEN = ("events", "pods", "jobs.batch")


@pytest.fixture
async def vts(world: Rig, tmp_path: Path) -> AsyncIterator[VtsRig]:
    async with vts_rig(world, tmp_path) as made:
        yield made


def told(rig: Rig) -> Iterator[str]:
    """All that was ever stored in the cluster, but for its Secrets."""
    for resource in (*OPEN, *(one.crd_name for one in RESOURCES)):
        for body in rig.kube.versions(resource):
            yield json.dumps(body)


@pytest.mark.parametrize(
    ("play", "state"),
    [(None, "Successful"), ("failed", "Failed"), ("no table", "Failed")],
    ids=["rows are moved", "java quotes its whole config in an error", "a table is missing, and java quotes it"],
)
async def test_no_secret_leaves_the_secret_of_the_run(
    vts: VtsRig, caplog: pytest.LogCaptureFixture, play: str | None, state: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if play:
        vts.node.play = Play(environment={"PLAY": play})
    vts.create()
    await vts.start()
    await vts.until(state)
    (pod,) = vts.node.ended or [""]
    everything = [*told(vts.rig), *(record.getMessage() for record in caplog.records)]
    assert any('"Job"' in text for text in everything), "the worker was seen"
    if ended := vts.node.ended.get(pod):
        everything += [ended.log, ended.message]
        assert not play or shown_in(ended.kept, LOGIN["password"]), "java said it, where nobody reads"
    for what, canary in CANARIES.items():
        assert not [text[:200] for text in everything if shown_in(text, canary)], what
