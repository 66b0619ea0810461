"""Mutation tests of the pure core: `python -m tools.mutants`.

Each mutant is one small change of the code; a test that notices it kills it. A survivor is a rule that no test holds,
or a change that makes no difference; `equivalent.toml` lists those, and they count for nothing. Runs on a copy, so
that the tree stays clean, and takes half an hour of one core. It ends with the share that was killed, file by file,
and with the survivors. Exit code 1 below `LEAST`, or where the list names a mutant that does not survive (any more).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
LEAST = 0.99
KNOWN = Path(__file__).with_name("equivalent.toml")
"""The changes that make no difference, each with the reason."""
DRAWN = frozenset(
    {
        "test_decide_product",
        "test_life_machine",
        "test_requests_elsewhere",
        "test_steps_machine",
        "test_steps_only_machine",
    }
)
"""What draws its examples, or takes seconds: a rule must be held by a test that names it."""
NO_RULES = ("reasons.py", "reasongroups.py")
EQUIVALENT = "equivalent"
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


@dataclass(frozen=True)
class Mutant:
    """`function`: with its file, as in `decide.choose`. `was`, `now`: the lines that the change took and brought. Its
    number among those of the function is no part of it, for that moves with every edit."""

    function: str
    was: str
    now: str


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
    found = dict(read(ends.stdout))
    known, unused = listed(), listed()
    for name in [name for name, end in found.items() if end == "survived"]:
        diff = subprocess.run([mutmut, "show", name], cwd=copy, check=True, capture_output=True, text=True).stdout
        if (mutant := mutant_of(name, diff)) in known:
            found[name] = EQUIVALENT
            unused.discard(mutant)
    files_tried = {file_of(name) for name in found}
    return show(found, [mutant for mutant in unused if mutant.function.partition(".")[0] in files_tried])


def listed() -> set[Mutant]:
    """The mutants of `KNOWN`."""
    rows = tomllib.loads(KNOWN.read_text())["mutant"]
    return {Mutant(row["function"], row["was"], row["now"]) for row in rows}


def read(ends: str) -> Iterable[tuple[str, str]]:
    """Name and end of each mutant. `ends`: a line for each."""
    for line in filter(None, ends.splitlines()):
        name, _, end = line.partition(": ")
        yield name.strip(), end.strip()


def file_of(name: str) -> str:
    return name.split(".x")[0].rpartition(".")[2]


def mutant_of(name: str, diff: str) -> Mutant:
    """`name`: as mutmut gives it, `<package>.<file>.x_<function>__mutmut_<number>`, or `xǁ<class>ǁ<method>...`."""
    function = name.partition(".x")[2].rpartition("__mutmut_")[0].removeprefix("_").strip("ǁ").replace("ǁ", ".")
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Mutant(f"{file_of(name)}.{function}", was, now)


def show(found: dict[str, str], unused: list[Mutant]) -> int:
    """Print the table and the survivors; the exit code. `unused`: what is listed in vain."""
    counts: dict[str, Counter[str]] = {}
    for name, end in found.items():
        counts.setdefault(file_of(name), Counter())[end] += 1
    table = Table("file", "mutants", "killed", "too slow", "equivalent", "survived", "no test", "share killed")
    for file, ended in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        table.add_row(
            file,
            str(ended.total()),
            *(str(ended[end]) for end in ("killed", "timeout", EQUIVALENT, "survived", "no tests")),
            f"{share(ended):.1%}",
        )
    Console(width=118).print(table)
    for name, end in found.items():
        if end not in ("killed", "timeout", EQUIVALENT):
            print(f"{end}: {name}")
    for mutant in unused:
        print(f"{KNOWN.name} lists what does not survive: {mutant.function}: {mutant.now or 'without ' + mutant.was}")
    return 0 if found and not unused and share(sum(counts.values(), Counter())) >= LEAST else 1


def share(ended: Counter[str]) -> float:
    """Of all mutants that make a difference, those that a test noticed: it failed, or came to no end."""
    different = ended.total() - ended[EQUIVALENT]
    return (ended["killed"] + ended["timeout"]) / different if different else 1.0


if __name__ == "__main__":
    sys.exit(main())
