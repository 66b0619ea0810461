"""`kubectl_complete-zilliz`: what may stand at the end of the command line. kubectl calls it with the words so far,
the last one unfinished, and takes one candidate a line, a description behind a tab, and last a directive."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cli.kubectl.app import app
from zilliz_jobs.cli.kubectl.arguments import OutputWord, Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.cli.kubectl.kindnames import kind_named
from zilliz_jobs.cli.kubectl.manifest import flags_of
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import JOB_KINDS

DEFAULT, NO_FILES = 0, 4
"""Directives of kubectl's completion (cobra's ShellCompDirective): files are offered where there is nothing else, or
not."""
PATIENCE_SECONDS = 3.0
TAKE_JOBS = frozenset({"show", "dashboard", "wait", "cancel", "retry", "suspend", "resume", "resolve"})
TAKE_SCHEDULES = frozenset({"run", "show", "suspend", "resume"})
FILE_OPTIONS = frozenset({"--filename", "-f", "--kubeconfig", "--export"})
VALUES: dict[str, tuple[str, ...]] = {
    "--state": tuple(State),
    "--reason": tuple(Reason),
    "--output": tuple(OutputWord),
    "-o": tuple(OutputWord),
    "--dry-run": ("none", "client"),
}

Candidate = tuple[str, str]
"""A word, and what it means; "" for no description."""


def main() -> None:
    """Entry point of the wheel. Never fails: a shell that completes has no use for an error."""
    words = sys.argv[1:] or [""]
    found, directive = candidates(words)
    for word, meaning in found:
        sys.stdout.write(f"{word}\t{meaning}\n" if meaning else f"{word}\n")
    sys.stdout.write(f":{directive}\n")


def candidates(words: Sequence[str]) -> tuple[list[Candidate], int]:
    """`words`: as typed behind `kubectl zilliz`, the last one unfinished."""
    *before, unfinished = words
    commands = _commands()
    if not before:
        found = ((name, command.get_short_help_str(60)) for name, command in commands.items())
        return _fitting(found, unfinished), NO_FILES
    command, previous = before[0], before[-1]
    if previous in FILE_OPTIONS:
        return [], DEFAULT
    if previous in VALUES and not unfinished.startswith("-"):
        return _fitting(((value, "") for value in VALUES[previous]), unfinished), NO_FILES
    if unfinished.startswith("-"):
        return _fitting(_options(commands, before), unfinished), NO_FILES
    if (
        command == "jobs"
        or (command == "create" and len(before) == 1)
        or (command == "retry" and "--failed" in before)
    ):
        return _fitting(_kinds(), unfinished), NO_FILES
    if command in TAKE_JOBS | TAKE_SCHEDULES and not _takes_a_value(commands.get(command), previous):
        return _fitting(_objects(before), unfinished), NO_FILES
    return [], NO_FILES


def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    found: dict[str, Any] = group.commands
    return found


def _options(commands: dict[str, Any], before: Sequence[str]) -> Iterator[Candidate]:
    if before[0] == "create" and len(before) > 1:
        try:
            kind = kind_named(before[1])
        except CommandError:
            return
        for flag in flags_of(kind.resource):
            yield flag.names[-1], flag.help
        for name in ("--namespace", "--dry-run", "--output", "--wait", "--timeout", "--context", "--kubeconfig"):
            yield name, ""
        return
    command = commands.get(before[0])
    for option in command.params if command is not None else []:
        for name in option.opts:
            if name.startswith("--"):
                yield name, getattr(option, "help", None) or ""


def _takes_a_value(command: Any, previous: str) -> bool:
    """Whether the word before is an option that the unfinished word is the value of."""
    options = [option for option in (command.params if command is not None else []) if previous in option.opts]
    return any(not getattr(option, "is_flag", False) for option in options)


def _kinds() -> Iterator[Candidate]:
    for kind in JOB_KINDS:
        yield kind.resource.singular.removesuffix("job"), kind.resource.description


def _objects(before: Sequence[str]) -> list[Candidate]:
    """The objects of the namespace that the words so far name; none where they cannot be listed in time."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-n", "--namespace")
    parser.add_argument("--context")
    parser.add_argument("--kubeconfig", type=Path)
    try:
        given, _ = parser.parse_known_args(list(before[1:]))
        return asyncio.run(_listed(Where(given.namespace, given.context, given.kubeconfig), before[0]))
    except (CommandError, argparse.ArgumentError, TimeoutError):
        return []


async def _listed(where: Where, command: str) -> list[Candidate]:
    found: list[Candidate] = []
    async with asyncio.timeout(PATIENCE_SECONDS), Cluster.open(where) as cluster:
        if command in TAKE_JOBS:
            read = await cluster.jobs()
            found += [(job.reference, f"{job.state or '-'} {job.reason}".strip()) for job in read.jobs]
        if command in TAKE_SCHEDULES:
            with suppress(CommandError):  # the jobs are as good without them
                views = [ScheduleView(body) for body in await cluster.schedules()]
                named = [(view.name if command == "run" else view.reference, view) for view in views]
                found += [(name, f"{view.state} {view.times}") for name, view in named]
    return found


def _fitting(found: Iterator[Candidate] | Sequence[Candidate], beginning: str) -> list[Candidate]:
    return [(word, _line(meaning)) for word, meaning in found if word.startswith(beginning)]


def _line(meaning: str) -> str:
    return " ".join(meaning.split())


if __name__ == "__main__":
    main()
