"""Somebody who changes objects all the time, so that whoever writes them meets a version that he has not seen."""

from __future__ import annotations

import http.client
import itertools
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.controlplane import ControlPlane

PAUSE = 0.01


@contextmanager
def stirred(
    cluster: ControlPlane, paths: Callable[[], Iterable[str]], change: Callable[[bool], dict[str, Any]]
) -> Iterator[None]:
    """Merge `change(True)` and `change(False)` in turn into the objects that `paths` names at the moment."""
    over = threading.Event()
    worker = threading.Thread(target=_stir, args=(cluster, paths, change, over))
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


def _stir(
    cluster: ControlPlane,
    paths: Callable[[], Iterable[str]],
    change: Callable[[bool], dict[str, Any]],
    over: threading.Event,
) -> None:
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    wire = http.client.HTTPSConnection(cluster.url.partition("://")[2], timeout=20, context=context)
    headers = {"Authorization": f"Bearer {cluster.admin_token}", "Content-Type": "application/merge-patch+json"}
    for turn in itertools.cycle((True, False)):
        for path in paths():
            wire.request("PATCH", path, body=json.dumps(change(turn)), headers=headers)
            wire.getresponse().read()
        if over.wait(PAUSE):
            break
    wire.close()
