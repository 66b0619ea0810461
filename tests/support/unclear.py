"""Under which odd answers a look-up for a lost submission may not tell: the column "Unknown" of the table of decision
018. Under all others the submission must be found, or sent again."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from tests.support.everykind import Row

WORDS = frozenset({"names", "broken_words", "acting"})
LISTED = frozenset({"types", "times", "values", "broken_ids"})
STATED = frozenset({"states", "broken_states", "values"})
SCALED = frozenset({"sizes", "rules", "inner_null", "inner_missing"})
UNCLEAR: dict[str, frozenset[str]] = {
    "BACKUP": WORDS | {"types", "values", "broken_ids", "regions_missing", "inner_null", "inner_missing"},
    "RESTORE": WORDS | LISTED,
    "EXPORT": LISTED,
    "MIGRATION": LISTED,
    "IMPORT": WORDS | {"files", "times", "date", "values"},
    "CLONE_COLLECTION": WORDS | LISTED | {"regions_missing"},
    "SAMPLE_COLLECTION": WORDS | LISTED | {"descriptions", "broken_descriptions"},
    "SUSPEND_CLUSTER": STATED,
    "RESUME_CLUSTER": STATED,
    "SCALE_CU": STATED | SCALED,
    "SCALE_REPLICA": STATED | SCALED,
    "": WORDS | {"values", "descriptions", "broken_descriptions"},  # a sample by steps, which is no job of the cloud
}
"""By the cloud's word for the job: the oddities, each by the beginning of its name."""

CONSOLE = ("console.list", "console.get", "job.get")
CLUSTERS = ("cluster.get", "cluster.list")
COLLECTIONS = ("data.has", "data.list", "data.describe", "data.load_state", "cluster.get")
LOOKED_AT: dict[str, tuple[str, ...]] = {
    "BACKUP": (*CONSOLE, *CLUSTERS, "backup.create", "backup.list", "backup.get"),
    "RESTORE": (*CONSOLE, *CLUSTERS, *COLLECTIONS, "backup.get", "restore.cluster", "restore.collection"),
    "EXPORT": (*CONSOLE, "backup.get", "export.create"),
    "MIGRATION": (
        *CONSOLE,
        *CLUSTERS,
        *COLLECTIONS,
        "migration.remote",
        "migration.existing",
        "migration.new_dedicated",
        "console.migrate_external",
        "console.migrate_zero_downtime",
    ),
    "IMPORT": (
        *CONSOLE,
        "cluster.get",
        "import.create",
        "import.list",
        "import.progress",
        "import_v1.create",
        "import_v1.list",
        "import_v1.get",
    ),
    "CLONE_COLLECTION": (*CONSOLE, *COLLECTIONS, "console.clone"),
    "SAMPLE_COLLECTION": (*CONSOLE, *COLLECTIONS, "console.sample"),
    "SUSPEND_CLUSTER": (*CLUSTERS, "cluster.suspend"),
    "RESUME_CLUSTER": (*CLUSTERS, "cluster.resume"),
    "SCALE_CU": (*CLUSTERS, "cluster.modify"),
    "SCALE_REPLICA": (*CLUSTERS, "cluster.modify", "cluster.modify_replica"),
    "": COLLECTIONS,
}
"""The calls whose answers such a look-up goes by, by the simulator's names: what the submission itself told, too. The
time comes from the Date header of any answer."""

BACKED_UP = ("clone, by steps",)
"""Rows that make a backup first, and are looked for as that is, and as a restore is."""


def may_not_tell(row: Row, oddities: Iterable[tuple[str, str]]) -> bool:
    """`oddities`: which answers were odd, as a glob over the names of calls, and in what way."""
    words = {row.job} | ({"RESTORE"} if row.name in BACKED_UP else set())
    return any(_speaks_of(word, match, name) for match, name in oddities for word in words)


SPOILING = ("row_", "code_404xx", "code_missing", "data_null", "oversized", "success_as_", "truncated_gzip")


def spoils_a_list(row: Row, oddities: Iterable[tuple[str, str]]) -> bool:
    """Whether a list that the look-up goes by cannot be read, or not every row of it: then what is not there in time,
    or not any more, is neither found nor absent."""
    return any(
        name.startswith(SPOILING) and any(fnmatchcase(call, match) for call in LOOKED_AT[row.failing])
        for match, name in oddities
    )


def _speaks_of(word: str, match: str, name: str) -> bool:
    if not any(name.startswith(start) for start in UNCLEAR[word]):
        return False
    return name.startswith("date") or any(fnmatchcase(call, match) for call in LOOKED_AT[word])
