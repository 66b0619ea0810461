"""The story must be one that can come true: what it names exists, and what it waits for is what it expects."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable

import pytest
import yaml

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.api.scheduledjob import TEMPLATES
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobcenter.jobrow import JobRow, row_name
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_local.cloud import KEY
from zilliz_local.demo import setting, steps, story
from zilliz_local.demo.examples import directory
from zilliz_local.demo.play import applied, command_of, manifests_of, names_of, row_of
from zilliz_local.demo.steps import Act, Annotate, Apply, InTheCloud, RunSchedule
from zilliz_local.demo.story import ACTS, EXPECTATIONS, Story

WORDS = {*State, *Reason, *ScheduleReason, "Ready"} | {
    f"{what} {outcome}" for what in ("cancel", "retry") for outcome in Outcome
}


def made_by(acts: Iterable[Act]) -> list[str]:
    """The objects that the acts apply, or that come of what happens in the cloud, as kubectl names them."""
    acts = list(acts)
    mine = [f"{m['kind'].lower()}/{m['metadata']['name']}" for step in applied(acts) for m in manifests_of(step)]
    rows = [step.row for act in acts for step in act.steps if isinstance(step, InTheCloud) and step.row]
    runs = [step for act in acts for step in act.steps if isinstance(step, RunSchedule)]
    return mine + rows + [name for run in runs for name in run.makes.values()]


# Other forms of what is played already; the story would only get longer. Played are three migrations: by a documented
# call, from another vendor's system, and into a new cluster without downtime; and two rules for scaling: Query CUs by
# load, replicas by the clock.
NOT_PLAYED = (
    "12-backup-with-copies.yaml",
    "13-backup-that-ends.yaml",
    "23-import-s3-https.yaml",
    "24-import-gcs.yaml",
    "25-import-azure.yaml",
    "26-import-aliyun-oss.yaml",
    "27-import-tencent-cos.yaml",
    "28-import-short-term-token.yaml",
    "29-import-on-demand.yaml",
    "29-import-v1.yaml",
    "52-scale-cluster-scheduled.yaml",
    "61-scale-replicas-dynamic.yaml",
    "74-restore-collections.yaml",
    "81-migrate-milvus.yaml",
    "83-migrate-qdrant.yaml",
    "84-migrate-elasticsearch.yaml",
    "85-migrate-opensearch.yaml",
    "86-migrate-postgresql.yaml",
    "87-migrate-tencent-vectordb.yaml",
    "88-migrate-zilliz-cluster.yaml",
    "89-migrate-zilliz-external.yaml",
    "91-vts-elasticsearch.yaml",
    "91-vts-milvus.yaml",
    "91-vts-opensearch.yaml",
    "91-vts-pinecone.yaml",
    "91-vts-postgresql.yaml",
    "91-vts-qdrant.yaml",
    "91-vts-tencent-vectordb.yaml",
    "96-schedule-backup.yaml",
    "98-schedule-scale.yaml",
    "98-schedule-staging.yaml",
    "99-schedule-sleeping-cluster.yaml",
    "94-shard.yaml",
)


def test_every_example_is_played_once_or_is_left_out_on_purpose() -> None:
    files = [step.file for step in applied(ACTS) if not step.name]
    assert sorted([*files, *NOT_PLAYED]) == sorted(path.name for path in directory().glob("*.yaml"))


def test_every_kind_is_seen_at_work() -> None:
    kinds = {kind.resource.kind for kind in JOB_KINDS} | {ZILLIZ_CONNECTION.kind, JOB_CENTER.kind, "Secret"}
    kinds |= {JOB_SCHEDULE.kind}
    assert {m["kind"] for step in applied(ACTS) for m in manifests_of(step)} == kinds


def test_a_run_makes_what_its_schedule_says() -> None:
    """The story would wait for an object that nobody makes."""
    (schedule,) = (m for step in applied(ACTS) for m in manifests_of(step) if m["kind"] == JOB_SCHEDULE.kind)
    (run,) = (step for act in ACTS for step in act.steps if isinstance(step, RunSchedule))
    assert run.schedule == schedule["metadata"]["name"]
    entries = {
        job["name"]: TEMPLATES[field] for job in schedule["spec"]["jobs"] for field in job if field in TEMPLATES
    }
    assert {entry: name.partition("/")[0] for entry, name in run.makes.items()} == {
        entry: resource.singular for entry, resource in entries.items()
    }


def test_a_backup_that_a_file_is_to_name_is_there_by_then() -> None:
    for number, act in enumerate(ACTS):
        made = {name for before in ACTS[:number] for name, words in before.until.items() if words == ("Successful",)}
        assert {step.backup_of for step in applied((act,)) if step.backup_of} <= made


def test_what_follows_a_backup_is_applied_with_it() -> None:
    """Else the backup may be there before them, and nothing is seen to wait."""
    (act,) = (act for act in ACTS if ("BackupNotReady",) in act.until.values())
    waiting = {name for name, words in act.until.items() if words == ("BackupNotReady",)}
    assert {"backupjob/movies", *waiting} <= {*made_by((act,))}


def test_every_applied_object_has_an_expectation_and_a_name_of_its_own() -> None:
    names = made_by(ACTS)
    assert len(names) == len({*names})
    assert sorted(n for n in names if not n.startswith("secret/")) == sorted(names_of(Story()))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
def test_an_act_waits_for_what_was_applied_and_can_be_said(act: Act) -> None:
    there = {*made_by(ACTS[: ACTS.index(act) + 1])}
    asked = {step.object for step in act.steps if isinstance(step, Annotate)}
    assert {*act.until, *asked} <= there
    assert set(itertools.chain(*act.until.values())) <= WORDS


@pytest.mark.parametrize("wanted", EXPECTATIONS, ids=lambda wanted: wanted.object)
def test_the_last_expected_word_is_waited_for(wanted: steps.Expectation) -> None:
    awaited = [words for act in ACTS for name, words in act.until.items() if name == wanted.object]
    assert wanted.words[-1] in awaited[-1], "else the verdict is spoken too early"
    assert set(wanted.words) <= WORDS


def test_the_row_of_a_job_is_called_as_the_operator_calls_it() -> None:
    (page,) = (m for step in applied(ACTS) for m in manifests_of(step) if m["kind"] == JOB_CENTER.kind)
    job = JobRow(type="Backup", id="job-1")
    assert row_of(story.ROW, "job-1") == f"projectjob/{row_name(page['metadata']['name'], job.identity)}"


def test_the_show_is_bounded() -> None:
    assert sum(act.beat for act in ACTS) < 20
    assert story.SHOW_SECONDS < 120


def test_its_key_is_the_simulators() -> None:
    assert setting.API_KEY == KEY


@pytest.mark.parametrize("step", [step for step in applied(ACTS) if step.name], ids=lambda step: step.name)
def test_the_command_for_a_second_object_makes_just_that(step: Apply) -> None:
    told, _, rest = command_of(step).partition(" | ")
    assert rest == "kubectl apply -f -"
    made = subprocess.run(["sh", "-c", told], cwd=directory().parent, capture_output=True, text=True, check=True)
    assert [*yaml.safe_load_all(made.stdout)] == manifests_of(step)
