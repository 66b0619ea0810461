"""Whether a name in an answer of the cloud is the name that was asked for.

"I do not recognise it" is not "it is another one": brackets, a prefix, escapes, case or a byte that was replaced make
a name look strange, and its job a job that was never submitted. So there are three answers, and only a name that
resembles the wanted one in no way is another one.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

REPLACED = "\N{REPLACEMENT CHARACTER}"
"""Stands where a byte could not be read: what it was is unknown."""
ESCAPE = "\\"
"""Begins what `foreigntext` makes of a character that could act on a reader's screen."""


def is_same(told: str, wanted: str) -> bool | None:
    """Whether both name one thing, such as a collection or a cluster. None: perhaps. False: they do not."""
    if told == wanted and told:
        return True
    if is_unclear(told):
        return None
    return None if _last(folded(told)) == _last(folded(wanted)) else False


def is_unclear(told: str) -> bool:
    """Nothing was told, or not all of it could be read, or it has characters of control, which no name can have and
    the border writes as escapes: what came with them into the text may be anything."""
    return not told or REPLACED in told or ESCAPE in told or not told.isprintable()


def folded(name: str) -> str:
    """The name without what spellings differ in: case, escapes, forms of a character, brackets, quotes, blanks."""
    plain = unicodedata.normalize("NFKC", unquote(unquote(name))).casefold()
    return re.sub(r"[^\w./:-]", "", plain)


def _last(name: str) -> str:
    """Without what it may lie in: a database, a project."""
    return re.split(r"[./:]", name.strip("./:"))[-1]
