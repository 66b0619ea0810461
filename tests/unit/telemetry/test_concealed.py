"""What is hidden, and from whom: a secret that shows is the account's, and one hidden in other people's texts makes
their objects unreadable."""

from __future__ import annotations

import pytest

from zilliz_jobs.core.secretforms import is_unmistakable
from zilliz_jobs.telemetry.concealed import MASK, Concealed

MINE, SHARED, OTHER = frozenset({"mine"}), frozenset({"mine", "theirs"}), frozenset({"other"})


@pytest.fixture
def known() -> Concealed:
    return Concealed()


def test_what_is_too_short_to_be_a_secret_cuts_no_holes(known: Concealed) -> None:
    known.conceal("abc", "")
    assert known.hidden("abcdef") == "abcdef"


@pytest.mark.parametrize("order", [("abcd", "abcdefgh"), ("abcdefgh", "abcd")])
def test_the_longer_secret_is_cut_first(known: Concealed, order: tuple[str, str]) -> None:
    known.conceal(*order)
    assert known.hidden("abcdefgh") == MASK


def test_secrets_that_overlap_leave_no_end_of_either(known: Concealed) -> None:
    known.conceal("overlap-one", "one-overlap-two")
    assert known.hidden("x overlap-one-overlap-two y") == "x *** y"
    assert known.hidden("overlap-oneoverlap-one") == "******"


def test_a_secret_is_hidden_in_its_namespace_and_in_no_other(known: Concealed) -> None:
    known.conceal("actors", namespace="mine")
    assert known.hidden("login actors", MINE) == "login ***"
    assert known.hidden("login actors", SHARED) == "login ***"
    assert known.hidden("collection actors", OTHER) == "collection actors"
    known.conceal("actors", namespace="other")
    assert known.hidden("login actors", OTHER) == "login ***", "both hold it"


def test_namespaces_that_use_one_key_hear_of_one_anothers_secrets(known: Concealed) -> None:
    known.uses("mine", "key-1")
    known.uses("theirs", "key-1")
    known.uses("theirs", "key-2")
    known.uses("other", "key-2")
    assert known.users("key-1") == SHARED
    assert known.around("mine") == SHARED
    assert known.around("theirs") == {"mine", "theirs", "other"}
    assert known.around("nobody") == {"nobody"}
    assert known.users("key-3") == frozenset()


class TestSpared:
    def test_words_of_a_spec_stay(self, known: Concealed) -> None:
        known.conceal("movies0001", namespace="mine")
        text = "cannot import into in01-demo0movies0001: bad login movies0001"
        assert known.hidden(text, MINE, spare=["in01-demo0movies0001"]) == (
            "cannot import into in01-demo0movies0001: bad login ***"
        )

    def test_a_secret_that_only_touches_one_does_not(self, known: Concealed) -> None:
        known.conceal("actors-2026", namespace="mine")
        assert known.hidden("actors-2026", MINE, spare=["actors", "x"]) == MASK


@pytest.mark.parametrize(
    ("secret", "clear"),
    [
        ("actors", False),
        ("movies0001", False),
        ("in01-0123456789abcde", False),
        ("AKIAIOSFODNN7EXAMPLE", True),
        ("Passw0rd", True),
        ("canary/abc+def-ghi=", True),
        ("0123456789abcdef" * 2, True),
        ("1234567", False),
    ],
)
def test_what_nobody_would_take_for_a_name(secret: str, clear: bool) -> None:
    assert is_unmistakable(secret) is clear
