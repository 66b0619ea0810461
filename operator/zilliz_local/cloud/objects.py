"""Object storage and volumes, as far as an import can tell: which files exist, how large, what is wrong.

A URL names one object, or, with a trailing slash, a folder. It is compared as text, so the same object under two URLs
is two objects here. A volume file is the URL `volume://<volume>/<path>`. Prefix rules declare whole trees good (or
bad) without naming every file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .camel import Camel


class StoredObject(Camel):
    """One file in storage, or the template of all files under a prefix."""

    size_bytes: int = 1_000_000
    rows: int = 1_000
    problem: str | None = None
    """Set: an import of this file fails with this reason."""
    access_key: str | None = None
    secret_key: str | None = None
    """Set: only these credentials may read it."""
    token: str | None = None
    """Set: only with this short-term token; beside the two keys where they are set too."""
    collections: tuple[str, ...] = ()
    """What a migration finds if this is a Milvus backup: names, or `database.name`. Empty: one, named after it."""


@dataclass(frozen=True, slots=True)
class ImportSource:
    """What a submission asked to read. Kept for a retry; never dumped, since it holds credentials."""

    urls: tuple[str, ...]
    access_key: str = ""
    secret_key: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"ImportSource(urls={self.urls!r})"


@dataclass(frozen=True, slots=True)
class FilePart:
    """One file of an import as it was found when the job was planned."""

    url: str
    size_bytes: int
    rows: int
    problem: str | None = None
    collections: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The base name, which is what progress answers show (documented example)."""
        return self.url.rstrip("/").rsplit("/", 1)[-1]


class ObjectStorage:
    """Every bucket and volume of the world in one table."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.prefixes: dict[str, StoredObject] = {}

    def put(self, url: str, stored: StoredObject | None = None) -> None:
        """Create or replace one object."""
        self.objects[url] = stored or StoredObject()

    def put_prefix(self, prefix: str, stored: StoredObject | None = None) -> None:
        """Declare that every URL below this prefix exists and looks like this."""
        self.prefixes[prefix] = stored or StoredObject()

    def remove(self, url: str) -> None:
        """Delete an object or a prefix rule; unknown ones are ignored."""
        self.objects.pop(url, None)
        self.prefixes.pop(url, None)

    def read(self, source: ImportSource) -> tuple[FilePart, ...]:
        """The files an import finds, in order; a missing or unreadable one carries its problem."""
        return tuple(part for url in source.urls for part in self._parts(url, source))

    def _parts(self, url: str, source: ImportSource) -> Iterable[FilePart]:
        found = self._find(url)
        if not found:
            what = "folder is empty or does not exist" if url.endswith("/") else "file does not exist"
            return [FilePart(url, 0, 0, f"{what}: {url}")]
        return [self._part(name, stored, source) for name, stored in found]

    def _find(self, url: str) -> list[tuple[str, StoredObject]]:
        if url in self.objects:
            return [(url, self.objects[url])]
        if url.endswith("/"):
            inside = [(name, stored) for name, stored in sorted(self.objects.items()) if name.startswith(url)]
            if inside:
                return inside
        rules = [prefix for prefix in self.prefixes if url.startswith(prefix)]
        return [(url, self.prefixes[max(rules, key=len)])] if rules else []

    @staticmethod
    def _part(url: str, stored: StoredObject, source: ImportSource) -> FilePart:
        wanted = (stored.access_key, stored.secret_key)
        if wanted != (None, None) and wanted != (source.access_key, source.secret_key):
            return FilePart(url, 0, 0, f"access denied, check accessKey and secretKey: {url}")
        if stored.token is not None and stored.token != source.token:
            return FilePart(url, 0, 0, f"access denied, check token: {url}")
        problem = f"{stored.problem}: {url}" if stored.problem else None
        named = re.sub(r"\W+", "_", url.rstrip("/").rsplit("/", 1)[-1])
        return FilePart(url, stored.size_bytes, stored.rows, problem, stored.collections or (named,))
