"""A status is first searched as one text, which is quick. If these fail, that search misses a secret that the search
of each of its texts finds, or a status is shown otherwise than before."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.control import redaction
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.telemetry.concealed import MASK, Concealed

BODY = {"kind": "ImportJob", "metadata": {"namespace": "n", "name": "films"}, "spec": {"collection": "films"}}
SECRETS = [
    "s3cr3t-value-0123456789",
    'with "quotes" in it',
    "back\\slash-and-more",
    "pässwörd-ünd-mehr",
    "tab\tin-it-0123",
]


@pytest.fixture(params=[0, 300], ids=["few secrets", "many secrets"])
def known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Concealed:
    found = Concealed()
    found.conceal(*SECRETS, *(f"{index:04d}-another-secret" for index in range(request.param)), namespace="n")
    monkeypatch.setattr(redaction, "CONCEALED", found)
    return found


def status(message: str) -> dict[str, Any]:
    rows = [{"type": kind, "message": message, "observedGeneration": 1} for kind in ("Ready", "Finished")]
    return {"state": "Failed", "message": message, "progressPercent": 4, "conditions": rows}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_however_json_writes_it(known: Concealed, secret: str) -> None:
    found = hidden(BODY, status(f"cannot open the bucket with {secret}"))
    assert found == status(f"cannot open the bucket with {MASK}")


@pytest.mark.parametrize(
    "text",
    [
        "a job is running",
        "what? nothing",
        "see https://b.example/f?sig=0123456789abcdef",
        "line\nand line\x1b[31m",
        "größer als erlaubt",
        'the cloud said "no"',
        "the name films stays",
        "\ud800 is half of a character",
    ],
)
def test_a_text_is_shown_as_if_each_were_searched(
    known: Concealed, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    quick = hidden(BODY, status(text))
    monkeypatch.setattr(redaction, "_is_plain", lambda _: False)
    assert quick == hidden(BODY, status(text))


def test_a_status_without_a_secret_stays_the_very_same(known: Concealed) -> None:
    before = status("a job is running")
    assert hidden(BODY, before) is before
