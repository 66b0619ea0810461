"""Every command in the blocks of the pages for operators works as it stands, or has its reason not to be run here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.charted import Release
from tests.support.cloud import BROKEN, Cloud
from tests.support.doccommands import commands, filled
from tests.support.user import User

pytestmark = pytest.mark.controlplane

PAGES = ("install", "gitops", "operations")
TESTS = Path(__file__).parents[1]
REASONS = {
    "helm install ": "e2e/test_helm.py::test_from_an_old_release_over_an_upgrade_to_its_end",
    "helm upgrade ": "e2e/test_helm.py::test_from_an_old_release_over_an_upgrade_to_its_end",
    "helm uninstall ": "e2e/test_helm.py::test_from_an_old_release_over_an_upgrade_to_its_end",
    "pip install dist/": "artefacts/test_artefacts.py::test_both_distributions_are_installed_by_pip_from_their_files",
    "zilliz-jobs demo": "wire/test_demo.py::test_the_whole_story_comes_true",
    "zilliz-jobs release-finalizers ": "wire/test_release_finalizers.py::test_all_namespaces_in_one_go",
    "kubectl -n argocd ": "it takes an Argo CD",
    "kubectl -n zilliz-jobs rollout status ": "it takes a pod",
    "kubectl -n <namespace> logs ": "it takes a pod",
    "kubectl -n <namespace> get pod <pod>": "it takes a pod",
    "timedatectl ": "it is about the machine of a node",
}
"""By the beginning of a command: the test that does it, or what is not here."""


def reason(command: str) -> str:
    """Why the command is not run here; "" where it is."""
    return next((why for begin, why in REASONS.items() if command.startswith(begin)), "")


COMMANDS = [command for command in commands(PAGES) if not reason(command)]


def test_each_reason_is_one_of_today() -> None:
    """One that fits no command any more, or names a test that is gone, explains nothing."""
    everything = commands(PAGES)
    for begin, why in REASONS.items():
        assert any(command.startswith(begin) for command in everything), begin
        if "::" in why:
            file, _, name = why.partition("::")
            assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), why


def test_the_commands_of_the_pages_work(user: User, cloud: Cloud, release: Release) -> None:
    user.connect(cloud, console=True)
    failed = user.importing(cloud, "broken", url=BROKEN)
    cloud.next_job("BACKUP", run_seconds=10_000)
    running = user.backup(cloud)
    user.backup(cloud, "later", suspend=True)
    planned = [{"name": "movies", "backupJob": {"clusterId": cloud.cluster}}]
    user.create("JobSchedule", "nightly", {"schedules": ["0 0 29 2 *"], "jobs": planned})
    running.until_submitted()
    user.kubectl("wait", "--for=condition=Finished", failed.arg, "--timeout=90s")
    where = ("-n", release.namespace, "get", "deployment", "-o", "jsonpath={.items[0].metadata.name}")
    deployment = release.cluster.kubectl(*where).stdout
    submission = running.status()["submission"]
    shared = {"ns": user.namespace, "namespace": release.namespace, "operator": deployment}
    mine = shared | {
        "kind": "backupjob",
        "name": "movies",
        "token": submission["token"],
        "jobId": running.status()["jobId"],
    }
    environment = {
        **os.environ,
        **release.cluster.environment,
        "PATH": os.pathsep.join(
            [str(release.cluster.binaries.kubectl.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
    }
    wrong = []
    for command in COMMANDS:
        names = mine
        if "jobschedule" in command or "/schedule=" in command:
            names = shared | {"name": "nightly"}
        elif "zillizconnection <name>" in command:
            names = shared | {"name": "default"}
        elif "retry-requested" in command or "SubmissionUnknown" in command:
            names = mine | {"kind": "importjob", "name": "broken"}
        typed = filled(command, names)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", typed],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        nothing_found = "| grep SubmissionUnknown" in command and done.returncode == 1
        if (done.returncode and not nothing_found) or "rror" in done.stderr:
            wrong.append(f"{typed}\n  exit code {done.returncode}: {done.stderr.strip()[-400:]}")
    assert not wrong, "\n".join(wrong)
