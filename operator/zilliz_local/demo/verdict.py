"""Expected against seen, and against what the cloud's ledger says was really done. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from zilliz_local.demo.steps import Expectation
from zilliz_local.demo.watch import Track

ARROW = " > "
_ON_THE_WAY = frozenset({"Pending", "cancel Requested", "cancel Accepted", "retry Requested", "retry Accepted"})
STARTS_WORK = frozenset({"submit", "retry", "suspend", "resume", "modify"})


@dataclass(frozen=True)
class Finding:
    object: str
    happened: str
    expected: str
    sent: str
    problems: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Proof:
    """What the ledger says about all of it."""

    sentence: str
    right: bool


def judge(
    expectations: Iterable[Expectation], tracks: Mapping[str, Track], ledger: Sequence[Mapping[str, Any]]
) -> list[Finding]:
    """One finding for every expectation, in their order."""
    started = started_per_token(ledger)
    return [_judge(wanted, tracks.get(wanted.object, Track(wanted.object)), started) for wanted in expectations]


def started_per_token(ledger: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How often each token started work in the cloud, as effects and not as requests."""
    return Counter(
        str(entry.get("token") or "")
        for entry in ledger
        if entry.get("event") == "effect" and entry.get("client") == "api" and entry.get("kind") in STARTS_WORK
    )


def prove(tracks: Iterable[Track], ledger: Sequence[Mapping[str, Any]]) -> Proof:
    """Nothing that was started belongs to no attempt, and nothing was started twice."""
    started = started_per_token(ledger)
    ours = {token for track in tracks for _, token in track.tokens}
    strangers = [token for token in started if token not in ours]
    attempts = sum(1 for token in ours if started[token])
    if strangers:
        return Proof(f"the cloud started {len(strangers)} job(s) that belong to no attempt", right=False)
    if any(count > 1 for count in started.values()):
        return Proof("the cloud started a job twice for one attempt", right=False)
    text = f"the cloud's ledger: {attempts} attempts, {started.total()} submissions, none twice"
    return Proof(text, right=attempts > 0)


def _judge(wanted: Expectation, track: Track, started: Counter[str]) -> Finding:
    if not track.words:
        return Finding(wanted.object, "not seen", ARROW.join(wanted.words), "", ("it never said a word",))
    problems = []
    if missing := first_missing(wanted.words, track.words):
        problems.append(f"never {missing}" if missing not in track.words else f"{missing} at the wrong time")
    if track.word != wanted.words[-1]:
        problems.append(f"ended as {track.word}" + (f": {track.message}" if track.message else ""))
    sends = [started[token] for _, token in track.tokens if token]
    sends = [count for count in sends if count or wanted.submissions]
    if wanted.attempts:
        if track.attempts != wanted.attempts:
            problems.append(f"{track.attempts} attempt(s) instead of {wanted.attempts}")
        right_sends = [wanted.submissions] * wanted.attempts if wanted.submissions else []
        if sends != right_sends:
            problems.append(f"submissions per attempt {_numbers(sends)} instead of {_numbers(right_sends)}")
    return Finding(
        object=wanted.object,
        happened=ARROW.join(telling(track.words)),
        expected=ARROW.join(wanted.words),
        sent=_numbers(sends) if wanted.attempts else "",
        problems=tuple(problems),
    )


def telling(words: Sequence[str]) -> list[str]:
    """The words without those that say no more than that something goes its way."""
    told = [word for word in words if word not in _ON_THE_WAY]
    return [word for word, _ in groupby(told)] or list(words)


def first_missing(wanted: Sequence[str], said: Sequence[str]) -> str:
    """The first wanted word that was not said after the one before it; empty when all were."""
    rest = iter(said)
    return next((word for word in wanted if word not in rest), "")


def _numbers(counts: Sequence[int]) -> str:
    return " + ".join(str(count) for count in counts) or "none"
