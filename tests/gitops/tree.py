"""The kit as a tree of files that a test changes, as somebody changes a copy of it in a repository of his own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.support.cloud import Cloud
from tests.support.user import LABEL, User

Body = dict[str, Any]


@dataclass(frozen=True)
class Tree:
    """`root`: the folder that stands for the repository."""

    root: Path

    def copy(self, source: Path, folder: str) -> None:
        shutil.copytree(source, self.root / folder)

    def write(self, file: str, *bodies: Body) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(yaml.safe_dump_all(bodies))

    def read(self, file: str) -> Body:
        """The only document of the file."""
        body: Body = yaml.safe_load((self.root / file).read_text())
        return body

    def edit(self, file: str, change: Callable[[Body], object]) -> None:
        """Changes each document of the file."""
        bodies = [body for body in yaml.safe_load_all((self.root / file).read_text()) if body]
        for body in bodies:
            change(body)
        self.write(file, *bodies)

    def reach(self, cloud: Cloud, file: str) -> None:
        """The kit's connection, to the cloud of a test."""

        def change(body: Body) -> None:
            del body["spec"]["cloud"]
            body["spec"] |= {"endpoint": cloud.url, "submissionSettleSeconds": 2}

        self.edit(file, change)


def key_secret(cloud: Cloud) -> Body:
    """What the kit's connection asks for, which does not stand in Git."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "zilliz-cloud", "labels": LABEL},
        "stringData": {"apiKey": cloud.key},
    }


def config_map(name: str, **metadata: Any) -> Body:
    """What an application is in these tests: there, or not there."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"is": "here"}}


def made(user: User, name: str) -> Body:
    """The ConfigMap; {} where it is not there."""
    return user.read(user.path("configmaps", name))
