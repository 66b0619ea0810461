"""Names, files, states and types written otherwise than they were given or are documented."""

import unicodedata

from .oddity import Oddity, texts

NAMES = frozenset({"collectionName", "dbName", "clusterName", "backupName", "destCollectionName"})
FILES = frozenset({"fileName"})
DESCRIPTIONS = frozenset({"description"})
STATES = frozenset({"state", "status"})
REGIONS = frozenset({"regionId", "region"})
TYPES = frozenset({"type", "backupType", "creationMethod"})


def _snake(word: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and not word.isupper() else c.lower() for c in word).strip("_")


def _place(region: str) -> str:
    return region.partition("-")[2] or region


SPELLINGS = (
    Oddity("files_in_brackets", "`[base.parquet]`, as a list prints itself", data=texts(FILES, "[{}]".format)),
    Oddity("files_quoted", "`'base.parquet'`", data=texts(FILES, "'{}'".format)),
    Oddity("files_bare", "the last part of the path only", data=texts(FILES, lambda name: name.rpartition("/")[2])),
    Oddity("files_staged", "a path of the cloud's own before it", data=texts(FILES, "staging/7f3a/{}".format)),
    Oddity("files_upper", "in capitals", data=texts(FILES, str.upper)),
    Oddity("files_escaped", "as in a URL", data=texts(FILES, lambda name: name.replace("/", "%2F"))),
    Oddity("names_upper", "names in capitals", data=texts(NAMES, str.upper)),
    Oddity("names_padded", "blanks around names", data=texts(NAMES, " {} ".format)),
    Oddity("names_qualified", "the database before each name", data=texts(NAMES, "default.{}".format)),
    Oddity(
        "names_decomposed",
        "another Unicode form of names and files",
        data=texts(NAMES | FILES, lambda text: unicodedata.normalize("NFD", text)),
    ),
    Oddity("regions_plain", "regions without their provider: `us-west-2`", data=texts(REGIONS, _place)),
    Oddity("regions_upper", "regions in capitals", data=texts(REGIONS, str.upper)),
    Oddity("descriptions_upper", "descriptions in capitals", data=texts(DESCRIPTIONS, str.upper)),
    Oddity("descriptions_cut", "two thirds of each", data=texts(DESCRIPTIONS, lambda t: t[: len(t) * 2 // 3])),
    Oddity("states_lower", "`in_progress`", data=texts(STATES, _snake)),
    Oddity("states_prefixed", "`STATUS_FAILED`", data=texts(STATES, lambda word: f"STATUS_{_snake(word).upper()}")),
    Oddity("types_lower", "types in small letters", data=texts(TYPES, str.lower)),
    Oddity("types_prefixed", "`JOB_TYPE_IMPORT`", data=texts(TYPES, "JOB_TYPE_{}".format)),
)
