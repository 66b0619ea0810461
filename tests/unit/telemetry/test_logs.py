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
from zilliz_jobs.telemetry.concealed import MASK, Concealed

SECRET = 'Ab/c+d"é=1234'


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "CONCEALED", Concealed())


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
    logs.CONCEALED.conceal(SECRET, "a", "")
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
    assert MASK in text


def test_what_ends_the_process_shows_no_key():
    """Python writes such a trace itself, past every formatter."""
    code = (
        "from zilliz_jobs.telemetry import logs\nlogs.set_up('text', 'info')\n"
        "logs.CONCEALED.conceal('hush-hush-key')\nraise ValueError('hush-' + 'hush-key')"
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
    logs.CONCEALED.conceal(key)
    assert logs.CONCEALED.presentable(f"the key {key}.") == "the key ***."
    assert logs.CONCEALED.presentable(r"the key -----BEGIN\nAbc123\tdef\n-----END.") == "the key ***."


@pytest.mark.parametrize("name", ["actors", "movies0001", "in01-0abc"])
def test_a_secret_that_looks_like_a_name_cuts_no_hole_into_a_line_but_stands_in_no_trace(root, name):
    """Whoever may write one Secret could else make the log of all others unreadable."""
    logs.set_up("text", "info")
    out = io.StringIO()
    root.handlers[0].setStream(out)  # type: ignore[attr-defined]
    logs.CONCEALED.conceal(name, namespace="team-x")
    try:
        raise ValueError(f"login {name}")
    except ValueError:
        logging.getLogger("zilliz_jobs.test").exception("ImportJob team-y/%s: submitting", name)
    assert f"ImportJob team-y/{name}: submitting" in out.getvalue()
    assert "ValueError: login ***" in out.getvalue()
