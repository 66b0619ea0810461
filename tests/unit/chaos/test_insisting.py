"""The users of the chaos try again what a server that restarts does not answer. If these fail, a run ends at the
first restart that meets one of their requests, and says nothing about the operator."""

from __future__ import annotations

from typing import Any

import pytest
from tools.bench.kube import NO_ANSWER, KubeProblem
from tools.chaos.keepers import Keepers
from tools.chaos.users import Users

pytestmark = pytest.mark.looptime
PASSES = [NO_ANSWER, 404, 429, 500, 503, 504]


class Server:
    """Fails once with this status."""

    def __init__(self, status: int) -> None:
        self.status, self.asked = status, 0

    async def make(self, job: Any = None) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise KubeProblem("cannot POST /apis: reset by peer", self.status)
        return True


async def insist(server: Server) -> bool:
    users = object.__new__(Users)
    users.set_back = False
    job: Any = None
    return await users._insist(server.make, job)


@pytest.mark.parametrize("status", PASSES)
async def test_a_user_tries_again(status: int) -> None:
    assert await insist(server := Server(status))
    assert server.asked == 2


async def test_a_refusal_ends_the_run() -> None:
    with pytest.raises(KubeProblem):
        await insist(Server(422))


@pytest.mark.parametrize("status", PASSES)
async def test_a_keeper_tries_again_with_the_next_turn(status: int) -> None:
    await Keepers._tried(Server(status).make())


async def test_a_keeper_is_told_of_a_refusal() -> None:
    with pytest.raises(KubeProblem):
        await Keepers._tried(Server(422).make())
