"""Whether the files that an import names are those of a spec.

The cloud may name full paths or bare names, all files or (at first) some of them, and may spell them in its own way.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from zilliz_jobs.api.importjob import ImportJobSpec
from zilliz_jobs.kinds.imports.importwire import sources
from zilliz_jobs.kinds.spelling import folded, is_unclear


def same_files(spec: ImportJobSpec, names: frozenset[str]) -> bool | None:
    """Whether an import of these files is an import of the spec's sources; None where that cannot be told.

    False only where a file resembles no source at all, however both are spelt.
    """
    wanted = sources(spec)
    found = [[_comes_from(name, source) for source in wanted] for name in names]
    if any(all(answer is False for answer in row) for row in found):
        return False
    sure = all(any(row) for row in found)
    covered = all(any(row[i] for row in found) for i in range(len(wanted)))
    return True if found and sure and covered else None


def could_be_alike(one: ImportJobSpec, other: ImportJobSpec) -> bool:
    """Whether the cloud may show imports of both specs in the same way: no name of a file tells them apart."""
    return not (
        same_files(one, frozenset(sources(other))) is False and same_files(other, frozenset(sources(one))) is False
    )


def _comes_from(name: str, source: str) -> bool | None:
    """Whether the file is that very source, or a file of that folder as far as its name tells; None where it may."""
    if is_unclear(name):
        return None
    file, wanted = _path(name), _path(source)
    if f"/{wanted}/" in f"/{file}/" or wanted.endswith(f"/{file}"):
        return bool(wanted and file) or None  # of a whole bucket: perhaps
    last = wanted.rpartition("/")[2]
    if source.endswith("/") or "." not in last:
        # Documented examples show bare names; a longer one may be relative to the folder.
        if "/" not in name:
            return True
        return False if "://" in name and f"/{folded(wanted)}/" not in f"/{folded(file)}/" else None
    told, meant = folded(file.rpartition("/")[2]), folded(last)
    return None if told in meant or meant in told else False


def _path(source: str) -> str:
    """The path in its bucket or volume, without what a signature adds."""
    try:
        return unquote(urlsplit(source).path).strip("/")
    except ValueError:
        return source.strip("/")
