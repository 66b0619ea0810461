"""The stage of the tests on a node: a cluster of one node, the images in it, and the chart installed by helm."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.image.base import UnavailableError as NoImage
from tests.node.images import archives
from tests.node.stage import Chart
from tests.node.told import SENTENCE, UNASKED, is_wanted
from tests.support.cloud import Cloud, LoopThread, fresh_cloud
from tests.support.controlplane import Binaries
from tests.support.node import Node, UnavailableError, node, require
from tests.support.node.machine import ADDRESS

HERE = Path(__file__).parent
SECONDS = 1500
"""For a test: the first one builds what is not in the cache."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before anything is built for them: what is not asked for is not wanted."""
    for item in (item for item in items if HERE in item.path.parents):
        item.add_marker(pytest.mark.timeout(SECONDS))
        if not is_wanted():
            item.add_marker(pytest.mark.skip(reason=f"{SENTENCE}: {UNASKED}"))


@pytest.fixture(scope="package")
def cluster_of_one_node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """This thread is in the node's network until the last of these tests has ended."""
    folder = Path(tempfile.mkdtemp(prefix="node-"))
    try:
        require()
        # By its name, else the control plane would be built for tests that are skipped, too.
        binaries: Binaries = request.getfixturevalue("cluster_binaries")
        images = archives(say)
        with node(folder, binaries, say) as made:
            for archive in (images.operator, images.simulator):
                made.import_image(archive)
            yield made
    except (UnavailableError, NoImage) as error:
        pytest.skip(f"{SENTENCE}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def chart(cluster_of_one_node: Node) -> Iterator[Chart]:
    """The operator as a user installs it, with two replicas, in a namespace that takes none but restricted pods."""
    made = Chart(cluster_of_one_node)
    made.install()
    yield made
    made.require_clean_logs()
    made.remove()


@pytest.fixture(scope="module")
def simulators(cluster_of_one_node: Node) -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    """A simulated cloud beside the node, which outlives its pods; they reach it at the node's address."""
    with fresh_cloud(simulators, host=ADDRESS) as cloud:
        yield cloud


def say(line: str) -> None:
    print(f"\r{line}", file=sys.__stderr__, flush=True)
