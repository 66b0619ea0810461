"""What the tests of pictures share: the jobs that are drawn, a screen that keeps what is printed, the golden files.

With WRITE_GOLDEN=1 the files are written instead of compared; read the difference before it is committed.
"""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rich.text import Text

from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.kinds import JOB_KINDS

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = {kind.resource.kind: kind for kind in JOB_KINDS}
WAYS = {"80": 80, "120": 120, "pipe": None}
"""Two widths of a terminal, and a pipe."""


def jobs() -> list[JobView]:
    bodies = yaml.safe_load((HERE / "jobs.yaml").read_text(encoding="utf-8"))
    return [JobView(KINDS[body["kind"]], {"apiVersion": "jobs.zilliz.com/v1alpha1", **body}) for body in bodies]


def job(name: str) -> JobView:
    return next(one for one in jobs() if one.name == name)


def screen(way: str) -> Screen:
    width = WAYS[way]
    return Screen(io.StringIO(), terminal=width is not None, width=width)


def printed(screen: Screen) -> str:
    """What was printed, without colours."""
    text = screen.console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(f"{Text.from_ansi(line).plain.rstrip()}\n" for line in text.splitlines())


def compare(name: str, text: str) -> None:
    file = HERE / "golden" / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"the picture differs from {file.name}"
