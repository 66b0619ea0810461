"""Writes argocd-cm.yaml, the patch of Argo CD's ConfigMap, from the Lua files beside it.

Each kind has its own keys: Argo CD knows no wildcard for actions. Beside such entries a wildcard for health is no way
out, since Argo CD 2 picks any entry that matches a kind, also one that has no health.

    python deploy/gitops/argocd/render.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resources import RESOURCES

HERE = Path(__file__).parent
SCRIPTS = HERE / "resource_customizations" / GROUP / "_"
TARGET = HERE / "argocd-cm.yaml"
ACTIONS = ("cancel", "retry", "suspend", "resume")
HEAD = """\
# Health and actions of all kinds for Argo CD; made from resource_customizations/ by render.py, do not edit.
#   kubectl -n argocd patch configmap argocd-cm --patch-file argocd-cm.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
  labels:
    app.kubernetes.io/name: argocd-cm
    app.kubernetes.io/part-of: argocd
data:
"""


def rendered() -> str:
    """The whole text of the patch."""
    health = (SCRIPTS / "health.lua").read_text(encoding="utf-8")
    actions = f"discovery.lua: |\n{_indented(_script('discovery.lua'), 2)}definitions:\n"
    for name in ACTIONS:
        actions += f"- name: {name}\n  action.lua: |\n{_indented(_script(f'{name}/action.lua'), 4)}"
    text = HEAD
    for resource in RESOURCES:
        text += f"  resource.customizations.health.{GROUP}_{resource.kind}: |\n{_indented(health, 4)}"
        text += f"  resource.customizations.actions.{GROUP}_{resource.kind}: |\n{_indented(actions, 4)}"
    return text


def _script(name: str) -> str:
    return (SCRIPTS / "actions" / name).read_text(encoding="utf-8")


def _indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}".rstrip() + "\n" for line in text.splitlines())


def main() -> int:
    if "--check" not in sys.argv:
        TARGET.write_text(rendered(), encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != rendered():
        sys.stderr.write("deploy/gitops/argocd/argocd-cm.yaml is out of date; run make generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
