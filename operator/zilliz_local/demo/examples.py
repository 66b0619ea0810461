"""The manifests of `examples/`, and the few values that the demo replaces in them.

Everything else is applied exactly as a reader finds it in the files.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from zilliz_local.demo.trouble import CannotStart

PLACE = Path(__file__).resolve().parents[1] / "examples"  # in a checkout a link to the folder of the tree
PLACEHOLDER = "REPLACE-WITH-"

Manifest = dict[str, Any]


def directory() -> Path:
    """Where the examples are. Raises CannotStart when they were not shipped."""
    if PLACE.is_dir():
        return PLACE
    raise CannotStart("cannot find the examples: install the package again, or run this in a checkout")


def load(file: str) -> list[Manifest]:
    """The manifests in one file of the examples. Raises OSError, yaml.YAMLError."""
    text = (directory() / file).read_text(encoding="utf-8")
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def renamed(manifest: Manifest, name: str) -> Manifest:
    """The same manifest as another object. Pure."""
    return manifest | {"metadata": manifest["metadata"] | {"name": name}}


@dataclass(frozen=True)
class Substitutions:
    """What stands in the demo instead of a real account, real keys, and ids of a job and a backup."""

    namespace: str
    endpoint: str
    api_key: str
    access_key: str
    secret_key: str
    job_id: str = ""
    backup_id: str = ""
    token: str = "demo-session-token"  # noqa: S105 - of a bucket that does not exist

    def with_job(self, job_id: str) -> Substitutions:
        return replace(self, job_id=job_id)

    def with_backup(self, backup_id: str) -> Substitutions:
        return replace(self, backup_id=backup_id)

    def into(self, manifest: Manifest) -> Manifest:
        """The manifest as the demo applies it. Pure."""
        made = deepcopy(manifest)
        made["metadata"]["namespace"] = self.namespace
        spec = made.get("spec") or {}
        if made["kind"] == "ZillizConnection":
            spec.pop("cloud", None)
            spec |= {"endpoint": self.endpoint, "consoleApi": {"enabled": True}}
        if "adopt" in spec:
            spec["adopt"]["jobId"] = self.job_id
        if _names_a_backup(spec):
            spec["backup"]["backupId"] = self.backup_id
        ours = {
            "apiKey": self.api_key,
            "accessKey": self.access_key,
            "secretKey": self.secret_key,
            "token": self.token,
            "username": self.access_key,
            "password": self.secret_key,
        }
        if made["kind"] == "Secret":
            made["stringData"] = {key: ours.get(key, value) for key, value in made["stringData"].items()}
        return made

    def note(self, manifest: Manifest) -> str:
        """What `into` changes in it, for a reader of the file; empty for nothing worth a word. Pure."""
        if manifest["kind"] == "ZillizConnection":
            return f"changed for the demo: endpoint: {self.endpoint}, consoleApi.enabled: true"
        if manifest["kind"] == "Secret":
            return "changed for the demo: keys that the simulated cloud knows"
        if _names_a_backup(manifest.get("spec") or {}):
            return "changed for the demo: the backup id"
        return "changed for the demo: the job id" if "adopt" in (manifest.get("spec") or {}) else ""


def _names_a_backup(spec: dict[str, Any]) -> bool:
    return "backupId" in spec.get("backup", {})
