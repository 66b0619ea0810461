"""No key in any record, in whatever form it travels."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from zilliz_jobs.telemetry import logs

SECRET = 'Ab/c+d"é=1234'


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_by_start", {})


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = before
    logger.setLevel(level)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("say", ["message", "argument", "exception"])
def test_a_concealed_key_is_in_no_record(root, form, say):
    logs.set_up(form, "debug")
    out = io.StringIO()
    root.handlers[0].setStream(out)  # type: ignore[attr-defined]
    logs.conceal(SECRET, "a", "")
    log = logging.getLogger("zilliz_jobs.test")
    if say == "message":
        log.warning(f"the key is {SECRET} and https://x/?k={quote(SECRET, safe='')}")
    elif say == "argument":
        log.warning("the headers are %s", {"Authorization": f"Bearer {SECRET}"})
    else:
        try:
            raise ValueError(f"bad key {SECRET}")
        except ValueError:
            log.exception("it failed")
    text = out.getvalue()
    assert "zilliz_jobs.test" in text
    for piece in (SECRET, json.dumps(SECRET)[1:-1], quote(SECRET, safe=""), "1234"):
        assert piece not in text
    assert logs.MASK in text


def test_what_is_too_short_to_be_a_secret_cuts_no_holes():
    logs.conceal("abc", "")
    assert logs.redacted("abcdef") == "abcdef"


def test_the_longer_secret_is_cut_first():
    logs.conceal("abcd", "abcdefgh")
    assert logs.redacted("abcdefgh") == logs.MASK


def test_secrets_that_overlap_leave_no_end_of_either():
    logs.conceal("overlap-one", "one-overlap-two")
    assert logs.redacted("x overlap-one-overlap-two y") == "x *** y"
    assert logs.redacted("overlap-oneoverlap-one") == "******"


def test_what_ends_the_process_shows_no_key():
    """Python writes such a trace itself, past every formatter."""
    code = (
        "from zilliz_jobs.telemetry import logs\nlogs.set_up('text', 'info')\n"
        "logs.conceal('hush-hush-key')\nraise ValueError('hush-' + 'hush-key')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError: hush-hush-key" not in done.stderr
    assert "ValueError: ***" in done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\x0b", "\x1b[2J", "\u202e"])
def test_one_record_is_one_line_whatever_stands_in_it(root, form, end):
    """Else whoever names a collection, or writes a reason, writes records of his own."""
    logs.set_up(form, "info")
    out = io.StringIO()
    root.handlers[0].setStream(out)  # type: ignore[attr-defined]
    log = logging.getLogger("zilliz_jobs.test")
    log.warning("cannot read %s", f"films{end}ERROR zilliz_jobs all is lost", extra={"object": f"a{end}b"})
    try:
        raise ValueError(f"films{end}ERROR")
    except ValueError:
        log.exception("it failed")
    first, second, rest = out.getvalue().split("\n")
    assert rest == ""
    assert first.isprintable()
    assert second.isprintable()
    assert "Traceback" in second
    if form == "json":
        assert json.loads(first)["message"].isprintable()
        assert json.loads(first)["object"].isprintable()


def test_a_concealed_key_with_line_ends_is_hidden_where_they_are_escaped_too():
    key = "-----BEGIN\nAbc123\tdef\n-----END"
    logs.conceal(key)
    assert logs.presentable(f"the key {key}.") == "the key ***."
    assert logs.presentable(r"the key -----BEGIN\nAbc123\tdef\n-----END.") == "the key ***."
