"""Commands of the distribution zilliz-jobs-local: the demo, which is no part of what runs in a cluster.

That distribution names its commands as entry points. So nothing here imports it, and nothing is looked for before
somebody runs such a command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points

from zilliz_jobs import __version__

GROUP = "zilliz_jobs.commands"
DISTRIBUTION = "zilliz-jobs-local"
INSTALL = "pip install 'zilliz-jobs-operator[demo]'"


class NotUsableError(Exception):
    """Why the command cannot be run, in a sentence that says what to do."""


def find(name: str, installed: Iterable[EntryPoint]) -> EntryPoint:
    """The command of that name. Raises NotUsableError where it is not installed, or in another version. Pure."""
    for entry in installed:
        # Anybody may register an entry point; a name of ours is not to be taken by another package.
        if entry.name != name or entry.dist is None or _normal(entry.dist.name) != DISTRIBUTION:
            continue
        if entry.dist.version != __version__:
            raise NotUsableError(
                f"cannot run {name}: {DISTRIBUTION} {entry.dist.version} goes with that version of the operator only,"
                f" and this is {__version__}; run: {INSTALL}"
            )
        return entry
    raise NotUsableError(
        f"cannot run {name}: it comes with {DISTRIBUTION}, which is not installed; run: {INSTALL}"
        f" (in a checkout: make {name})"
    )


def run(name: str, arguments: Sequence[str]) -> None:
    """Run the command; ends the process with the exit code of the command, or with 2."""
    try:
        entry = find(name, entry_points(group=GROUP))
        try:
            command = entry.load()
        except (ImportError, AttributeError) as error:
            raise NotUsableError(
                f"cannot run {name}: {DISTRIBUTION} is damaged ({error}); run: {INSTALL} --force-reinstall"
            ) from error
    except NotUsableError as error:
        sys.stderr.write(f"zilliz-jobs: {error}\n")
        sys.exit(2)
    command(args=list(arguments), prog_name=f"zilliz-jobs {name}")


def _normal(name: str) -> str:
    """As indexes compare names of distributions, since tools write them with `-` or with `_`."""
    return name.lower().replace("_", "-").replace(".", "-")
