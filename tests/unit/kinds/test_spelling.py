"""Names in answers. A name that is wrongly called another one makes a job look absent, and it is submitted again."""

from __future__ import annotations

import pytest

from zilliz_jobs.kinds.spelling import is_same

FILMS = "films"


@pytest.mark.parametrize(
    ("told", "wanted", "same"),
    [
        (FILMS, FILMS, True),
        ("Films", FILMS, None),
        ("[films]", FILMS, None),
        ('"films"', FILMS, None),
        (" films ", FILMS, None),
        ("archive.films", FILMS, None),
        ("archive/films", FILMS, None),
        ("%66ilms", FILMS, None),
        ("\N{FULLWIDTH LATIN SMALL LETTER F}ilms", FILMS, None),
        ("film\N{REPLACEMENT CHARACTER}", FILMS, None),
        ("films\x00\x1b[31m all is lost", FILMS, None),
        (r"films\x00\x1b[31m all is lost", FILMS, None),
        ("films\N{RIGHT-TO-LEFT OVERRIDE}x", FILMS, None),
        ("", FILMS, None),
        ("caf\u00e9", "cafe\u0301", None),
        ("films_2", FILMS, False),
        ("actors", FILMS, False),
        ("films", "films_2", False),
    ],
)
def test_whether_two_names_are_one(told, wanted, same):
    assert is_same(told, wanted) is same
