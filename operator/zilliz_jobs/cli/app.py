"""The commands. Each is a few lines over a module that does the work; imports wait until they are needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zilliz_jobs import __version__

app = typer.Typer(
    name="zilliz-jobs",
    help="Kubernetes operator for the asynchronous data jobs of Zilliz Cloud.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def top(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False},
)
def demo(context: typer.Context) -> None:
    """Show the operator at work on this machine. It comes with the extra `demo` of this package."""
    from zilliz_jobs.cli.localcommand import run

    run("demo", context.args)


@app.command()
def operator(
    kubeconfig: Annotated[
        Path | None, typer.Option(help="kubeconfig file; default: as kubectl, or in-cluster.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig; default: its current one.")] = None,
    namespace: Annotated[list[str] | None, typer.Option(help="Namespace to watch; repeatable. Default: all.")] = None,
    watch_label_selector: Annotated[
        str | None, typer.Option(help="Work only on objects with these labels. Default: all.")
    ] = None,
    leader_elect: Annotated[
        bool | None,
        typer.Option(
            "--leader-elect/--no-leader-elect", help="Work only while holding a Lease. Default: in a pod, yes."
        ),
    ] = None,
) -> None:
    """Run the operator. All other settings are environment variables with the prefix ZILLIZ_JOBS_."""
    from pydantic import ValidationError

    from zilliz_jobs.kube.errors import KubeError
    from zilliz_jobs.main import run
    from zilliz_jobs.settings import Settings
    from zilliz_jobs.telemetry.logs import set_up

    given = {
        "kubeconfig": kubeconfig,
        "context": context,
        "namespaces": namespace or None,
        "watch_label_selector": watch_label_selector,
        "leader_elect": leader_elect,
    }
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings.model_validate({**Settings().model_dump(), **flags})
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(
                f"zilliz-jobs: cannot use ZILLIZ_JOBS_{str(problem['loc'][0]).upper()}: {problem['msg']}", err=True
            )
        raise typer.Exit(2) from None
    set_up(settings.log_format, settings.log_level)
    try:
        run(settings)
    except KubeError as error:
        typer.echo(f"zilliz-jobs: {error}", err=True)
        raise typer.Exit(2) from None


@app.command()
def release_finalizers(
    kubeconfig: Annotated[Path | None, typer.Option(help="kubeconfig file; default: as kubectl.")] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig; default: its current one.")] = None,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="Repeatable. Default: that of the context.")
    ] = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")] = False,
    live: Annotated[
        bool, typer.Option("--all", help="Also where nobody deleted the object. A running operator puts it back.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    stop_deployment: Annotated[
        str | None,
        typer.Option(help="First stop the operator of this Deployment, and wait until its Lease says that it has."),
    ] = None,
    shard: Annotated[
        list[str] | None,
        typer.Option(help="Stop that of this shard too, whose name is behind the Deployment's; repeatable."),
    ] = None,
) -> None:
    """Free the objects whose deletion waits for an operator that is gone. Their jobs in the cloud are left alone.

    Says of each what may still run there. Exit code 1: some could not be freed; do it again.
    """
    import asyncio

    from zilliz_jobs.cli.release import Line, Wanted, release, table
    from zilliz_jobs.cli.standdown import stand_down
    from zilliz_jobs.control.shard import DEFAULT_SHARD, lease_of
    from zilliz_jobs.kube.client import KubeClient
    from zilliz_jobs.kube.deployments import Deployments
    from zilliz_jobs.kube.errors import KubeError
    from zilliz_jobs.kube.leases import Leases
    from zilliz_jobs.settings import Settings

    if namespace and all_namespaces:
        raise typer.BadParameter("it does not go with --all-namespaces", param_hint="--namespace")
    if shard and not stop_deployment:
        raise typer.BadParameter("it goes with --stop-deployment only", param_hint="--shard")
    if dry_run and stop_deployment:
        raise typer.BadParameter("it does not go with --dry-run", param_hint="--stop-deployment")

    async def work() -> list[Line]:
        known = Settings()
        async with await KubeClient.connect(
            kubeconfig=kubeconfig, context=context, trust_env=known.trust_env
        ) as client:
            if stop_deployment:
                for name in [DEFAULT_SHARD, *(shard or [])]:
                    lease = lease_of(name, known.lease_name)
                    leases = Leases(client, known.lease_namespace or client.namespace, lease, timeout=10)
                    await stand_down(Deployments(client), leases, lease_of(name, stop_deployment))
            wanted: list[str | None] = [None] if all_namespaces else [*(namespace or [client.namespace])]
            return [line for where in wanted async for line in release(client, Wanted(where, live, dry_run))]

    try:
        lines = asyncio.run(work())
    except KubeError as error:
        typer.echo(f"zilliz-jobs: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(table(lines) if lines else "No object waits for the finalizer of the operator.")
    raise typer.Exit(1 if any(line.failed for line in lines) else 0)


@app.command()
def crds(
    directory: Annotated[
        Path | None, typer.Argument(help="Where to write one file per kind; default: stdout.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare instead; exit 1 where a file differs.")] = False,
) -> None:
    """Write the CustomResourceDefinitions."""
    from zilliz_jobs.api.crd import check_crds, render, write_crds
    from zilliz_jobs.api.resources import RESOURCES

    if directory is None:
        typer.echo("---\n".join(render(resource) for resource in RESOURCES), nl=False)
    elif check:
        differences = check_crds(directory)
        for difference in differences:
            typer.echo(difference, err=True)
        raise typer.Exit(1 if differences else 0)
    else:
        for path in write_crds(directory):
            typer.echo(path)


@app.command()
def reference(
    directory: Annotated[Path, typer.Argument(help="Where to write the generated pages of the docs.")],
    check: Annotated[bool, typer.Option("--check", help="Compare instead; exit 1 where a file differs.")] = False,
) -> None:
    """Write the reference: fields of every kind, reasons, settings. Needs a checkout, for its examples."""
    from zilliz_jobs.cli.reference import differences, write

    try:
        found = differences(directory) if check else []
        if not check:
            write(directory)
    except FileNotFoundError as error:
        typer.echo(f"zilliz-jobs: {error}", err=True)
        raise typer.Exit(2) from None
    for difference in found:
        typer.echo(difference, err=True)
    raise typer.Exit(1 if found else 0)


def main() -> None:
    """Entry point of the wheel; errors that a person can mend are one line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
