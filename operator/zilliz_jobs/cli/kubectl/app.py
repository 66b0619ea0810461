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
    AllNamespaces,
    Context,
    Kubeconfig,
    Name,
    Namespace,
    Output,
    Where,
    form_of,
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
