"""The commands that change something: each a few lines over a module that does the work, imported when needed."""

from __future__ import annotations

from typing import Annotated

import typer

from zilliz_jobs.cli.kubectl.arguments import (
    ANSWER_TIME,
    AllNamespaces,
    AnswerTime,
    Context,
    Kubeconfig,
    Name,
    Names,
    Namespace,
    Schedules,
    Where,
    Yes,
    seconds_of,
)
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.cli.kubectl.running import run

changing = typer.Typer()


@changing.command()
def cancel(
    names: Names,
    namespace: Namespace = None,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Cancel jobs, and say what became of that. Also rows of a JobCenter, as projectjob/NAME."""
    from zilliz_jobs.cli.kubectl.requests import request
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(request(where, names, "cancel", seconds, yes=yes, screen=Screen.of_process()))


@changing.command()
def retry(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[[KIND/]NAME]...", help="Jobs; with --failed, kinds.", show_default=False),
    ] = None,
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    failed: Annotated[bool, typer.Option("--failed", help="All failed jobs whose rules allow a retry.")] = False,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Try failed jobs again, and say what became of that. Also rows of a JobCenter, as projectjob/NAME."""
    from zilliz_jobs.cli.kubectl.requests import request, retry_failed
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig, everywhere), seconds_of(timeout) or 0.0
    if failed:
        return run(retry_failed(where, names or [], seconds, yes=yes, screen=Screen.of_process()))
    return run(request(where, names or [], "retry", seconds, yes=yes, screen=Screen.of_process()))


@changing.command()
def suspend(
    names: Names,
    namespace: Namespace = None,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Hold back jobs that are not submitted yet, or new runs of schedules. Exit code 1: it came too late."""
    from zilliz_jobs.cli.kubectl import requests
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(requests.suspend(where, names, True, seconds, yes=yes, screen=Screen.of_process()))


@changing.command()
def resume(
    names: Names,
    namespace: Namespace = None,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Let jobs and schedules go on that were held back by suspend."""
    from zilliz_jobs.cli.kubectl import requests
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(requests.suspend(where, names, False, seconds, yes=yes, screen=Screen.of_process()))


@changing.command(name="run")
def run_now(
    schedules: Schedules,
    namespace: Namespace = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the run; exit codes as of wait.")] = False,
    yes: Yes = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            help="Longest wait for the operator's answer (default: 30s), or with --wait for the end (default: none).",
            metavar="TIME",
        ),
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Let schedules make a run now, and say which jobs it has."""
    from zilliz_jobs.cli.kubectl.runrequests import run_schedules
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, screen = Where(namespace, context, kubeconfig), Screen.of_process()
    return run(run_schedules(where, schedules, seconds_of(timeout), wait=wait, yes=yes, screen=screen))


@changing.command()
def resolve(
    name: Name,
    adopt: Annotated[
        str | None, typer.Option("--adopt", metavar="ID", help="It runs in the cloud under this id: follow it.")
    ] = None,
    resubmit: Annotated[bool, typer.Option("--resubmit", help="It is not in the cloud: submit it again.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Give it up; the job ends as Failed.")] = False,
    namespace: Namespace = None,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Decide a submission whose fate no look-up can tell (SubmissionUnknown)."""
    from zilliz_jobs.cli.kubectl import requests
    from zilliz_jobs.cli.kubectl.screen import Screen

    given = {f"adopt:{adopt}": adopt is not None, "resubmit": resubmit, "abandon": abandon}
    decisions = [decision for decision, wanted in given.items() if wanted]
    if len(decisions) != 1:
        raise CommandError("say exactly one of --adopt ID, --resubmit and --abandon")
    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(requests.resolve(where, name, decisions[0], seconds, Screen.of_process()))


@changing.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False},
)
def create(context: typer.Context) -> int:
    """Make a job from flags: create KIND NAME; create KIND --help lists the flags of a kind."""
    from zilliz_jobs.cli.kubectl.creation import create
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(create(context.args, Screen.of_process()))
