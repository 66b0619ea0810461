"""The targets that `make` knows here."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGETS = frozenset(
    target
    for makefile in (ROOT / "Makefile", ROOT / "release.mk")
    for target in re.findall(r"^([a-z0-9]+):(?!=)", makefile.read_text(), re.MULTILINE)
)
