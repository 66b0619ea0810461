"""The words of the page: none is missing in a language, and none of the operator's is left without one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from zilliz_jobs.api.jobresources import ROW_TYPES
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cli.kubectl import timeline
from zilliz_jobs.cli.kubectl.dashboard.server import STATIC

FILES = Path(str(STATIC))
WORDS = json.loads((FILES / "words.json").read_text(encoding="utf-8"))
TERMS = json.loads((FILES / "terms.json").read_text(encoding="utf-8"))
SCRIPTS = "\n".join(file.read_text(encoding="utf-8") for file in sorted(FILES.glob("*.js")))


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_every_word_with_the_same_places(language: str) -> None:
    assert set(WORDS[language]) == set(WORDS["en"])
    for key, text in WORDS[language].items():
        assert text.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", WORDS["en"][key])), key
    if language != "en":
        same = {key for key, text in WORDS[language].items() if text == WORDS["en"][key]}
        assert same == set(), "not translated"


@pytest.mark.parametrize("table", TERMS)
def test_every_term_is_there_in_three_languages(table: str) -> None:
    for word, forms in TERMS[table].items():
        assert len(forms) == 3, word
        assert all(forms), word


def test_every_state_and_type_has_its_words() -> None:
    assert set(State) <= set(TERMS["states"])
    assert {one.name for one in ROW_TYPES} == set(TERMS["types"])


def test_every_sentence_of_a_life_has_its_words() -> None:
    """What `kubectl zilliz show` calls the moments of a job, as its source writes them."""
    text = Path(timeline.__file__).read_text(encoding="utf-8")
    written = re.findall(r'Moment\(\s*[\w.]+,\s*f?"([^"]+)"', text)
    assert len(written) > 8
    patterns = {re.sub(r"\{[^}]*\}+", "*", one) for one in written}
    patterns = {one.replace("* *", "cancel *") if one == "* *" else one for one in patterns}
    assert patterns <= set(TERMS["moments"])
    assert {f"{word} *" for word in timeline.REQUESTS.values()} <= set(TERMS["moments"])


def test_every_word_that_is_asked_for_is_there_and_none_lies_idle() -> None:
    asked = set(re.findall(r'\bt\("([\w.]+)"', SCRIPTS)) | set(re.findall(r"\bt\(`([\w.]+)`", SCRIPTS))
    assert asked <= set(WORDS["en"]), asked - set(WORDS["en"])
    named = set(re.findall(r'"([\w.]+)"', SCRIPTS)) | asked
    made = ("theme.", "notice.", "keys.", "cancelSure", "retrySure", "runSure")
    assert {key for key in WORDS["en"] if key not in named and not key.startswith(made)} <= {"language"}


def test_no_text_becomes_markup() -> None:
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "dangerouslySetInnerHTML", "eval("):
        assert way not in SCRIPTS
