"""A stand-in for java, with the lines that the engine was seen to print. `PLAY` names what it plays.

With `VTS_MOVER` it really moves rows: that command is run with the path of the config, and prints what it read and
wrote as JSON, or the codes of an error. It is a program: tests put a folder with it first on the PATH.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

WORKS = float(os.environ.get("PLAY_SECONDS", "0"))
ROWS = int(os.environ.get("PLAY_ROWS", "5000"))
RECORDS = Path(__file__).parent / "vtsrecords"
RECORDED = {"whole": 0, "no-table": 1, "terminated": 143}
"""What the real engine printed, and the exit code that it ended with."""
LINE = "2026-03-01 12:00:00 INFO  {} - {}"


def table(title: str, **rows: object) -> None:
    stars = "*" * 47
    lines = "\n".join(f"{name.replace('_', ' '):<26}: {value:>19}" for name, value in rows.items())
    say("ClientExecuteCommand", f"\n{stars}\n{title:^47}\n{stars}\n{lines}\n{stars}\n")


def say(logger: str, text: str) -> None:
    print(LINE.format(logger, text), flush=True)


def end(state: str) -> None:
    say("ClientJobProxy", f"Job (936489121254113281) end with state {state}")


def totals(read: int, written: int) -> None:
    table(
        "Job Statistic Information",
        Total_Read_Count=read,
        Total_Write_Count=written,
        Total_Failed_Count=read - written,
    )


def error(*codes: str) -> None:
    """As the engine tells of it: the outer error first, then its causes, with whatever they quote."""
    told = json.loads(config().read_text(encoding="utf-8"))
    for level, code in enumerate(codes):
        before = "Caused by: " if level else "Exception in thread main "
        print(f"{before}org.apache.seatunnel.X: ErrorCode:[{code}], ErrorDescription:[quoting {told}]", flush=True)


def config() -> Path:
    return Path(sys.argv[sys.argv.index("--config") + 1])


def ended(_signal: int, _frame: FrameType | None) -> None:
    # Not by `print`: the signal may have come in the middle of one.
    os.write(1, LINE.format("ClientExecuteCommand", "run shutdown hook because get close signal\n").encode())
    time.sleep(float(os.environ.get("PLAY_ENDS_AFTER", "0")))
    os._exit(128 + signal.SIGTERM)


def move() -> int:
    """The rows that were moved by the command; ends as the engine would where it fails."""
    done = subprocess.run(
        [*shlex.split(os.environ["VTS_MOVER"]), str(config())], stdout=subprocess.PIPE, text=True, check=False
    )
    told = json.loads(done.stdout or "{}")
    if done.returncode:
        error(*told.get("codes", ["COMMON-99"]))
        sys.exit(1)
    totals(told["read"], told["written"])
    return 0


def main() -> int:
    signal.signal(signal.SIGTERM, ended)
    say("ClientJobProxy", "Start submit job, job id: 936489121254113281")
    table("Job Progress Information", Read_Count_So_Far=ROWS // 2, Write_Count_So_Far=ROWS // 2)
    time.sleep(WORKS)
    if "VTS_MOVER" in os.environ:
        code = move()
        end("FINISHED")
        return code
    play = os.environ.get("PLAY", "whole")
    if play.startswith("recorded "):
        name = play.removeprefix("recorded ")
        print((RECORDS / f"{name}.log").read_text(encoding="utf-8"), flush=True)
        return RECORDED[name]
    match play:
        case "whole":
            end("FINISHED")
            totals(ROWS, ROWS)
            return 0
        case "lost rows":
            end("FINISHED")
            totals(ROWS, ROWS - 1)
            return 0
        case "no table":
            error("API-06", "API-05")
            return 1
        case "failed":
            end("FAILED")
            error("COMMON-10", "MILVUS-17")
            return 1
        case "failed at a code of several words":
            end("FAILED")
            error("COMMON-10", "TC-VECTORDB-01")
            return 1
        case "cancelled":
            end("CANCELED")
            totals(ROWS // 2, ROWS // 2)
            return 0
        case "no end":
            return 0
        case "out of memory":
            print("Terminating due to java.lang.OutOfMemoryError: Java heap space", flush=True)
            return 3
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            return 134
    raise AssertionError(f"nobody plays {play}")


if __name__ == "__main__":
    sys.exit(main())
