"""Odd answers that real systems have given, each by its name. Which endpoint gives one, and how often, says a rule of
`faults` with the action "odd"."""

import json
from collections.abc import Iterable
from typing import Any

from .filters import FILTERS
from .lists import LISTS
from .oddity import Given, Oddity, Sent
from .shapes import SHAPES
from .spellings import SPELLINGS
from .times import TIME_ODDITIES
from .wires import WIRES

CATALOGUE: dict[str, Oddity] = {
    one.name: one for one in (*FILTERS, *SPELLINGS, *TIME_ODDITIES, *SHAPES, *LISTS, *WIRES)
}


def asked(names: Iterable[str], given: Given) -> Given:
    """What such a cloud heeds of a request."""
    for name in names:
        if (change := CATALOGUE[name].given) is not None:
            given = change(given)
    return given


def answered(names: Iterable[str], http: int, body: dict[str, Any]) -> Sent:
    """An answer as such a cloud sends it."""
    odd = [CATALOGUE[name] for name in names]
    for one in odd:
        if one.data is not None and body.get("data") is not None:
            body = body | {"data": one.data(body["data"])}
    for one in odd:
        if one.body is not None:
            body = one.body(body)
    sent = Sent(http, json.dumps(body).encode())
    for one in odd:
        if one.sent is not None:
            sent = one.sent(sent)
    return sent
