"""The machine that holds the node: it is one of its own, and nothing of it is left, however its tests end."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.told import SENTENCE
from tests.support.node import Machine, UnavailableError, machine
from tests.support.node.machine import ADDRESS, NAME

ROOT = Path(__file__).parents[2]
GROUPS = Path("/sys/fs/cgroup")
HOLDS = """
import sys, time
from pathlib import Path
from tests.support.node import machine
with machine(Path(sys.argv[1])) as made:
    made.run("sh", "-c", "sleep 1000 >/dev/null 2>&1 &")
    print(made.pid, *made.groups, flush=True)
    time.sleep(1000)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    try:
        with machine(tmp_path_factory.mktemp("machine")) as made:
            yield made
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")


def addresses() -> str:
    return subprocess.run(["ip", "-o", "address"], capture_output=True, text=True, check=True).stdout


def test_its_network_is_not_that_of_the_machine_of_the_tests(place: Machine) -> None:
    """Else a test could change how the machine of its author reaches the world."""
    before = addresses()
    with place.network(), socket.create_server((ADDRESS, 0)) as server:
        assert ADDRESS in addresses()
        socket.create_connection(server.getsockname(), timeout=5).close()
        where = server.getsockname()
        assert subprocess.run(["ip", "-o", "route", "show", "default"], capture_output=True, text=True).stdout
        with place.outside():
            assert addresses() == before, "what is built or fetched meanwhile can reach the world"
        assert ADDRESS in addresses()
    assert addresses() == before
    with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
        socket.create_connection(where, timeout=0.5)


def test_its_processes_see_no_others_and_have_a_name_of_their_own(place: Machine) -> None:
    seen = place.run("sh", "-c", "hostname; ls -d /proc/[0-9]* | wc -l; ls /run; cat /proc/self/cgroup").stdout.split(
        "\n"
    )
    assert seen[0] == NAME
    assert int(seen[1]) < 6
    assert {line.rpartition(":")[2] for line in seen[2:] if line} == {"/"}, "it sees the cgroups of others"
    assert socket.gethostname() != NAME


def test_what_a_kubelet_sets_for_the_whole_machine_stays_in_it(place: Machine) -> None:
    setting = Path("/proc/sys/kernel/panic")
    before = setting.read_text()
    place.run("sh", "-c", f"echo 77 >{setting}")
    assert place.run("cat", str(setting)).stdout == "77\n"
    assert setting.read_text() == before


def test_nothing_is_left_when_the_process_of_the_tests_is_killed(place: Machine, tmp_path: Path) -> None:
    """Else each interrupted run would leave processes, and groups that nobody finds."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pid, *groups = holder.stdout.readline().split()
    assert all(Path(group).exists() for group in groups)
    inside = [int(n) for group in groups if "pids" in group for n in Path(group, "cgroup.procs").read_text().split()]
    assert int(pid) in inside
    assert len(inside) > 1
    holder.kill()
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + 20
    while any(Path(group).exists() for group in groups):
        assert time.monotonic() < deadline, f"left: {groups}"
        time.sleep(0.1)
    for one in inside:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, 0)
            pytest.fail(f"the process {one} is left")
    assert all(group.exists() for group in place.groups), "those of another run were removed"
