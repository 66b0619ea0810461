"""Namespaces that an operator knows before the tests that use them begin. Each is cleared before it is used again."""

from __future__ import annotations

import os
import secrets

from tests.support.controlplane import ControlPlane

from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resources import RESOURCES

NAMESPACED = bool(os.environ.get("E2E_NAMESPACED"))
"""Each operator works in some namespaces, with rights in these alone, and not in all of them."""
ROOMS = 12
EVERYTHING = ",".join([*(f"{resource.plural}.{GROUP}" for resource in RESOURCES), "secrets", "events"])


class Rooms:
    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self.names = [f"room-{secrets.token_hex(4)}" for _ in range(ROOMS)]
        for name in self.names:
            cluster.client.create_namespace(name)
        self._used = 0

    def free(self) -> str:
        """The one that was left first, without whatever was in it."""
        name = self.names[self._used % ROOMS]
        if self._used >= ROOMS:
            self._cluster.kubectl("-n", name, "delete", EVERYTHING, "--all", "--timeout=60s")
        self._used += 1
        return name
