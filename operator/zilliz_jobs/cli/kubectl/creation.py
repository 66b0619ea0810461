"""`kubectl zilliz create`: a job from flags. It makes a new object, and never changes one that is there."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from zilliz_jobs.cli.kindpage import OF_EVERY_JOB
from zilliz_jobs.cli.kubectl.arguments import Form, Where, seconds_of
from zilliz_jobs.cli.kubectl.cluster import Cluster, typed
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.kindnames import kind_named
from zilliz_jobs.cli.kubectl.manifest import flags_of, manifest
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.cli.kubectl.waiting import wait_until_ended
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import AlreadyExists, KubeError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}; see: {self.prog} --help")


def parser_of(kind: AnyKind) -> _Parser:
    """The flags of the kind, those that say what the job does before those of every job."""
    word = kind.resource.singular.removesuffix("job")
    parser = _Parser(
        prog=f"kubectl zilliz create {word}",
        usage=f"kubectl zilliz create {word} NAME [flags]",
        description=kind.resource.description,
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help="Name of the object.")
    parser.add_argument("-n", "--namespace", help="Namespace; default: that of the context.")
    parser.add_argument("--dry-run", choices=["none", "client"], default="none", help="client: only print it.")
    parser.add_argument("-o", "--output", choices=["yaml", "json", "name"], help="Print the object in this form.")
    parser.add_argument("--wait", action="store_true", help="Wait for its end, as `kubectl zilliz wait` does.")
    parser.add_argument("--timeout", help="Longest wait, as 90, 90s, 30m or 2h.")
    parser.add_argument("--context", help="Context of the kubeconfig; default: its current one.")
    parser.add_argument("--kubeconfig", type=Path, help="kubeconfig file; default: as kubectl.")
    own, every = parser.add_argument_group("what the job does"), parser.add_argument_group("of every job")
    for flag in flags_of(kind.resource):
        group = every if flag.path[0] in OF_EVERY_JOB else own
        choices = flag.item.get("enum")
        kwargs = {"nargs": "?", "const": "true"} if flag.item.get("type") == "boolean" else {}
        group.add_argument(
            *flag.names,
            dest=flag.names[0],
            action="append",
            choices=choices,
            help=flag.help.replace("%", "%%"),
            metavar=None if choices else str(flag.item.get("type", "")).upper(),
            **kwargs,  # type: ignore[arg-type]
        )
    return parser


async def create(words: Sequence[str], screen: Screen) -> ExitCode:
    """`words`: the kind, and what follows it on the command line."""
    if not words or words[0] in ("-h", "--help"):
        for kind in JOB_KINDS:
            screen.say(
                f"kubectl zilliz create {kind.resource.singular.removesuffix('job'):<17} {kind.resource.description}"
            )
        return ExitCode.DONE if words else ExitCode.CANNOT
    kind = kind_named(words[0])
    given = vars(parser_of(kind).parse_args(list(words[1:])))
    texts = [(flag, given[flag.names[0]]) for flag in flags_of(kind.resource) if given[flag.names[0]] is not None]
    seconds = seconds_of(given["timeout"])
    body = manifest(kind.resource, given["name"], given["namespace"], texts)
    if given["dry_run"] == "client":
        _print(kind, body, given["output"] or "yaml", screen)
        return ExitCode.DONE
    async with Cluster.open(Where(given["namespace"], given["context"], given["kubeconfig"])) as cluster:
        body["metadata"]["namespace"] = cluster.home
        made = JobView(kind, await _made(cluster, kind, body))
        if given["output"]:
            _print(kind, made.body, given["output"], screen)
        else:
            screen.say(f"{made.full_name} created")
        return await wait_until_ended(cluster, [made], seconds, screen) if given["wait"] else ExitCode.DONE


async def _made(cluster: Cluster, kind: AnyKind, body: Body) -> Body:
    try:
        return typed(kind.resource, await cluster.objects.create(kind.resource, body))
    except AlreadyExists as error:
        me = f"{kind.resource.singular}/{body['metadata']['name']}"
        raise CommandError(
            f"{me} is there already in namespace {cluster.home}, and an object is one job; take another name"
        ) from error
    except KubeError as error:
        raise cluster.problem(error, "create", [kind.resource], namespace=cluster.home) from error


def _print(kind: AnyKind, body: Body, form: str, screen: Screen) -> None:
    match Form(form):
        case Form.NAME:
            screen.raw(JobView(kind, body).full_name)
        case printed:
            screen.document(body, printed)
