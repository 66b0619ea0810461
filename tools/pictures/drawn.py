"""The pictures that are drawn from the code: `make generate` writes them, and a test compares them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.pictures import architecture, commands

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES: dict[str, Callable[[], str]] = {
    "architecture.svg": architecture.picture,
    "demo.svg": commands.demo_picture,
    "jobs.svg": commands.jobs_picture,
    "show.svg": commands.show_picture,
}


def outdated(folder: Path) -> list[str]:
    """The files that are missing, or are not what would be drawn now."""
    drawn = {folder / name: draw() for name, draw in PICTURES.items()}
    return [
        file.name for file, text in drawn.items() if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        for name, draw in PICTURES.items():
            (FOLDER / name).write_text(draw(), encoding="utf-8")
    if late := outdated(FOLDER):
        print(f"docs/pictures: {', '.join(late)} would be drawn differently now; run: make generate", file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
