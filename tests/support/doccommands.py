"""The commands in the blocks of pages of docs/, as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STARTS = ("kubectl", "helm", "zilliz-jobs", "pip", "make", "timedatectl")


def commands(pages: Iterable[str]) -> list[str]:
    """Each once, in the order of the pages: without their `$` and their comments, lines that go on joined."""
    found: dict[str, None] = {}
    for page in pages:
        for _, block in _BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8")):
            for line in re.sub(r"\s*\\\n\s*", " ", block).splitlines():
                command = re.sub(r"\s{2,}#.*$", "", line.removeprefix("$ ")).strip()
                if command.startswith(_STARTS):
                    found[command] = None
    return list(found)


def filled(command: str, names: dict[str, str]) -> str:
    """With its `<name>`s replaced. KeyError for one that is not known."""
    return re.sub(r"<([A-Za-z-]+)>", lambda match: names[match[1]], command)
