"""A machine that has no program but those that a test gives it, for the scripts that install what a test wants."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BareMachine:
    """`folder`: of its programs; nothing else is on the PATH."""

    folder: Path

    @classmethod
    def of_root(cls, folder: Path) -> BareMachine:
        """Of root, on a Debian on which no package is installed."""
        folder.mkdir()
        machine = cls(folder)
        machine.program("id", "echo 0")
        machine.program("dpkg", "exit 1")
        machine.program("apt-get", f'echo "$@" >> {machine.asked}')
        return machine

    @property
    def asked(self) -> Path:
        """What apt was asked for, a line each; not there while it was asked for nothing."""
        return self.folder.with_name("asked")

    def program(self, name: str, does: str) -> None:
        """Give it this program, in the place of the one that it had."""
        file = self.folder / name
        file.write_text(f"#!/bin/bash\n{does}\n", encoding="ascii")
        file.chmod(0o755)

    def run(self, script: Path) -> tuple[str, str]:
        """What the script said, and what it had apt do. The script must not fail."""
        done = subprocess.run(
            ["/bin/bash", str(script)], env={"PATH": str(self.folder)}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout, self.asked.read_text(encoding="ascii") if self.asked.exists() else ""
