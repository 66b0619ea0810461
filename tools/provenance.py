"""Where the files of a release come from: their digests, and an in-toto statement with the provenance of SLSA 1.0.

The statement says what was built of which commit on which base. It proves nothing before somebody has signed it:
`make sign` does, and the workflow of a tag adds the platform's own attestation. BASE, PLATFORMS, REGISTRY, REVISION,
BUILDER_ID and SOURCE_URL come from the environment, as `make provenance` gives them.

python -m tools.provenance FOLDER
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.release import ReleaseError, version

SUMS = "SHA256SUMS"
PREDICATE = "predicate.json"
MADE = re.compile(r"zilliz_jobs_(operator|local)-.*\.(whl|tar\.gz)|zilliz-jobs-operator-.*\.(tgz|oci\.tar|cdx\.json)")
"""The files that are published, by their names; signatures, and what steps leave for one another, are not."""
BUILD_TYPE = "urn:zilliz-jobs-operator:make-release:v1"
BY_HAND = "urn:zilliz-jobs-operator:by-hand"


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that is published, by its name, sorted. Raises ReleaseError where there is none."""
    files = sorted(path for path in folder.iterdir() if MADE.fullmatch(path.name))
    if not files:
        raise ReleaseError(
            f"cannot tell where anything comes from: {folder} has no file of a release; run make release"
        )
    found = {}
    for path in files:
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def predicate(environ: Mapping[str, str]) -> dict[str, Any]:
    """How it was built (SLSA Provenance v1, documented). Raises ReleaseError. Reads the version of the tree."""
    given = {name.lower(): environ[name] for name in ("REGISTRY", "BASE", "PLATFORMS") if environ.get(name)}
    source = environ.get("SOURCE_URL") or "urn:zilliz-jobs-operator:source"
    used: list[dict[str, Any]] = [{"uri": source, "digest": {"gitCommit": environ.get("REVISION", "unknown")}}]
    if pinned := re.fullmatch(r"(.+)@sha256:([0-9a-f]{64})", environ.get("BASE", "")):
        used.append({"uri": pinned[1], "digest": {"sha256": pinned[2]}})
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"target": "release", "version": version(), **given},
            "internalParameters": {},
            "resolvedDependencies": used,
        },
        "runDetails": {"builder": {"id": environ.get("BUILDER_ID") or BY_HAND}},
    }


def statement(found: Mapping[str, str], how: dict[str, Any]) -> dict[str, Any]:
    """The in-toto statement (Statement v1) of these files. Pure."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in found.items()],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": how,
    }


def write(folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """The statement, its predicate alone for what is attested to the image, and the sums of all files, into `folder`;
    again is the same. Raises ReleaseError, OSError."""
    found, how = digests(folder), predicate(environ)
    told = folder / f"zilliz-jobs-operator-{version()}.intoto.json"
    told.write_text(json.dumps(statement(found, how), indent=1) + "\n", encoding="utf-8")
    (folder / PREDICATE).write_text(json.dumps(how, indent=1) + "\n", encoding="utf-8")
    sums = found | {told.name: hashlib.sha256(told.read_bytes()).hexdigest()}
    (folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")


def main(folder: str) -> int:
    try:
        write(Path(folder))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
