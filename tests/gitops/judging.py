"""Asks what GitOps tools make of objects: the real kstatus, Flux's own CEL evaluator, and Argo CD's Lua interpreter.

The program in `judge/` is built once with Go, as the control plane of the end-to-end tests is, and kept beside it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.gobinary import GoProgram

Body = dict[str, Any]
JUDGE = GoProgram(
    name="judge",
    folder=Path(__file__).parent / "judge",
    package=".",
    files=("main.go", "go.mod", "go.sum"),
    takes="about two minutes",
)


@dataclass
class Judge:
    """`ask` many questions at once; an answer that is an error raises."""

    binary: Path

    def kstatus(self, bodies: Sequence[Body]) -> list[str]:
        return self._ask([{"object": body} for body in bodies])

    def lua(self, bodies: Sequence[Body], script: str) -> list[Any]:
        return self._ask([{"object": body, "lua": script} for body in bodies])

    def expressions(self, bodies: Sequence[Body], by_kind: Mapping[str, Body]) -> list[str]:
        return self._ask([{"object": body, "expressions": by_kind[body["kind"]]} for body in bodies])

    def _ask(self, questions: Sequence[Body]) -> list[Any]:
        done = subprocess.run(
            [str(self.binary)], input=json.dumps(questions), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        bad = [(a["error"], q["object"]) for a, q in zip(answers, questions, strict=True) if "error" in a]
        assert not bad, f"a tool cannot judge an object: {bad[0]}"
        return [answer["result"] for answer in answers]
