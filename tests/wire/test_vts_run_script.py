"""The run script as a process: its verdict for each end, and what it lets nobody see."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.workershell import WorkerShell
from tests.unit.kinds.vts.specs import LOGIN, SINK, SOURCES, TOKEN, postgres, spec_of

from zilliz_jobs.kinds.migrations.vts.config import render
from zilliz_jobs.kinds.migrations.vts.manifests import CONFIG_FILE, engine_files
from zilliz_jobs.kinds.migrations.vts.verdict import Verdict, parse

Start = Callable[..., WorkerShell]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    shells: list[WorkerShell] = []

    def begin(text: str = "", **environment: str) -> WorkerShell:
        files = {CONFIG_FILE: text or render(postgres(), 0, LOGIN, SINK, TOKEN), **engine_files()}
        shells.append(WorkerShell(tmp_path / str(len(shells)), files, **environment))
        return shells[-1]

    yield begin
    for shell in shells:
        shell.close()


ENDS: dict[str, tuple[int, Verdict]] = {
    "whole": (0, Verdict("FINISHED", 0, False, 5000, 5000)),
    "lost rows": (1, Verdict("FINISHED", 0, False, 5000, 4999)),
    "no table": (1, Verdict("NONE", 1, False, code="API-05")),
    "failed": (1, Verdict("FAILED", 1, False, code="MILVUS-17")),
    "failed at a code of several words": (1, Verdict("FAILED", 1, False, code="TC-VECTORDB-01")),
    "cancelled": (1, Verdict("CANCELED", 0, False, 2500, 2500)),
    "no end": (1, Verdict("NONE", 0, False)),
    "out of memory": (3, Verdict("NONE", 3, False)),
    "killed": (137, Verdict("NONE", 137, False)),
    "recorded whole": (0, Verdict("FINISHED", 0, False, 50_000, 50_000)),
    "recorded no-table": (1, Verdict("NONE", 1, False, code="API-05")),
    "recorded terminated": (143, Verdict("NONE", 143, False)),
    "crash": (134, Verdict("NONE", 134, False)),
}


@pytest.mark.parametrize("play", ENDS)
def test_the_verdict_and_the_exit_code(start: Start, play: str) -> None:
    ended = start(PLAY=play).ended()
    assert (ended.exit_code, parse(ended.message)) == ENDS[play]


def test_a_sigterm_goes_on_to_java_and_the_verdict_says_so(start: Start) -> None:
    shell = start(PLAY_SECONDS="60")
    shell.wait_until_it_works()
    shell.terminate()
    ended = shell.ended()
    assert "run shutdown hook" in ended.kept
    assert (ended.exit_code, parse(ended.message)) == (143, Verdict("NONE", 143, True))


def test_a_second_sigterm_does_not_lose_the_exit_code_of_java(start: Start) -> None:
    shell = start(PLAY_SECONDS="60", PLAY_ENDS_AFTER="1")
    shell.wait_until_it_works()
    shell.terminate()
    time.sleep(0.3)
    shell.terminate()
    ended = shell.ended()
    assert (ended.exit_code, parse(ended.message)) == (143, Verdict("NONE", 143, True))


def test_the_log_shows_progress_and_end(start: Start) -> None:
    log = start().ended().log
    assert [" ".join(line.split()) for line in log.splitlines()] == [
        "Read Count So Far : 2500",
        "Write Count So Far : 2500",
        "Job (936489121254113281) end with state FINISHED",
        "Total Read Count : 5000",
        "Total Write Count : 5000",
        "Total Failed Count : 0",
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_a_failure_that_quotes_the_whole_config_shows_no_credential(start: Start, name: str) -> None:
    source, values, secrets = SOURCES[name]
    ended = start(render(spec_of(source, values), 0, secrets, SINK, TOKEN), PLAY="failed").ended()
    assert "CANARY" in ended.kept, "the stand-in quoted nothing, so that nothing was held back"
    assert "CANARY" not in ended.log + ended.message


def test_no_credential_is_in_a_process_list(start: Start) -> None:
    shell = start(PLAY_SECONDS="60")
    shell.wait_until_it_works()
    shown = subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout
    assert "standin_java" in shown
    assert "CANARY" not in shown


def test_rows_are_moved_where_a_mover_is_named(start: Start, tmp_path: Path) -> None:
    mover = tmp_path / "mover"
    mover.write_text('#!/bin/sh\ncp "$1" "$0.seen"\necho \'{"read": 7, "written": 7}\'\n', encoding="utf-8")
    mover.chmod(0o755)
    ended = start(VTS_MOVER=str(mover)).ended()
    assert (ended.exit_code, parse(ended.message)) == (0, Verdict("FINISHED", 0, False, 7, 7))
    assert json.loads((tmp_path / "mover.seen").read_text())["sink"][0]["url"] == SINK.uri


def test_heap_is_a_part_of_the_memory_that_the_pod_has(start: Start, tmp_path: Path) -> None:
    shell = start(VTS_MEMORY_MIB="6144", PLAY_SECONDS="60")
    shell.wait_until_it_works()
    shown = subprocess.run(["ps", "ax", "-ww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    (java,) = [line for line in shown.splitlines() if "standin_java" in line and str(tmp_path) in line]
    assert "-Xmx4096m" in java
