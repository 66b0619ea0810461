"""Field types for what the cloud gives in several shapes: one lenient reader each.

Ids must be there (a list row without one would be a lost job), all else may be missing. Documented: progress is a
string in Describe Job, an integer in Get Import Job Progress, a share of 1 in the v1 import; counts are strings in an
older schema of the v1 import list.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from zilliz_jobs.api.model import parse_time
from zilliz_jobs.core.foreigntext import is_damaged
from zilliz_jobs.core.shortening import shortened

FIRST, LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these lie all times of the cloud: it did not exist before, and has no reason to tell later ones."""

MAX_COUNT = 2**63  # what a status can hold


MAX_ID = 256
MAX_TEXT = 4096  # the cloud's words end in a status, which must stay small


class WireModel(BaseModel):
    """An answer of the cloud: frozen, camelCase on the wire, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


def as_text(value: object) -> str:
    """Text or number as text; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else ""
    return str(value)


def as_id(value: object) -> str:
    """As `as_text`; "" also for an id with bytes that were no text, or with what had to be escaped: it is not the id
    that the cloud knows."""
    text = as_text(value)
    return "" if is_damaged(text) or "\\" in text else text


def as_words(value: object) -> str:
    """For people, so it may be cut; an id never is."""
    return shortened(as_text(value), MAX_TEXT)


def as_told_words(value: object) -> str | None:
    """As `as_words`; None for what is no text. An empty text was told, and is another answer than none."""
    return as_words(value) if isinstance(value, str) else None


def as_count(value: object) -> int | None:
    """A whole number, given as number or text; None for what is none."""
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%")) if not value.strip().isdecimal() else int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < MAX_COUNT else None


def as_percent(value: object) -> int | None:
    """Whole percent, rounded down, 0 to 100; None for what is none."""
    count = as_count(value)
    return None if count is None else max(0, min(100, count))


def as_share(value: object) -> int | None:
    """Whole percent of a share of 1 (the v1 guides poll until it is 1); more than 1 is taken for percent."""
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    if number is None or not 0 <= number <= 1:
        return as_percent(value)
    return int(number * 100 + 1e-6)  # 0.29 * 100 is a little less than 29


def _has_zone(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def as_moment(value: object) -> datetime | None:
    """A time of the cloud; None for what is none: empty, unreadable, or one that only stands for "not set", such as
    Go's zero time (0001-01-01), the epoch (1970-01-01) and the end of time (9999-12-31). Nor is one without a zone a
    time: it may be hours away from what it seems, and what seems older than a request is ruled out as its job. Every
    documented time has a zone."""
    if isinstance(value, str) and not _has_zone(value):
        return None
    moment = parse_time(value)
    return moment if moment is not None and FIRST <= moment < LAST else None


def as_list(value: object) -> object:
    """null as an empty list: the cloud writes both. So is what is no list."""
    return value if isinstance(value, list | tuple) else []


def as_object(value: object) -> dict[str, object] | None:
    """An object; None for what is none, which costs itself, and not the answer that it is a part of."""
    return value if isinstance(value, dict) else None


def as_rows(value: object) -> object:
    """The objects in a list. What else stands in it costs itself, and not the answer that it is a part of."""
    return [row for row in value if isinstance(row, dict | BaseModel)] if isinstance(value, list | tuple) else []


Id = Annotated[str, BeforeValidator(as_id), Field(min_length=1, max_length=MAX_ID)]
Text = Annotated[str, BeforeValidator(as_words)]
ToldText = Annotated[str | None, BeforeValidator(as_told_words)]
Count = Annotated[int | None, BeforeValidator(as_count)]
Percent = Annotated[int | None, BeforeValidator(as_percent)]
Share = Annotated[int | None, BeforeValidator(as_share)]
Moment = Annotated[datetime | None, BeforeValidator(as_moment)]
NullableList = BeforeValidator(as_list)
Rows = BeforeValidator(as_rows)
