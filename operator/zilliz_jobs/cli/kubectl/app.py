"""The program `kubectl zilliz`: its commands, and how it ends."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from zilliz_jobs import __version__
from zilliz_jobs.cli.kubectl.changing import changing
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.looking import looking

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


app.add_typer(looking)
app.add_typer(changing)


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
