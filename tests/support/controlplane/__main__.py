"""Build or run the control plane from a terminal, at the root of the repository.

python -m tests.support.controlplane build | path | up
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from .binaries import ASSETS_VARIABLE, UnavailableError, build_once, cache_entry, find_binaries
from .server import control_plane
from .supervise import ControlPlaneError


def say(line: str) -> None:
    """Show progress; the standard output carries only what a caller asked for."""
    print(line, file=sys.stderr, flush=True)


def build() -> None:
    """Build the binaries into the cache, whatever else could be used, and print their folder."""
    entry = cache_entry(os.environ)
    build_once(entry, say, os.environ)
    print(entry)


def path() -> None:
    """Print the folder of the binaries that tests would use, without building."""
    if os.environ.get(ASSETS_VARIABLE):
        print(find_binaries().directory)
    else:
        print(cache_entry(os.environ))


def up() -> None:
    """Run a control plane until Ctrl-C."""
    found = find_binaries(say)
    with control_plane(controller_manager=found.kube_controller_manager is not None, binaries=found) as plane:
        print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
        say(f"{plane.url}, logs in {plane.work_dir}; Ctrl-C ends it")
        while True:
            time.sleep(3600)


COMMANDS = {"build": build, "path": path, "up": up}


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.controlplane", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = COMMANDS[parser.parse_args().command]
    # A polite kill cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command()
    except KeyboardInterrupt:
        return 130
    except (UnavailableError, ControlPlaneError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
