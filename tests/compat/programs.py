"""The oldest Kubernetes and the older Helm that are promised, built as the newest ones are.

python -m tests.compat.programs: a folder for KUBEBUILDER_ASSETS with the oldest control plane.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.controlplane.binaries import UnavailableError, cache_entry, cache_root, find_binaries
from tests.support.gobinary import GoProgram

HERE = Path(__file__).parent
SOURCES = ("go.mod", "go.sum")


def pinned(folder: str, module: str) -> str:
    """The version of a module in a go.mod of this folder, without its v."""
    text = (HERE / folder / "go.mod").read_text()
    return re.findall(rf"(?m)^\s*{re.escape(module)} v(\S+)", text)[0]


OLDEST = pinned("controlplane", "k8s.io/kubernetes")
_MAJOR, _MINOR, _ = OLDEST.split(".")
_BASE = "k8s.io/component-base/version"
_FLAGS = f"-s -w -X {_BASE}.gitVersion=v{OLDEST} -X {_BASE}.gitMajor={_MAJOR} -X {_BASE}.gitMinor={_MINOR}"
SERVERS = tuple(
    GoProgram(
        name=name,
        folder=HERE / "controlplane",
        package=f"k8s.io/kubernetes/cmd/{name}",
        files=SOURCES,
        takes="five minutes",
        flags=_FLAGS,
    )
    for name in ("kube-apiserver", "kube-controller-manager")
)
HELM = pinned("helm3", "helm.sh/helm/v3")
# As its own releases are built: the Kubernetes that `helm template` renders for, where none is asked.
_RENDERED = "helm.sh/helm/v3/pkg/chartutil.k8sVersion"
_RENDERS = pinned("helm3", "k8s.io/client-go").split(".")[1]
HELM_3 = GoProgram(
    name="helm3",
    folder=HERE / "helm3",
    package="helm.sh/helm/v3/cmd/helm",
    files=SOURCES,
    takes="two minutes",
    flags=f"-s -w -X helm.sh/helm/v3/internal/version.version=v{HELM}"
    f" -X {_RENDERED}Major=1 -X {_RENDERED}Minor={_RENDERS}",
)


def assets(environ: Mapping[str, str] | None = None) -> Path:
    """The oldest control plane, with the etcd and the helm of the newest. Raises UnavailableError."""
    env = dict(os.environ if environ is None else environ)
    env.pop("KUBEBUILDER_ASSETS", None)
    newest = find_binaries(lambda line: print(line, file=sys.stderr, flush=True), env)
    found = {program.name: program.binary(env) for program in SERVERS}
    folder = cache_root(env).parent / f"kubernetes-{OLDEST}-{cache_entry(env).name}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in (found | {"etcd": newest.etcd, "helm": cache_entry(env) / "helm"}).items():
        made = folder / f".{name}.{os.getpid()}"
        made.symlink_to(path)
        made.rename(folder / name)  # all at once, also for another process that does the same
    return folder


if __name__ == "__main__":
    try:
        print(assets())
    except UnavailableError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
