"""Mutation tests of the pure core: `python -m tools.mutants`.

Each mutant is one small change of the code; a test that notices it kills it. A survivor is a rule that no test holds,
or a change that makes no difference. Runs on a copy, so that the tree stays clean; takes some minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE_TESTS = ("cancel", "retry", "submission", "waiting", "ends", "tables", "cluster_answers", "steps", "credentials")
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
only_mutate = ["src/zilliz_jobs/core/*.py"]
do_not_mutate = ["src/zilliz_jobs/core/reasons.py"]
pytest_add_cli_args_test_selection = [{tests}]
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name)
        shutil.copytree(ROOT / "operator" / "zilliz_jobs", copy / "src" / "zilliz_jobs")
        shutil.copytree(ROOT / "tests" / "unit" / "core", copy / "tests" / "unit" / "core")
        tests = ", ".join(f'"tests/unit/core/test_{test}.py"' for test in CORE_TESTS)
        (copy / "pyproject.toml").write_text(CONFIG.format(tests=tests))
        mutmut = Path(sys.executable).with_name("mutmut")
        subprocess.run([mutmut, "run"], cwd=copy, check=False)
        survivors = subprocess.run([mutmut, "results"], cwd=copy, check=False, capture_output=True, text=True).stdout
        print(survivors or "no survivor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
