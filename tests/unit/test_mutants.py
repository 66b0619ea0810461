"""What is wrongly listed as a change without a difference hides a rule that no test holds."""

from __future__ import annotations

import tomllib

import pytest
from tools.mutants import EQUIVALENT, KNOWN, ROOT, Mutant, listed, mutant_of, read, show

CORE = ROOT / "operator" / "zilliz_jobs" / "core"
DIFF = """# zilliz_jobs.core.decide.x__timed__mutmut_31: survived
--- src/zilliz_jobs/core/decide.py
+++ src/zilliz_jobs/core/decide.py
@@ -10,7 +10,7 @@
         message = "late"
-        return ended(status, message)
+        return ended(status, None)
     return status
"""
CHANGED = Mutant("decide._timed", "return ended(status, message)", "return ended(status, None)")


def test_the_list_is_of_lines_that_are_still_there_and_says_why() -> None:
    for row in tomllib.loads(KNOWN.read_text())["mutant"]:
        assert len(row["why"]) > 20
        file = CORE / f"{row['function'].partition('.')[0]}.py"
        lines = [line.strip() for line in file.read_text().splitlines()]
        assert row["was"] in " ".join(lines), f"{row['function']} was changed: read the mutant anew"
    assert len(listed()) == len(tomllib.loads(KNOWN.read_text())["mutant"])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("zilliz_jobs.core.decide.x__timed__mutmut_31", "decide._timed"),
        ("zilliz_jobs.core.decide.x_decide__mutmut_1", "decide.decide"),
        ("zilliz_jobs.core.highwater.xǁHighWaterMarkǁshortfall__mutmut_13", "highwater.HighWaterMark.shortfall"),
    ],
)
def test_a_mutant_is_known_by_its_lines(name: str, function: str) -> None:
    """Its number moves with every edit of the function, and would then name another change."""
    assert mutant_of(name, DIFF) == Mutant(function, CHANGED.was, CHANGED.now)


def ends(**counts: int) -> dict[str, str]:
    words = {"too_slow": "timeout", "no_tests": "no tests"}
    return {
        f"zilliz_jobs.core.decide.x_{end}__mutmut_{number}": words.get(end, end)
        for end, count in counts.items()
        for number in range(count)
    }


@pytest.mark.parametrize(
    ("found", "unused", "code"),
    [
        (ends(killed=98, too_slow=1, survived=1), [], 0),
        (ends(killed=98, survived=2), [], 1),
        (ends(killed=98, no_tests=2), [], 1),
        (ends(killed=98, equivalent=2), [], 0),
        (ends(killed=100), [CHANGED], 1),
        ({}, [], 1),
    ],
)
def test_the_score_is_of_the_changes_that_make_a_difference(
    found: dict[str, str], unused: list[Mutant], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(found, unused) == code
    told = capsys.readouterr().out
    assert [end for end in ("survived", "no tests") if f"\n{end}: zilliz_jobs.core.decide" in told] == [
        end for end in ("survived", "no tests") if end in found.values()
    ]
    assert ("does not survive: decide._timed: return ended(status, None)" in told) is bool(unused)
    assert EQUIVALENT in told


def test_the_ends_are_read_from_lines() -> None:
    text = "    zilliz_jobs.core.decide.x_decide__mutmut_1: no tests\n\n    b: killed\n"
    assert list(read(text)) == [("zilliz_jobs.core.decide.x_decide__mutmut_1", "no tests"), ("b", "killed")]
