"""At the pace of reading nothing is told faster than a person reads, and what was told can be scrolled back to."""

from __future__ import annotations

import io

import pytest
import yaml
from rich.console import Console

from zilliz_local.demo.pace import Pace
from zilliz_local.demo.play import applied, looking_at, manifests_of, readable
from zilliz_local.demo.reading import ReadingVoice
from zilliz_local.demo.steps import Apply
from zilliz_local.demo.story import ACTS
from zilliz_local.demo.watch import Track

MOST_MINUTES = 6


def test_nobody_reads_faster_than_five_words_a_second() -> None:
    for act in ACTS:
        assert Pace.READ.for_text(act.text) >= len(act.text.split()) / 5
        assert Pace.FAST.for_text(act.text) == 0
    assert Pace.FAST.for_manifest("a\nb\n") == 0
    assert Pace.READ.for_manifest("a\n" * 20) > Pace.READ.for_manifest("a\n")


def test_the_whole_of_it_can_still_be_watched_in_a_break() -> None:
    texts = sum(Pace.READ.for_text(act.text) for act in ACTS)
    manifests = sum(Pace.READ.for_manifest(readable(manifests_of(step))) for step in applied(ACTS))
    assert texts + manifests < 60 * MOST_MINUTES


@pytest.mark.parametrize("step", applied(ACTS), ids=lambda step: step.name or step.file)
def test_a_manifest_is_shown_as_it_is_applied_but_for_secrets(step: Apply) -> None:
    manifests = manifests_of(step)
    shown = list(yaml.safe_load_all(readable(manifests)))
    assert [one["metadata"] for one in shown] == [one["metadata"] for one in manifests]
    assert [one.get("spec") for one in shown] == [one.get("spec") for one in manifests]
    assert {value for one in shown for value in (one.get("stringData") or {}).values()} <= {"***"}


def test_the_line_to_copy_shows_the_objects_of_the_act() -> None:
    assert looking_at(["importjob/films"]) == "kubectl zilliz show importjob/films"
    assert looking_at(["zillizconnection/default"]) == "kubectl get zillizconnection/default"
    assert looking_at(["importjob/films", "backupjob/a"]) == "kubectl get importjob/films backupjob/a"


def test_what_was_told_stays_above_the_picture() -> None:
    """A picture that is drawn over takes the story with it."""
    out = io.StringIO()
    voice = ReadingVoice(Console(file=out, force_terminal=True, width=80, height=24, color_system=None))
    with voice:
        voice.begin("1/2 An account", frozenset())
        voice.manifest("kind: Secret\nmetadata: {}\n")
        voice.show((Track("importjob/films", state="InProgress", words=("InProgress",)),))
        voice.say("text", "the last line")
        voice.look("kubectl get importjob/films")
    text = out.getvalue()
    for told in ("1/2 An account", "        kind: Secret", "the last line", "see it: kubectl get importjob/films"):
        assert text.count(told) >= 1, told
    assert text.index("kind: Secret") < text.index("the last line")
