"""A demo that says "as expected" when it was not is worse than none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zilliz_local.demo.steps import Expectation
from zilliz_local.demo.verdict import first_missing, judge, prove, telling
from zilliz_local.demo.watch import Track

WANTED = Expectation("importjob/films", ("Failed", "retry Completed", "Successful"), attempts=2)
GOOD = Track(
    "importjob/films",
    words=("Pending", "Failed", "retry Accepted", "retry Completed", "InProgress", "Successful"),
    current=(("state", "Successful"),),
    attempts=2,
    tokens=((1, "a"), (2, "b")),
)


def effect(token: str, **changes: Any) -> dict[str, Any]:
    return {"event": "effect", "kind": "submit", "client": "api", "token": token, **changes}


LEDGER = [effect("a"), effect("b", kind="retry")]


def problems(track: Track = GOOD, ledger: list[dict[str, Any]] = LEDGER, wanted: Expectation = WANTED) -> str:
    (finding,) = judge([wanted], {track.object: track}, ledger)
    return "; ".join(finding.problems)


def test_all_as_expected() -> None:
    (finding,) = judge([WANTED], {GOOD.object: GOOD}, LEDGER)
    assert finding.right
    assert finding.sent == "1 + 1"
    assert finding.happened == "Failed > retry Completed > InProgress > Successful"


@pytest.mark.parametrize(
    ("track", "problem"),
    [
        (Track("importjob/films"), "it never said a word"),
        (replace(GOOD, words=("Successful",)), "never Failed"),
        (
            replace(GOOD, words=(*GOOD.words, "Failed"), current=(("state", "Failed"),), message="disk full"),
            "ended as Failed: disk full",
        ),
        (replace(GOOD, attempts=1), "1 attempt(s) instead of 2"),
    ],
    ids=["silent", "a step is missing", "another end", "an attempt is missing"],
)
def test_what_the_object_did_wrong_is_named(track: Track, problem: str) -> None:
    assert problem in problems(track)


@pytest.mark.parametrize(
    ("ledger", "problem"),
    [
        ([effect("a"), effect("a"), effect("b")], "submissions per attempt 2 + 1 instead of 1 + 1"),
        ([effect("a")], "submissions per attempt 1 + 0 instead of 1 + 1"),
    ],
    ids=["sent twice", "never arrived"],
)
def test_what_the_ledger_shows_wrong_is_named(ledger: list[dict[str, Any]], problem: str) -> None:
    assert problems(ledger=ledger) == problem


def test_an_adopted_job_must_not_be_submitted() -> None:
    adopted = Expectation("importjob/films", ("Successful",), submissions=0)
    track = Track("importjob/films", words=("Successful",), current=(("state", "Successful"),), attempts=1)
    assert problems(track, LEDGER, adopted) == ""
    sent = Track("importjob/films", words=track.words, current=track.current, attempts=1, tokens=((1, "a"),))
    assert problems(sent, LEDGER, adopted) == "submissions per attempt 1 instead of none"


def test_the_order_of_words_matters() -> None:
    assert first_missing(("Failed", "Successful"), ("Successful", "Failed")) == "Successful"
    assert first_missing(("Failed", "Successful"), ("Failed", "Pending", "Successful")) == ""


def test_what_waits_again_for_the_same_is_told_once() -> None:
    said = ("Pending", "ClusterBusy", "Pending", "ClusterBusy", "Pending", "InProgress", "Successful")
    assert telling(said) == ["ClusterBusy", "InProgress", "Successful"]


@pytest.mark.parametrize("kind", ["suspend", "resume", "modify"])
def test_a_change_of_a_cluster_counts_as_work(kind: str) -> None:
    once = Expectation("importjob/films", ("Successful",))
    track = Track(
        "importjob/films",
        words=("Successful",),
        current=(("state", "Successful"),),
        attempts=1,
        tokens=((1, "a"),),
    )
    assert problems(track, [effect("a", kind=kind)], once) == ""
    twice = [effect("a", kind=kind)] * 2
    assert problems(track, twice, once) == "submissions per attempt 2 instead of 1"
    assert not prove([track], twice).right


def test_a_story_of_nothing_but_small_steps_is_told_all_the_same() -> None:
    assert telling(("Pending",)) == ["Pending"]


@pytest.mark.parametrize(
    ("ledger", "right", "sentence"),
    [
        (LEDGER, True, "the cloud's ledger: 2 attempts, 2 submissions, none twice"),
        ([*LEDGER, effect("x")], False, "the cloud started 1 job(s) that belong to no attempt"),
        ([*LEDGER, effect("a")], False, "the cloud started a job twice for one attempt"),
        ([*LEDGER, effect("", client="console")], True, "the cloud's ledger: 2 attempts, 2 submissions, none twice"),
        ([], False, "the cloud's ledger: 0 attempts, 0 submissions, none twice"),
    ],
    ids=["good", "a stranger", "twice", "of the console", "nothing happened"],
)
def test_the_ledger_is_the_proof(ledger: list[dict[str, Any]], right: bool, sentence: str) -> None:
    proof = prove([GOOD], ledger)
    assert (proof.right, proof.sentence) == (right, sentence)
