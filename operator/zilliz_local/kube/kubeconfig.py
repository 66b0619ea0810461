"""The kubeconfig that leads a client here, and files that appear whole or not at all."""

import os
import tempfile
from pathlib import Path

import yaml

from zilliz_local.kube.record import Body

NAME = "zilliz-local"


def kubeconfig(url: str, token: str | None) -> Body:
    """A config with one context. Without a token the user is empty."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": url}}],
        "users": [{"name": NAME, "user": {"token": token} if token else {}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": "default"}}],
        "current-context": NAME,
        "preferences": {},
    }


def write_whole(path: Path, text: str) -> None:
    """Write a file of mode 0600 that no reader sees half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)


def as_yaml(body: Body) -> str:
    return yaml.safe_dump(body, sort_keys=False)
