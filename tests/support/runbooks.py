"""The commands of docs/operations.md, by the alert under whose heading they stand."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def commands(alert: str) -> list[str]:
    """As the page has them, without their comments; [] for an alert that has none."""
    section = re.search(rf"^### {alert}\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    if section is None:
        raise KeyError(f"there is no heading {alert} in {PAGE.name}")
    blocks: list[str] = re.findall(r"^```\w*\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s{2,}#.*$", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def filled(command: str, names: dict[str, str]) -> str:
    """With its `<name>`s replaced. KeyError for one that is not known."""
    return re.sub(r"<([\w-]+)>", lambda match: names[match[1]], command)
