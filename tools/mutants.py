"""Mutation tests of the pure core: `python -m tools.mutants`.

Each mutant is one small change of the code; a test that notices it kills it. A survivor is a rule that no test holds,
or a change that makes no difference. Runs on a copy, so that the tree stays clean, and takes an hour of one core. It
ends with the share that was killed, file by file, and with the survivors. Exit code 1 below `LEAST`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
LEAST = 0.99
DRAWN = frozenset({"test_decide_product", "test_life_machine", "test_requests_elsewhere", "test_steps_machine"})
"""What draws its examples, or takes seconds: a rule must be held by a test that names it."""
NO_RULES = ("reasons.py",)
CONFIG = """
[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src", "."]
addopts = "-q --strict-markers --import-mode=importlib -p no:cacheprovider"
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]

[tool.mutmut]
source_paths = ["src/zilliz_jobs"]
only_mutate = [{files}]
do_not_mutate = [{left_out}]
pytest_add_cli_args_test_selection = [{tests}]
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="files of core/ (decide, say); without: all of them")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time; without: one for each core")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the copy is made, and left to be looked at")
    options = parser.parse_args(arguments)
    if options.keep:
        return score(options.keep, options.files, options.jobs)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        return score(Path(name), options.files, options.jobs)


def score(copy: Path, files: list[str], jobs: int | None) -> int:
    """Make the mutants in `copy`, run them, and print what became of them; the exit code."""
    shutil.copytree(ROOT / "operator" / "zilliz_jobs", copy / "src" / "zilliz_jobs")
    shutil.copytree(ROOT / "tests" / "unit" / "core", copy / "tests" / "unit" / "core")
    (copy / "tests" / "support").mkdir()
    shutil.copy(ROOT / "tests" / "support" / "examples.py", copy / "tests" / "support")
    core = "src/zilliz_jobs/core"
    tests = sorted(path for path in (ROOT / "tests/unit/core").glob("test_*.py") if path.stem not in DRAWN)
    config = CONFIG.format(
        files=", ".join(f'"{core}/{name}.py"' for name in files or ["*"]),
        left_out=", ".join(f'"{core}/{name}"' for name in NO_RULES),
        tests=", ".join(f'"{path.relative_to(ROOT)}"' for path in tests),
    )
    (copy / "pyproject.toml").write_text(config)
    mutmut = Path(sys.executable).with_name("mutmut")
    run = subprocess.run([mutmut, "run", *(["--max-children", str(jobs)] if jobs else [])], cwd=copy, check=False)
    if run.returncode:
        print(f"cannot run the mutants: mutmut ended with {run.returncode}", file=sys.stderr)
        return 2
    ends = subprocess.run([mutmut, "results", "--all", "true"], cwd=copy, check=True, capture_output=True, text=True)
    return show(ends.stdout)


def show(ends: str) -> int:
    """Print the table and the survivors; 1 where fewer than `LEAST` were killed. `ends`: a line for each mutant."""
    found = [
        (name.strip(), end.strip()) for line in ends.splitlines() if line for name, _, end in [line.partition(": ")]
    ]
    counts: dict[str, Counter[str]] = {}
    for name, end in found:
        counts.setdefault(name.split(".x")[0].rpartition(".")[2], Counter())[end] += 1
    table = Table("file", "mutants", "killed", "too slow", "survived", "no test", "share killed")
    for file, ended in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        table.add_row(
            file,
            str(ended.total()),
            *(str(ended[end]) for end in ("killed", "timeout", "survived", "no tests")),
            f"{share(ended):.1%}",
        )
    Console(width=118).print(table)
    for name, end in found:
        if end not in ("killed", "timeout"):
            print(f"{end}: {name}")
    return 0 if found and share(sum(counts.values(), Counter())) >= LEAST else 1


def share(ended: Counter[str]) -> float:
    """Of all mutants, those that a test noticed: it failed, or came to no end."""
    return (ended["killed"] + ended["timeout"]) / ended.total() if ended else 0.0


if __name__ == "__main__":
    sys.exit(main())
