"""The commands of `kubectl zilliz`. Each is a few lines over a module that does the work; imports wait until they are
needed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated

import typer
from typer.exceptions import TyperException

from zilliz_jobs import __version__
from zilliz_jobs.cli.kubectl.arguments import (
    ANSWER_TIME,
    AllNamespaces,
    AnswerTime,
    Context,
    Kubeconfig,
    Name,
    Names,
    Namespace,
    Output,
    TimeoutSeconds,
    Where,
    Yes,
    form_of,
    seconds_of,
)
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode

PROGRAM = "kubectl zilliz"

app = typer.Typer(
    name=PROGRAM,
    help="The jobs of Zilliz Cloud in this Kubernetes cluster, with your own kubeconfig and rights.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def top(version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def jobs(
    kinds: Annotated[
        list[str] | None, typer.Argument(metavar="[KIND]...", help="Only of these kinds.", show_default=False)
    ] = None,
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only in this state; repeatable.")] = None,
    reason: Annotated[list[str] | None, typer.Option("--reason", help="Only with this reason; repeatable.")] = None,
    of_cluster: Annotated[
        str, typer.Option("--cluster", help="Only of the cluster with this id.", metavar="ID")
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing what changes.")] = False,
    output: Output = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The jobs of all kinds in one table, newest first."""
    from zilliz_jobs.cli.kubectl.joblist import filter_of, list_jobs, watch_jobs
    from zilliz_jobs.cli.kubectl.screen import Screen

    where = Where(namespace, context, kubeconfig, everywhere)
    wanted = filter_of(kinds or [], state or [], reason or [], of_cluster)
    screen, errors = Screen.of_process(), Screen(sys.stderr, terminal=False)
    if watch:
        return run(watch_jobs(where, wanted, form_of(output), screen))
    return run(list_jobs(where, wanted, form_of(output), screen, errors))


@app.command()
def show(
    name: Name,
    namespace: Namespace = None,
    output: Output = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The life of one job, and what you can do now."""
    from zilliz_jobs.cli.kubectl.jobpage import show_job
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(show_job(Where(namespace, context, kubeconfig), name, form_of(output), Screen.of_process()))


@app.command()
def wait(
    names: Names,
    namespace: Namespace = None,
    timeout: TimeoutSeconds = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Wait until jobs have ended. Exit code 0: Successful, 1: Failed, 2: Canceled, 3: a person is needed, 124: the
    time is over; of several jobs the highest."""
    from zilliz_jobs.cli.kubectl.screen import Screen
    from zilliz_jobs.cli.kubectl.waiting import wait_for

    return run(wait_for(Where(namespace, context, kubeconfig), names, seconds_of(timeout), Screen.of_process()))


@app.command()
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


@app.command()
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


@app.command()
def suspend(
    names: Names,
    namespace: Namespace = None,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Hold back jobs that are not submitted yet. Exit code 1: it came too late."""
    from zilliz_jobs.cli.kubectl import requests
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(requests.suspend(where, names, True, seconds, yes=yes, screen=Screen.of_process()))


@app.command()
def resume(
    names: Names,
    namespace: Namespace = None,
    yes: Yes = False,
    timeout: AnswerTime = ANSWER_TIME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Let jobs go on that were held back by suspend."""
    from zilliz_jobs.cli.kubectl import requests
    from zilliz_jobs.cli.kubectl.screen import Screen

    where, seconds = Where(namespace, context, kubeconfig), seconds_of(timeout) or 0.0
    return run(requests.suspend(where, names, False, seconds, yes=yes, screen=Screen.of_process()))


@app.command()
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


@app.command()
def doctor(
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    operator_namespace: Annotated[
        str | None, typer.Option("--operator-namespace", help="Namespace of the operator; default: looked for.")
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """Check all that jobs need: CRDs, operator, rights, connections. Exit code 1: there is a problem."""
    from zilliz_jobs.cli.kubectl.doctor.round import examine
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(examine(Where(namespace, context, kubeconfig, everywhere), operator_namespace, Screen.of_process()))


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False},
)
def create(context: typer.Context) -> int:
    """Make a job from flags: create KIND NAME; create KIND --help lists the flags of a kind."""
    from zilliz_jobs.cli.kubectl.creation import create
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(create(context.args, Screen.of_process()))


def run(work: Coroutine[None, None, ExitCode]) -> int:
    return int(asyncio.run(work))


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the wheel; an error that a person can mend is one line."""
    sys.exit(command(arguments))


def command(arguments: list[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    try:
        done = typer.main.get_command(app).main(arguments, prog_name=PROGRAM, standalone_mode=False)
        return int(done or 0)
    except CommandError as error:
        _complain(str(error))
        return error.code
    except TyperException as error:
        _complain(f"{error.format_message()}; see: {PROGRAM} --help")
        return ExitCode.CANNOT
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = sys.stderr
        return ExitCode.DONE


def _complain(sentence: str) -> None:
    typer.echo(f"{PROGRAM}: {sentence}", err=True)


if __name__ == "__main__":
    main()
