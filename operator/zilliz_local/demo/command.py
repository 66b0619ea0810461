"""The command line of the demo: `zilliz-jobs demo` where both distributions are installed, else
`python -m zilliz_local.demo`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zilliz_local.demo.pace import Pace

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def demo(
    pace: Annotated[
        Pace | None, typer.Option(help="read: a person can read along; fast: no pauses. Default: read on a terminal.")
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Leave everything running at the end, until Ctrl-C. Default: on a terminal, at the pace of reading, "
            "without a cluster of yours.",
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.2, max=5, help="2: twice as fast.")] = 1.0,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Use this cluster of yours instead of the local stand-in.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="Context of the kubeconfig; implies a cluster of yours.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="Namespace on a cluster of yours; made when it is missing.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a cluster of yours is changed.")] = False,
) -> None:
    """Show the operator at work on this machine: jobs that succeed, wait, are cancelled, fail and are retried.

    Needs nothing but Python: the Kubernetes API and Zilliz Cloud are stand-ins. Exit code 0: all came out well.
    """
    from zilliz_local.demo.options import Options
    from zilliz_local.demo.run import demo
    from zilliz_local.demo.voice import on_terminal

    if namespace and not (kubeconfig or context):
        raise typer.BadParameter("it goes with --kubeconfig or --context", param_hint="--namespace")
    told = pace or (Pace.READ if on_terminal() else Pace.FAST)
    own = kubeconfig is not None or context is not None
    keeps = keep if keep is not None else told is Pace.READ and on_terminal() and sys.stdin.isatty() and not own
    raise typer.Exit(demo(Options(speed, told, keeps, kubeconfig, context, namespace, yes)))
