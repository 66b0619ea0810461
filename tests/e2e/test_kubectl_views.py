"""What a user sees with plain kubectl, and the commands that the runbooks tell him to type.

A runbook is read in the night; a command in it that finds nothing sends its reader the wrong way.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cloud import BROKEN, Cloud
from tests.support.user import Job, User

from zilliz_jobs.api.resource import JOB_COLUMNS
from zilliz_jobs.api.resources import RESOURCES

pytestmark = pytest.mark.controlplane

ROOT = Path(__file__).parents[2]
RUNBOOKS = ("operations.md", "troubleshooting.md", "lifecycle.md")
JOBS = [resource for resource in RESOURCES if "zilliz" in resource.categories]


def export(user: User, name: str = "files") -> Job:
    """Of the backup that the BackupJob `nightly` makes."""
    where = {"integrationId": "integ-demo", "directory": "nightly"}
    return user.create("ExportJob", name, {"backup": {"backupJobRef": {"name": "nightly"}}, **where})


def test_an_export_that_nobody_can_tell_of_shows_it_in_plain_kubectl(user: User, cloud: Cloud) -> None:
    """The state alone says Pending, as of a job that has only to wait."""
    user.connect(cloud, settle=0)
    user.backup(cloud, "nightly").until_ended()
    cloud.fault("export.create", "drop_after", times=1)
    job = export(user)
    job.until_reason("SubmissionUnknown", 90)
    titles, row = (line.split() for line in user.kubectl("get", "exportjobs").splitlines())
    assert titles == ["NAME", "STATE", "REASON", "PROGRESS", "TARGET", "JOB-ID", "AGE"]
    assert row[:3] == ["files", "Pending", "SubmissionUnknown"]
    found = user.kubectl("get", "exportjobs", "--field-selector", "status.reason=SubmissionUnknown", "-o", "name")
    assert found.split() == [f"exportjob.jobs.zilliz.com/{job.name}"]


def test_a_reason_that_only_repeats_the_state_is_left_out(user: User, cloud: Cloud) -> None:
    """Else the column says everything twice, and what matters is not seen."""
    user.connect(cloud)
    user.backup(cloud).until_ended()
    status = Job(user, "BackupJob", "movies").status()
    assert status["state"] == "Successful"
    assert "reason" not in status
    assert all(condition["reason"] for condition in status["conditions"])
    assert user.kubectl("get", "backupjob/movies", "-o", "jsonpath={.status.reason}") == ""


@pytest.mark.parametrize("resource", JOBS, ids=lambda resource: resource.kind)
def test_every_job_kind_can_be_selected_by_state_reason_and_cluster(user: User, resource: Any) -> None:
    """Without this `--field-selector` is refused, and what `kubectl get` shows has to be filtered by eye."""
    assert len(resource.selectable) == 3
    for path in resource.selectable:
        assert user.read(user.path(resource.plural), fieldSelector=f"{path[1:]}=x")["items"] == []


def test_jobs_are_selected_by_state_and_by_cluster(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    user.importing(cloud, "good").until_ended()
    user.importing(cloud, "bad", url=BROKEN).until_ended("Failed")

    def chosen(selector: str) -> list[str]:
        out = user.kubectl("get", "importjobs", "--field-selector", selector, "-o", "name")
        return [line.rpartition("/")[2] for line in out.splitlines()]

    assert chosen("status.state=Failed") == ["bad"]
    assert chosen("status.state!=Failed") == ["good"]
    assert chosen(f"spec.clusterId={cloud.cluster}") == ["bad", "good"]
    assert chosen("spec.clusterId=in01-another") == []


def test_the_pictures_in_the_docs_have_the_columns_that_kubectl_prints(user: User, cloud: Cloud) -> None:
    user.connect(cloud)
    user.backup(cloud).until_submitted()
    user.importing(cloud).until_submitted()
    printed = user.kubectl("get", "zilliz").splitlines()
    titles = printed[0].split()
    assert titles == ["NAME", *(column.name.upper() for column in JOB_COLUMNS if not column.priority)]
    picture = (ROOT / "README.md").read_text().partition("$ kubectl get zilliz\n")[2].partition("```")[0]
    shown = [line.split() for line in picture.splitlines() if line.startswith("NAME")]
    assert shown
    assert all(line == titles for line in shown)
    for lines in (printed, picture.splitlines()):
        titled = [line for line in lines if line.startswith("NAME")]
        assert lines.count("") == len(titled) - 1, "kubectl sets the kinds apart"


# -- runbooks

NOT_RUN = {
    "<pod>": "the operator of these tests runs in no pod",
    "logs": "no node of the test runs pods, so there is no log to ask for",
    "rollout": "the operator of the tests is a process, not a Deployment",
    "zilliz-jobs": "commands of the operator have tests of their own",
    "zilliz-jobs crds | kubectl apply": "the CRDs of the session are shared with other tests",
}


def commands() -> Iterator[tuple[str, str]]:
    """Every kubectl command in a fenced block of a runbook, with its page."""
    for page in RUNBOOKS:
        text = (ROOT / "docs" / page).read_text()
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                command = line.removeprefix("$ ").strip()
                if command and language in ("", "console"):
                    yield page, command


ALL = list(dict.fromkeys(commands()))


def why_not(command: str) -> str:
    words = command.split()
    if words[0] != "kubectl":
        return NOT_RUN["zilliz-jobs"]
    return next((why for word, why in NOT_RUN.items() if word in words), "")


def test_the_runbooks_have_commands() -> None:
    assert len(ALL) > 25
    assert len([one for one in ALL if not why_not(one[1])]) > 18


def test_the_commands_of_the_runbooks_do_what_they_say(user: User, cloud: Cloud) -> None:
    """Each is typed as it is printed, with the names of this namespace put in."""
    user.connect(cloud, settle=0)
    user.importing(cloud, "films", url=BROKEN).until_ended("Failed")
    user.backup(cloud, "nightly").until_ended()
    entry = {"name": "backup", "backupJob": {"clusterId": cloud.cluster}}
    user.create("JobSchedule", "nightly", {"schedules": ["0 0 29 2 *"], "jobs": [entry]})
    cloud.fault("export.create", "drop_after", times=1)
    lost = export(user)
    token = lost.until_reason("SubmissionUnknown", 90)["submission"]["token"]
    wrong = []
    for page, command in sorted(ALL, key=lambda one: " annotate " in one[1]):  # those change what the others show
        if why_not(command):
            continue
        for name, value in NAMES.items():
            command = command.replace(name, value)
        command = command.replace("<ns>", user.namespace).replace("<namespace>", user.namespace)
        command = command.replace("<token>=adopt:<jobId>", f"{token}=abandon").partition("   #")[0].strip()
        shown = ""
        for kind, name in (("exportjobs", "files"), ("importjobs", "films")):
            plain = command.replace("<kind>", kind).replace("<name>", name)
            done = typed(user, plain)
            if done is None:
                continue
            code, out, err = done
            shown += out.strip()
            if code and not ALLOWED.search(err):
                wrong.append(f"{page}: {plain}\n  {err.strip()}")
            if "SubmissionUnknown" in plain and "exportjobs" in plain and "files" not in out:
                wrong.append(f"{page}: {plain}\n  does not show the export that it is about")
            if "status.state=Failed" in plain and kind == "importjobs" and "films" not in out:
                wrong.append(f"{page}: {plain}\n  does not show the import that failed")
            if "<kind>" not in command and "<name>" not in command:
                break
        if not shown and not any(words in command for words in SHOWS_NOTHING):
            wrong.append(f"{page}: {command}\n  shows nothing")
    assert not wrong, "\n".join(wrong)
    assert lost.until_ended("Failed")["reason"] == "SubmissionUnknown"


NAMES = {
    "zillizconnection <name>": "zillizconnection default",
    "jobschedule <name>": "jobschedule nightly",
    "deploy/<operator>": "deploy/none",
    "<its namespace>": "default",
}
ALLOWED = re.compile(r"No resources found|timed out waiting")
"""What kubectl says where there is nothing to show, which is an answer too."""

SHOWS_NOTHING = (
    "get cronjobs",
    "get deploy",
    "get lease",
    "get pods,lease",
    "-l jobs.zilliz.com/schedule=",
    "reason=RunMissed",
    "BackupNotDeleted",
    "backupMessage",
    "annotate",
    "wait",
)
"""Where there is none of it in the namespace of the test, or nothing to print."""


def typed(user: User, command: str) -> tuple[int, str, str] | None:
    """What a shell would do with the line: quotes, `$(date +%s)`, and a filter at its end. None: it has no meaning
    for this object."""
    first, _, filtered = command.partition(" | ")
    first = first.replace("$(date +%s)", "1767225600").replace("$TOKEN", "none")
    words = shlex.split(first)[1:]
    if words[0] == "wait":
        words = [word if not word.startswith("--timeout") else "--timeout=1s" for word in words]
    at_all = "-A" in words or "-n" in words
    prefix = [] if at_all else ["-n", user.namespace]
    done = user.cluster.kubectl(*prefix, *words, check=False)
    out = done.stdout
    if filtered.startswith("grep "):
        pattern = shlex.split(filtered)[-1]
        out = "\n".join(line for line in out.splitlines() if re.search(pattern, line))
    return done.returncode, out, done.stderr
