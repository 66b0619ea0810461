"""Fixtures of the tests against the simulated cloud."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.cloudwire import session_of
from tests.support.engine_rig import Rig, rig

from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.telemetry.concealed import CONCEALED
from zilliz_local.cloud import CloudSimulator, ManualClock


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own knows no secret of the tests before."""
    monkeypatch.setattr(CONCEALED, "_by_start", {})
    monkeypatch.setattr(CONCEALED, "_users", defaultdict(set))


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    """A cloud whose clock stands still, without the request limit, which counts in real time."""
    simulator = CloudSimulator(clock=ManualClock())
    simulator.behave(requests_per_second=0)
    yield simulator
    await simulator.stop()


@pytest.fixture
async def session(cloud: CloudSimulator) -> AsyncIterator[CloudSession]:
    """The documented calls."""
    session = session_of(cloud)
    yield session
    await session.close()


@pytest.fixture
def plain(session: CloudSession) -> Account:
    """An account that may use documented calls only."""
    return Account(session)


@pytest.fixture
async def console(cloud: CloudSimulator) -> AsyncIterator[Account]:
    """An account that may use the console's calls."""
    session = session_of(cloud, console_path="/console/v1")
    yield Account(session)
    await session.close()


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine's surroundings, with the Secret that holds the API key, and no connection yet."""
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as rig_:
        rig_.secret()
        yield rig_


@pytest.fixture
def world(keyed: Rig) -> Rig:
    """The same with a connection."""
    keyed.connection()
    return keyed
