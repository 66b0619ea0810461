"""Times that are none, or not the ones that they seem."""

from dataclasses import replace
from datetime import datetime, timedelta

from .oddity import Oddity, texts

TIMES = frozenset({"startTime", "endTime", "createTime", "completeTime", "expireTime"})


def _local(text: str) -> str:
    """Eight hours behind, without a word about it."""
    return (datetime.fromisoformat(text) - timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


def _epoch(text: str) -> str:
    return str(int(datetime.fromisoformat(text).timestamp() * 1000))


def _dated(name: str, text: str) -> Oddity:
    return Oddity(f"date_{name}", f"the Date header says `{text}`", sent=lambda out: replace(out, date=text))


TIME_ODDITIES = (
    Oddity("times_zero", "`0001-01-01T00:00:00Z`", data=texts(TIMES, lambda _: "0001-01-01T00:00:00Z")),
    Oddity("times_1970", "`1970-01-01T00:00:00Z`", data=texts(TIMES, lambda _: "1970-01-01T00:00:00Z")),
    Oddity("times_empty", "an empty text", data=texts(TIMES, lambda _: "")),
    Oddity("times_far", "the year 6780", data=texts(TIMES, lambda text: f"6780{text[4:]}")),
    Oddity("times_local", "local times without a zone, eight hours behind", data=texts(TIMES, _local)),
    Oddity("times_epoch", "milliseconds since 1970, as text", data=texts(TIMES, _epoch)),
    Oddity("times_words", "no time at all", data=texts(TIMES, lambda _: "just now")),
    _dated("far", "Tue, 01 Jan 6780 00:00:00 GMT"),
    _dated("zero", "Mon, 01 Jan 0001 00:00:00 GMT"),
    _dated("garbled", "yesterday"),
)
