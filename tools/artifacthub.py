"""What Artifact Hub shows of the packed chart: its kinds with an example of each, its image, what changed, its icon.

`make chart` runs it on its copy of the chart, so that the chart of the tree stays short. Names and forms of the
annotations: Artifact Hub, "Helm annotations" (documented). Addresses come from the environment, as the tree knows of
none (docs/decisions/022-nothing-of-the-host.md): REGISTRY, SOURCE_URL, ICON_URL.

python -m tools.artifacthub FOLDER-OF-THE-CHART
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from tools.release import ROOT, Section, changelog, version

from zilliz_jobs.api.model import VERSION
from zilliz_jobs.api.resources import RESOURCES

IMAGE = "zilliz-jobs-operator"
CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The headings of the changelog that Artifact Hub has a kind for."""
LONGEST = 300
"""Characters that are shown of a change; the whole is in the changelog."""


def kinds() -> list[dict[str, str]]:
    """The definitions that the chart brings. Pure."""
    return [
        {
            "kind": resource.kind,
            "version": VERSION,
            "name": resource.crd_name,
            "displayName": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", resource.kind),
            "description": resource.description,
        }
        for resource in RESOURCES
    ]


def samples(examples: Path) -> list[dict[str, Any]]:
    """The first example of each kind that people write. Raises OSError, yaml.YAMLError."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(examples.glob("*.yaml")):
        for body in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if body:
                found.setdefault(body["kind"], body)
    return [found[resource.kind] for resource in RESOURCES if resource.kind in found]


def changes(section: Section) -> Iterator[dict[str, str]]:
    """A line for each entry of the changelog, without its links and marks. Pure."""
    for part in re.split(r"(?m)^### ", section.text)[1:]:
        heading, _, entries = part.partition("\n")
        if heading.strip() not in CHANGES:
            continue
        for entry in re.split(r"(?m)^- ", entries)[1:]:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"\s+", " ", entry.strip())).replace("`", "")
            yield {"kind": heading.strip().lower(), "description": _shortened(text)}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def icon(drawing: bytes) -> str:
    """As an address that holds the drawing itself, so that nothing must be hosted anywhere. Pure."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}"


def annotations(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """All of them, each a text as Helm wants it. Raises ReleaseError, OSError."""
    newest = changelog(root)[0]
    told: dict[str, Any] = {"crds": kinds(), "crdsExamples": samples(root / "examples")}
    if changed := list(changes(newest)):
        told["changes"] = changed
    if registry := environ.get("REGISTRY"):
        told["images"] = [{"name": IMAGE, "image": f"{registry}/{IMAGE}:{version(root)}"}]
    if source := environ.get("SOURCE_URL"):
        told["links"] = [{"name": "source", "url": source}]
    texts = {f"artifacthub.io/{name}": yaml.safe_dump(value, sort_keys=False) for name, value in told.items()}
    secure = any(one["kind"] == "security" for one in told.get("changes", []))
    return texts | {"artifacthub.io/containsSecurityUpdates": str(secure).lower()}


def annotate(chart: Path, root: Path = ROOT, environ: Mapping[str, str] = os.environ) -> None:
    """Write them into the chart in this folder, with its icon; again is the same. Raises ReleaseError, OSError."""
    file = chart / "Chart.yaml"
    meta = yaml.safe_load(file.read_text(encoding="utf-8"))
    meta["icon"] = environ.get("ICON_URL") or icon((chart / "icon.svg").read_bytes())
    if source := environ.get("SOURCE_URL"):
        meta |= {"home": source, "sources": [source]}
    meta["annotations"] |= annotations(root, environ)
    file.write_text(yaml.safe_dump(meta, sort_keys=False, width=118, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    annotate(Path(sys.argv[1]))
