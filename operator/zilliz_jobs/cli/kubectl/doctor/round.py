"""All checks, one after the other, and what they come to."""

from __future__ import annotations

from collections.abc import AsyncIterator

from rich.text import Text

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.accounts import check_attention, check_connections, check_schedules
from zilliz_jobs.cli.kubectl.doctor.finding import Finding, Verdict
from zilliz_jobs.cli.kubectl.doctor.kinds import check_kinds
from zilliz_jobs.cli.kubectl.doctor.operators import check_operators
from zilliz_jobs.cli.kubectl.doctor.rights import check_own_rights
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.cli.kubectl.wording import counted
from zilliz_jobs.kube.errors import KubeError

STYLES = {Verdict.OK: "green", Verdict.PROBLEM: "bold red", Verdict.NOT_CHECKED: "yellow"}
WORD = 13


async def examine(where: Where, operator_namespace: str | None, screen: Screen) -> ExitCode:
    """Exit code 1 where there is a problem; what could not be checked is said, and is none."""
    problems = unchecked = 0
    async with Cluster.open(where) as cluster:
        try:
            async for finding in _findings(cluster, operator_namespace):
                problems += finding.verdict is Verdict.PROBLEM
                unchecked += finding.verdict is Verdict.NOT_CHECKED
                for line in finding_lines(finding, screen):
                    screen.say(line)
        except KubeError as error:
            raise cluster.problem(error, "get", []) from error
    rest = f"; {counted(unchecked, 'thing')} could not be checked" if unchecked else ""
    screen.say(f"{counted(problems, 'problem')} found{rest}.")
    return ExitCode.FAILED if problems else ExitCode.DONE


async def _findings(cluster: Cluster, operator_namespace: str | None) -> AsyncIterator[Finding]:
    for finding in await check_kinds(cluster):
        yield finding
    for finding in await check_own_rights(cluster):
        yield finding
    for finding in await check_operators(cluster, operator_namespace):
        yield finding
    for finding in await check_connections(cluster):
        yield finding
    try:
        for finding in await check_attention(cluster):
            yield finding
    except CommandError as error:
        yield Finding.unchecked("whether an operator takes note of the jobs", str(error))
    try:
        for finding in await check_schedules(cluster):
            yield finding
    except CommandError as error:
        yield Finding.unchecked("the schedules", str(error))


def finding_lines(finding: Finding, screen: Screen) -> list[Text]:
    """The finding, on a terminal folded to its width."""
    word = Text(f"{finding.verdict:<{WORD}}", style=STYLES[finding.verdict] if screen.terminal else "")
    if not screen.terminal:
        return [Text.assemble(word, finding.text)]
    first, *rest = Text(finding.text).wrap(screen.console, max(20, screen.width - WORD))
    return [Text.assemble(word, first), *(Text.assemble(" " * WORD, line) for line in rest)]
