"""The chart as `helm template` renders it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from tools.chartpages import CHART

Body = dict[str, Any]
API = "jobs.zilliz.com/v1alpha1"


class RefusedError(Exception):
    """What helm said."""


class Chart:
    def __init__(self, helm: Path, path: Path = CHART) -> None:
        self._helm, self.path = helm, path

    def run(self, verb: str, *args: str, values: Body | None = None) -> str:
        command = [str(self._helm), verb, *args, "-f", "-"]
        done = subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RefusedError(done.stderr)
        return done.stdout

    def render(self, *flags: str, crds: Body | None = None, **values: Any) -> list[Body]:
        """All objects; without the definitions, which take most of the time, unless they are wanted."""
        given = {"crds": {"install": False} if crds is None else crds} | values
        text = self.run("template", "it", str(self.path), "-n", "home", *flags, values=given)
        return [body for body in yaml.safe_load_all(text) if body]


def of_kind(bodies: list[Body], kind: str) -> list[Body]:
    return [body for body in bodies if body["kind"] == kind]


def the(bodies: list[Body], kind: str) -> Body:
    (found,) = of_kind(bodies, kind)
    return found


def environment(workload: Body) -> dict[str, str]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"]}


def selects(selector: dict[str, str], labelled: Body) -> bool:
    return selector.items() <= labelled["metadata"]["labels"].items()
