"""Build what the tests on a node need into the cache, so that no test's time counts it; or run a node to play with.

python -m tests.support.node build | up
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.support.controlplane import ControlPlaneError, UnavailableError, find_binaries

from .machine import ADDRESS
from .needs import find_binaries as find_node_binaries
from .needs import require
from .node import node


def say(line: str) -> None:
    """Show progress; the standard output carries only what a caller asked for."""
    print(line, file=sys.stderr, flush=True)


def build() -> None:
    """The programs of control plane and node, unless this machine could not run them anyway."""
    require()
    find_binaries(say)
    find_node_binaries(say)


def up() -> None:
    """Run a cluster of one node until Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="node-"))
    try:
        with node(folder, find_binaries(say), say) as made:
            network = f"nsenter --net=/proc/{made.machine.pid}/ns/net"
            say(f"the node {ADDRESS} is ready, logs in {folder}; Ctrl-C ends it")
            print(f"{network} env KUBECONFIG={made.plane.kubeconfig} bash", flush=True)
            while True:
                time.sleep(3600)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


COMMANDS = {"build": build, "up": up}


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.node", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = COMMANDS[parser.parse_args().command]
    # A polite kill cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command()
    except KeyboardInterrupt:
        return 130
    except (UnavailableError, ControlPlaneError) as error:
        say(f"no node: {error}")
        return 0 if command is build else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
