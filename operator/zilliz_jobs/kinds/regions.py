"""Whether a region that the cloud tells is the one that is meant.

One region has two spellings in the cloud's own answers: `regionId` has the provider before it, `region` has not
(documented: Get Backup Policy). So two texts that differ may be one region, and there are three answers.
"""

from __future__ import annotations

import re

from zilliz_jobs.kinds.spelling import is_unclear

PROVIDERS = {"aws": "aws", "gcp": "gcp", "az": "az", "azure": "az", "ali": "ali", "tc": "tc", "hwc": "hwc"}
"""The providers before a region, by each of their spellings."""
NUMBERING = ("aws", "gcp")
"""Those of which every region ends in a number."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBERED = re.compile(r"[a-z]+(-[a-z]+)+-?[0-9]+")


def is_same_region(told: str, wanted: str) -> bool | None:
    """Whether both are one region. None: perhaps, or one of them is not told. False: two regions for certain, each in
    the form of one."""
    if is_unclear(told) or is_unclear(wanted):
        return None
    one, other = _parts(told), _parts(wanted)
    if one[0] and other[0] and one[0] != other[0]:
        return False
    if one[1] == other[1]:
        return True
    sure = _has_form(*one) and _has_form(*other) and not _is_part(one[1], other[1])
    return False if sure else None


def _parts(region: str) -> tuple[str, str]:
    """The provider and the place; no provider where none is told."""
    text = region.strip().casefold()
    first, _, rest = text.partition("-")
    return (PROVIDERS[first], rest) if first in PROVIDERS and rest else ("", text)


def _has_form(provider: str, place: str) -> bool:
    """Whether this is how the cloud writes a region. Without a provider only a numbered name is known to be one."""
    form = _NAME if provider and provider not in NUMBERING else _NUMBERED
    return form.fullmatch(place) is not None


def _is_part(one: str, other: str) -> bool:
    """Whether one may be the other cut short, or a zone or a place in it. A longer number is another region."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and not long.removeprefix(short).isdigit()
