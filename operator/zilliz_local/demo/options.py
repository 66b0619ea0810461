"""What the person asked for, and their consent where the demo touches a cluster of their own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from zilliz_local.demo.cluster import Findings
from zilliz_local.demo.pace import Pace
from zilliz_local.demo.trouble import CannotStart


@dataclass(frozen=True)
class Options:
    """`kubeconfig` or `context` set: the user's own cluster instead of the stand-in."""

    speed: float = 1.0
    pace: Pace = Pace.FAST
    keep: bool = False
    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None
    yes: bool = False

    @property
    def own(self) -> bool:
        return self.kubeconfig is not None or self.context is not None

    @property
    def own_namespace(self) -> str:
        """Where the objects go on a cluster of the user's own."""
        return self.namespace or "zilliz-jobs-demo"


def own_config(options: Options, directory: Path) -> str:
    """What to hand to clients as kubeconfig: the user's files, and the context laid over them.

    The user's own file is neither changed nor copied, since paths in it may be relative.
    """
    files = str(options.kubeconfig) if options.kubeconfig else os.environ.get("KUBECONFIG", "")
    files = files or str(Path.home() / ".kube" / "config")
    if options.context is None:
        return files
    overlay = directory / "context.yaml"
    overlay.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": options.context}))
    return f"{files}{os.pathsep}{overlay}"


def confirm(found: Findings, keep: bool) -> None:
    """Say what will be done to the cluster, and ask. Raises CannotStart when the answer is no."""
    crds = ", ".join(resource.crd_name for resource in found.new_crds)
    rows = [
        f"This uses the Kubernetes cluster at {found.server}:",
        f"  - installs the CRDs {crds}" if crds else "  - uses the CRDs that are installed",
        f"  - {'makes' if found.new_namespace else 'uses'} the namespace {found.namespace}; in it, Secrets and jobs",
        "  - runs the operator and a simulated Zilliz Cloud on this machine, as processes",
        "  - leaves the objects there (--keep)" if keep else "  - removes all that it made at the end",
    ]
    if len(found.new_crds) == 0:
        rows.append(f"An operator that runs on this cluster already must not watch {found.namespace}.")
    sys.stdout.write("\n".join(rows) + "\n")
    if not sys.stdin.isatty():
        raise CannotStart("cannot ask for your consent without a terminal; say --yes")
    try:
        answer = input("Go on? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise CannotStart("nothing was changed")
