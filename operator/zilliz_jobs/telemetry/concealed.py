"""The secrets that this process knows, and whose texts each of them is hidden in.

A secret belongs to the namespaces whose Secrets hold it. It is cut out of what the cloud says to an object of these
namespaces, or over an API key that a connection of these namespaces uses, since one namespace's credentials can come
back in another's list. It is cut out of nobody else's texts: else who may write a Secret with the word `films` in it
could spoil the texts of all others.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.secretforms import SHORTEST, forms, is_unmistakable

MASK = "***"

Namespaces = frozenset[str]


@dataclass
class _Form:
    """One form of one or several secrets. `everywhere`: of a secret that is of no namespace."""

    text: str
    unmistakable: bool = False
    everywhere: bool = False
    namespaces: set[str] = field(default_factory=set)

    def concerns(self, whose: Namespaces | None) -> bool:
        return whose is None or self.everywhere or not self.namespaces.isdisjoint(whose)


_Counts = Callable[[_Form], bool]


class Concealed:
    """Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_start: dict[str, dict[str, _Form]] = {}
        """By first characters, so that a text costs its own length and not the number of secrets."""
        self._users: defaultdict[str, set[str]] = defaultdict(set)
        self.generation = 0
        """Grows when more is hidden than before: a text that was searched in this generation need not be again."""

    def conceal(self, *values: str, namespace: str | None = None) -> None:
        """From now on these are hidden, in whatever form they travel. `namespace`: whose they are; None for all."""
        with self._lock:
            for value in values:
                clear = is_unmistakable(value)
                for text in forms(value):
                    known = self._by_start.setdefault(text[:SHORTEST], {})
                    if text not in known:  # longest first, and replaced as a whole, since others may be reading
                        longer = sorted([*known.values(), _Form(text)], key=lambda form: -len(form.text))
                        known = self._by_start[text[:SHORTEST]] = {form.text: form for form in longer}
                    form = known[text]
                    before = form.unmistakable, form.everywhere, len(form.namespaces)
                    form.unmistakable = form.unmistakable or clear
                    form.everywhere = form.everywhere or namespace is None
                    form.namespaces |= {namespace} if namespace else set()
                    if before != (form.unmistakable, form.everywhere, len(form.namespaces)):
                        self.generation += 1

    def uses(self, namespace: str, key: str) -> None:
        """A connection of the namespace uses the API key of this fingerprint. It counts for as long as the process
        lives: what went over a key can come back when nobody uses it any more."""
        with self._lock:
            if namespace not in self._users[key]:
                self._users[key].add(namespace)
                self.generation += 1

    def users(self, key: str) -> Namespaces:
        with self._lock:
            return frozenset(self._users.get(key, ()))

    def around(self, namespace: str) -> Namespaces:
        """The namespace, and all that share an API key with it."""
        with self._lock:
            return frozenset({namespace}.union(*(users for users in self._users.values() if namespace in users)))

    def hidden(self, text: str, whose: Namespaces | None = None, *, spare: Iterable[str] = ()) -> str:
        """`text` without the secrets of these namespaces; None for those of all. What lies inside a word of `spare`
        stays: our own words about an object, which anybody reads in its spec."""
        return self._cut(text, lambda form: form.concerns(whose), spare)

    def presentable(self, text: str, whose: Namespaces | None = None, *, spare: Iterable[str] = ()) -> str:
        """The same as it may stand where people read: on one line, without what acts, without queries of URLs."""
        return shown(self.hidden(text, whose, spare=spare))

    def is_clear(self, text: str) -> bool:
        """Whether no secret can be in the text. False, too, where that is not quickly seen: of a short text, or with
        many secrets."""
        starts = tuple(self._by_start)
        return len(starts) < len(text) and not any(start in text for start in starts)

    def hidden_in_log(self, text: str) -> str:
        """`text` without the secrets that nobody would take for a name. Of the others, what comes from outside was
        hidden before it came here, and the names of objects are not to be spoilt."""
        return self._cut(text, lambda form: form.unmistakable, ())

    def _cut(self, text: str, counts: _Counts, spare: Iterable[str]) -> str:
        parts: list[str] = []
        spared: list[tuple[int, int]] | None = None
        shown = 0  # where the text goes on that is not told or masked yet
        end = 0  # of the secret in which the search is
        for at in self._starts(text):
            for form in self._by_start[text[at : at + SHORTEST]].values():
                if not text.startswith(form.text, at) or not counts(form):
                    continue
                stop = at + len(form.text)
                spared = _places(text, spare) if spared is None else spared
                if any(begin <= at and stop <= until for begin, until in spared):
                    continue
                if at >= end:
                    parts += [text[shown:at], MASK]
                shown = end = max(end, stop)
        return "".join([*parts, text[shown:]]) if parts else text

    def _starts(self, text: str) -> list[int]:
        """Where a secret may begin in the text."""
        known = self._by_start
        if self.is_clear(text):
            return []
        return [at for at in range(len(text) - SHORTEST + 1) if text[at : at + SHORTEST] in known]


def _places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where the words stand in the text."""
    found = []
    for word in {word for word in words if len(word) >= SHORTEST}:
        at = text.find(word)
        while at >= 0:
            found.append((at, at + len(word)))
            at = text.find(word, at + 1)
    return found


CONCEALED = Concealed()
"""Of this process. A log is written from anywhere, so there is one of it."""
