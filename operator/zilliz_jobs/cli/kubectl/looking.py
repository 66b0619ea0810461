"""The commands that change nothing: each a few lines over a module that does the work, imported when needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zilliz_jobs.cli.kubectl.arguments import (
    AllNamespaces,
    Context,
    Kubeconfig,
    Name,
    Names,
    Namespace,
    Output,
    TimeoutSeconds,
    Where,
    form_of,
    seconds_of,
)
from zilliz_jobs.cli.kubectl.running import run

looking = typer.Typer()


@looking.command()
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


@looking.command()
def show(
    name: Name,
    namespace: Namespace = None,
    output: Output = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The life of one job, or the runs of a schedule, and what you can do now."""
    from zilliz_jobs.cli.kubectl import showing
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(showing.show(Where(namespace, context, kubeconfig), name, form_of(output), Screen.of_process()))


@looking.command()
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


@looking.command()
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


@looking.command()
def plan(
    file: Annotated[
        str, typer.Option("--filename", "-f", metavar="FILE", help="Manifests; - for the standard input.")
    ],
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """What jobs would send, and what stands in their way, by reads only. Exit code 1: something does; 4: not all was
    checked."""
    from zilliz_jobs.cli.kubectl.plan import planning
    from zilliz_jobs.cli.kubectl.screen import Screen

    return run(planning.plan(Where(namespace, context, kubeconfig), file, Screen.of_process()))


@looking.command()
def backups(
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    of_cluster: Annotated[
        str, typer.Option("--cluster", help="Only of the cluster with this id.", metavar="ID")
    ] = "",
    orphaned: Annotated[bool, typer.Option("--orphaned", help="Only those of which no object knows.")] = False,
    output: Output = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The manual backups in the cloud: size, age, who made each, and which schedule keeps it. Deletes nothing."""
    from zilliz_jobs.cli.kubectl.backuplist import list_backups
    from zilliz_jobs.cli.kubectl.screen import Screen

    where = Where(namespace, context, kubeconfig, everywhere)
    screen, errors = Screen.of_process(), Screen(sys.stderr, terminal=False)
    return run(list_backups(where, of_cluster, form_of(output), screen, errors, orphaned=orphaned))


@looking.command()
def center(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Of the JobCenter; default: all.", show_default=False)
    ] = "",
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing the page as it changes.")] = False,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The job-centre page: all jobs of a project, whoever started them."""
    from zilliz_jobs.cli.kubectl.center import show_page, watch_page
    from zilliz_jobs.cli.kubectl.screen import Screen

    where = Where(namespace, context, kubeconfig, everywhere)
    return run((watch_page if watch else show_page)(where, name, Screen.of_process()))


@looking.command()
def dashboard(
    at: Annotated[
        str,
        typer.Argument(metavar="[KIND/NAME]", help="The job that is opened; default: the list.", show_default=False),
    ] = "",
    namespace: Namespace = None,
    everywhere: AllNamespaces = False,
    port: Annotated[
        int, typer.Option("--port", help="Port of this machine; default: a free one.", min=0, max=65535)
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the page with its data to a file, and end.", metavar="FILE")
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> int:
    """The job centre as a page in the browser: live, with all details, cancel and retry. Served to you alone."""
    from zilliz_jobs.cli.kubectl.dashboard.command import Wanted, serve
    from zilliz_jobs.cli.kubectl.screen import Screen

    where = Where(namespace, context, kubeconfig, everywhere)
    if export is not None:
        from zilliz_jobs.cli.kubectl.dashboard.export import export as write

        return run(write(where, export, Screen.of_process()))
    return run(serve(where, Wanted(port, at, browser=not no_browser), Screen.of_process()))
