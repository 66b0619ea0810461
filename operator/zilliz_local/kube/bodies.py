"""CRDs and other objects from dicts, YAML files and directories of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from zilliz_local.kube.record import Body

Source = Body | str | Path


def read_bodies(sources: Iterable[Source]) -> Iterator[Body]:
    """The objects in files and directories (not below), in the order of the names; lists are taken apart."""
    for source in sources:
        if isinstance(source, dict):
            yield from _apart(source)
            continue
        path = Path(source)
        files = (
            sorted(one for one in path.iterdir() if one.suffix in (".yaml", ".yml", ".json"))
            if path.is_dir()
            else [path]
        )
        for file in files:
            for body in yaml.load_all(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if isinstance(body, dict):
                    yield from _apart(body)


def _apart(body: Body) -> Iterator[Body]:
    if str(body.get("kind", "")).endswith("List") and isinstance(body.get("items"), list):
        yield from body["items"]
    else:
        yield body
