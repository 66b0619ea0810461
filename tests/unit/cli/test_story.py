"""The story must be one that can come true: what it names exists, and what it waits for is what it expects."""

from __future__ import annotations

import itertools

import pytest

from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.cli.demo import story
from zilliz_jobs.cli.demo.examples import directory, load
from zilliz_jobs.cli.demo.play import files_of, names_of
from zilliz_jobs.cli.demo.story import ACTS, EXPECTATIONS, Annotate, Story
from zilliz_jobs.core.reasons import Reason
from zilliz_local.cloud import KEY

APPLIED = [f"{m['kind'].lower()}/{m['metadata']['name']}" for file in files_of(Story()) for m in load(file)]
WORDS = {*State, *Reason, "Ready"} | {f"{what} {outcome}" for what in ("cancel", "retry") for outcome in Outcome}


def test_every_example_is_played_once() -> None:
    assert sorted(files_of(Story())) == sorted(path.name for path in directory().glob("*.yaml"))


def test_every_applied_object_has_an_expectation() -> None:
    assert sorted(n for n in APPLIED if not n.startswith("secret/")) == sorted(names_of(Story()))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
def test_an_act_waits_for_what_was_applied_and_can_be_said(act: story.Act) -> None:
    before = files_of(Story(acts=ACTS[: ACTS.index(act) + 1]))
    there = {f"{m['kind'].lower()}/{m['metadata']['name']}" for file in before for m in load(file)}
    asked = {step.object for step in act.steps if isinstance(step, Annotate)}
    assert {*act.until, *asked} <= there
    assert set(itertools.chain(*act.until.values())) <= WORDS


@pytest.mark.parametrize("wanted", EXPECTATIONS, ids=lambda wanted: wanted.object)
def test_the_last_expected_word_is_waited_for(wanted: story.Expectation) -> None:
    awaited = [words for act in ACTS for name, words in act.until.items() if name == wanted.object]
    assert wanted.words[-1] in awaited[-1], "else the verdict is spoken too early"
    assert set(wanted.words) <= WORDS


def test_the_show_is_bounded() -> None:
    assert sum(act.beat for act in ACTS) < 15
    assert story.SHOW_SECONDS < 120


def test_its_key_is_the_simulators() -> None:
    assert story.API_KEY == KEY
