"""The options that every command takes, as kubectl spells them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace; default: that of the context.", metavar="NAME")
]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")]
Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig; default: its current one.", metavar="NAME")
]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="kubeconfig file; default: as kubectl.", metavar="FILE")
]
Names = Annotated[
    list[str],
    typer.Argument(help="KIND/NAME, or NAME where it is unique.", metavar="[KIND/]NAME...", show_default=False),
]
Schedules = Annotated[
    list[str], typer.Argument(help="Name of a JobSchedule.", metavar="SCHEDULE...", show_default=False)
]
Name = Annotated[
    str, typer.Argument(help="KIND/NAME, or NAME where it is unique.", metavar="[KIND/]NAME", show_default=False)
]
TimeoutSeconds = Annotated[
    str | None, typer.Option("--timeout", help="Longest wait, as 90, 90s, 30m or 2h; default: none.", metavar="TIME")
]
ANSWER_TIME = "30s"
AnswerTime = Annotated[
    str, typer.Option("--timeout", help="Longest wait for the operator's answer, as 90, 90s or 5m.", metavar="TIME")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before several objects are changed.")]


class Form(StrEnum):
    """Forms of the output. `TABLE` is that without `-o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class OutputWord(StrEnum):
    """What may follow `-o` where there is a table."""

    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Output = Annotated[
    OutputWord | None, typer.Option("--output", "-o", help="Another form than the table.", show_default=False)
]


def form_of(word: OutputWord | None) -> Form:
    return Form(word.value) if word else Form.TABLE


@dataclass(frozen=True)
class Where:
    """Which API server, as which user, and which namespace; None for what the kubeconfig says."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None
    everywhere: bool = False

    def __post_init__(self) -> None:
        if self.namespace and self.everywhere:
            raise typer.BadParameter("it does not go with --all-namespaces", param_hint="--namespace")


_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(text: str | None) -> float | None:
    """A time as kubectl takes it: 90, 90s, 30m, 2h. None for None. Raises BadParameter."""
    if text is None:
        return None
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 90s, 30m or 2h", param_hint="--timeout") from None
    if not 0 <= seconds < 1e9:
        raise typer.BadParameter(f"{text!r} is no time to wait; write 90s, 30m or 2h", param_hint="--timeout")
    return seconds
