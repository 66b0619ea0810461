"""The story must be one that can come true: what it names exists, and what it waits for is what it expects."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable

import pytest
import yaml

from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.cli.demo import steps, story
from zilliz_jobs.cli.demo.examples import directory
from zilliz_jobs.cli.demo.play import applied, command_of, manifests_of, names_of
from zilliz_jobs.cli.demo.steps import Act, Annotate, Apply
from zilliz_jobs.cli.demo.story import ACTS, EXPECTATIONS, Story
from zilliz_jobs.core.reasons import Reason
from zilliz_local.cloud import KEY

NOT_PLAYED = ("70-restore-new-cluster", "71-restore-collection", "72-restore-after-backup", "73-export")
WORDS = {*State, *Reason, "Ready"} | {f"{what} {outcome}" for what in ("cancel", "retry") for outcome in Outcome}


def made_by(acts: Iterable[Act]) -> list[str]:
    """The objects that the acts apply, as kubectl names them."""
    return [f"{m['kind'].lower()}/{m['metadata']['name']}" for step in applied(acts) for m in manifests_of(step)]


# Other forms of what is played already; the story would only get longer.
NOT_PLAYED = (
    "12-backup-with-copies.yaml",
    "23-import-s3-https.yaml",
    "24-import-gcs.yaml",
    "25-import-azure.yaml",
    "26-import-aliyun-oss.yaml",
    "27-import-tencent-cos.yaml",
    "28-import-short-term-token.yaml",
    "29-import-on-demand.yaml",
    "29-import-v1.yaml",
    "70-restore-new-cluster.yaml",
    "71-restore-collection.yaml",
    "72-restore-after-backup.yaml",
    "73-export.yaml",
    "75-clone-collection.yaml",
    "76-sample-collection.yaml",
)


def test_every_example_is_played_once_or_is_left_out_on_purpose() -> None:
    files = [step.file for step in applied(ACTS) if not step.name]
    assert sorted([*files, *NOT_PLAYED]) == sorted(path.name for path in directory().glob("*.yaml"))


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


def test_the_show_is_bounded() -> None:
    assert sum(act.beat for act in ACTS) < 20
    assert story.SHOW_SECONDS < 120


def test_its_key_is_the_simulators() -> None:
    assert story.API_KEY == KEY


@pytest.mark.parametrize("step", [step for step in applied(ACTS) if step.name], ids=lambda step: step.name)
def test_the_command_for_a_second_object_makes_just_that(step: Apply) -> None:
    told, _, rest = command_of(step).partition(" | ")
    assert rest == "kubectl apply -f -"
    made = subprocess.run(["sh", "-c", told], cwd=directory().parent, capture_output=True, text=True, check=True)
    assert [*yaml.safe_load_all(made.stdout)] == manifests_of(step)
