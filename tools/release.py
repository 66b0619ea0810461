"""What a release needs of this tree: one version everywhere, and a section of the changelog that tells of it.

The version stands in pyproject.toml, as that of the project. `make generate` writes it to all other places, `make
generated` compares them.

python -m tools.release stamp | check | tag v1.2.3 | notes
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHART = "charts/zilliz-jobs-operator"
NUMBERS = r"\d+\.\d+\.\d+"
UNRELEASED = "unreleased"
PLACES = {
    "pyproject.toml": rf"(?<=\"zilliz-jobs-local==){NUMBERS}",
    "operator/zilliz_local/pyproject.toml": rf"(?m)((?<=^version = \")|(?<=\"zilliz-jobs-operator==)){NUMBERS}",
    "operator/zilliz_jobs/__init__.py": r'(?m)(?<=^__version__ = ")[^"]*',
    "Dockerfile": r"(?m)(?<=^ARG VERSION=).*",
    f"{CHART}/Chart.yaml": r"(?m)((?<=^version: )|(?<=^appVersion: )).*",
    "deploy/kustomize/deployment.yaml": rf"(?<=image: zilliz-jobs-operator:){NUMBERS}",
    "deploy/quickstart/Dockerfile": rf"(?m)((?<=zilliz-jobs-operator:)|(?<=^ARG VERSION=)){NUMBERS}",
    "deploy/quickstart/simulator.yaml": rf"(?<=image: zilliz-jobs-simulator:){NUMBERS}",
    "docs/image.md": rf"(?<=zilliz-jobs-operator[:-]){NUMBERS}",
    "docs/kubectl-zilliz.md": rf"(?<=all fields of version ){NUMBERS}",
    "docs/quickstart.md": rf"((?<=zilliz-jobs-operator:)|(?<=zilliz-jobs-simulator:)){NUMBERS}",
}
"""Which texts of which files are the version, beside that of the project itself."""


class ReleaseError(Exception):
    """Why this tree cannot be released, in a sentence."""


@dataclass(frozen=True)
class Section:
    """What the changelog says of a version; `date` is empty where it is not released."""

    title: str
    date: str
    text: str


def version(root: Path = ROOT) -> str:
    """Three numbers, which Python, Helm and registries read alike. Raises ReleaseError for anything else."""
    found = str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])
    if not re.fullmatch(NUMBERS, found):
        raise ReleaseError(f"cannot use version {found} of pyproject.toml: it must be three numbers, like 1.2.3")
    return found


def stamped(root: Path = ROOT) -> Iterator[tuple[Path, str, str]]:
    """Each file that shows the version: where it is, how it reads, and how it should read."""
    wanted = version(root)
    for name, pattern in PLACES.items():
        text = (root / name).read_text()
        if not re.search(pattern, text):
            raise ReleaseError(f"cannot find the version in {name}: correct PLACES in tools/release.py")
        yield root / name, text, re.sub(pattern, wanted, text)


def stamp(root: Path = ROOT) -> None:
    """Write the version everywhere. Changes nothing where it stands already."""
    for path, text, right in list(stamped(root)):
        if text != right:
            path.write_text(right)


def differences(root: Path = ROOT) -> list[str]:
    wrong = [path.relative_to(root) for path, text, right in stamped(root) if text != right]
    return [f"{path} shows another version than that of the project; run make generate" for path in wrong]


def changelog(root: Path = ROOT) -> list[Section]:
    """Newest first."""
    _, *parts = re.split(r"(?m)^## ", (root / "CHANGELOG.md").read_text())
    return [_section(*part.split("\n", 1)) for part in parts]


def _section(heading: str, text: str) -> Section:
    read = re.fullmatch(rf"({NUMBERS}) \((\d{{4}}-\d\d-\d\d|{UNRELEASED})\)", heading)
    if read is None:
        wanted = f"`## 1.2.3 (2030-12-31)`, or ({UNRELEASED})"
        raise ReleaseError(f"cannot read the heading {heading!r} of CHANGELOG.md: write {wanted}")
    return Section(read[1], "" if read[2] == UNRELEASED else read[2], text.strip())


def notes(tag: str, root: Path = ROOT) -> str:
    """What the changelog says of the version that `tag` names. Raises ReleaseError where tag and tree differ."""
    if tag != f"v{version(root)}":
        raise ReleaseError(f"cannot release {tag}: pyproject.toml has version {version(root)}")
    if wrong := differences(root):
        raise ReleaseError(f"cannot release {tag}: {'; '.join(wrong)}")
    newest = changelog(root)[0]
    if newest.title != version(root):
        raise ReleaseError(f"cannot release {tag}: CHANGELOG.md begins with {newest.title}")
    if not newest.date:
        raise ReleaseError(f"cannot release {tag}: CHANGELOG.md calls it {UNRELEASED}; write the day there")
    return newest.text + "\n"


def main() -> int:
    try:
        match sys.argv[1:]:
            case ["stamp"]:
                stamp()
            case ["check"]:
                if wrong := differences():
                    raise ReleaseError("\n".join(wrong))
            case ["tag", tag]:
                notes(tag)
            case ["notes"]:
                sys.stdout.write(notes(f"v{version()}"))
            case _:
                raise ReleaseError(__doc__ or "")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
