"""The forms of a secret. One that is missed is shown to everybody who may read a status; a form too short, or a name
taken for a secret, cuts holes into the texts that people need."""

from __future__ import annotations

import base64

import pytest

from zilliz_jobs.core.secretforms import SHORTEST, forms, is_unmistakable


@pytest.fixture(autouse=True)
def _computed_anew() -> None:
    """What another test asked for is remembered."""
    forms.cache_clear()


UNMISTAKABLE = {
    "": False,
    "a" * 31: False,
    "a" * 32: True,
    # From 16 characters on, one that no name has.
    "abcdefghijklmnop": False,
    "abcdefgh12345678": False,
    "abcdefgh-_./5678": False,
    "abcdefghijklmnoP": True,
    "abcdefghijklmn#p": True,
    "abcdefghijklmn p": True,
    "ABCDEFGHIJKLMNOP": True,
    "ABCDEFGHIJKLMNO": False,
    "abcdefghijklmn#": False,
    # From 8 on, three kinds of characters.
    "abcdeF1": False,
    "abcdefF1": True,
    "abcdef1#": True,
    "abcdefF#": True,
    "ABCDEF1#": True,
    "abcdefFG": False,
    "abcdef12": False,
    "abcdefF-": False,
    "abcdefF_": False,
    "abcdefF.": False,
    "abcdefF/": False,
    "abcdF1#": False,
}


@pytest.mark.parametrize("secret", UNMISTAKABLE)
def test_what_looks_like_no_name(secret: str) -> None:
    assert is_unmistakable(secret) is UNMISTAKABLE[secret]


FORMS: dict[str, tuple[str, ...]] = {
    "": (),
    "abc": (),
    "abcd": (
        "61626364",
        "abcd",
    ),
    "ab/d": (
        "61622F64",
        "61622f64",
        "ab%252Fd",
        "ab%252fd",
        "ab%2Fd",
        "ab%2fd",
        "ab\\/d",
        "ab/d",
    ),
    "a%2F": (
        "61253246",
        "a%25252F",
        "a%252F",
        "a%2F",
    ),
    "ä b+": (
        "%25C3%25A4%2520b%252B",
        "%25c3%25a4%2520b%252b",
        "%25C3%25A4%2Bb%252B",
        "%25c3%25a4%2bb%252b",
        "%C3%A4%20b%2B",
        "%c3%a4%20b%2b",
        "%C3%A4+b%2B",
        "%c3%a4+b%2b",
        "C3A420622B",
        "\\\\u00e4 b+",
        "c3a420622b",
        "\\u00e4 b+",
        "ä b+",
    ),
    'a"\\d': (
        "a%2522%255Cd",
        "a%2522%255cd",
        'a\\\\\\"\\\\\\\\d',
        "61225C64",
        "61225c64",
        "a%22%5Cd",
        "a%22%5cd",
        'a\\"\\\\d',
        'a"\\\\d',
        'a"\\d',
    ),
    "a\nbc": (
        "610A6263",
        "610a6263",
        "a%250Abc",
        "a%250abc",
        "a%0Abc",
        "a%0abc",
        "a\\\\nbc",
        "a\\nbc",
        "a\nbc",
    ),
    "ab\u202ec": (
        "ab%25E2%2580%25AEc",
        "ab%25e2%2580%25aec",
        "6162E280AE63",
        "6162e280ae63",
        "ab%E2%80%AEc",
        "ab%e2%80%aec",
        "ab\\\\u202ec",
        "ab\\u202ec",
        "YWLigK5j",
        "ab\u202ec",
    ),
    "secret": (
        "736563726574",
        "c2VjcmV0",
        "secret",
    ),
    "p?>~~>?>": (
        "p%253F%253E~~%253E%253F%253E",
        "p%253f%253e~~%253e%253f%253e",
        "p%3F%3E~~%3E%3F%3E",
        "p%3f%3e~~%3e%3f%3e",
        "703F3E7E7E3E3F3E",
        "703f3e7e7e3e3f3e",
        "A%2FPn5%2BPj8%2B",
        "cD8%2Bfn4%2BPz",
        "wPz5%2Bfj4%2FP",
        "A/Pn5+Pj8+",
        "A_Pn5-Pj8-",
        "cD8+fn4+Pz",
        "cD8-fn4-Pz",
        "wPz5+fj4/P",
        "wPz5-fj4_P",
        "p?>~~>?>",
    ),
}


@pytest.mark.parametrize("secret", FORMS)
def test_the_forms_in_which_a_secret_comes_back(secret: str) -> None:
    assert forms(secret) == FORMS[secret]


def test_the_longest_form_comes_first() -> None:
    """Else a shorter one inside it is masked, and the ends of the longer one stay."""
    found = forms("p/ss wörd+1")
    assert [len(form) for form in found] == sorted((len(form) for form in found), reverse=True)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("secret", ["secret-1", "secret-12", "secret-123", "pa?~>ss", "\xff\xfb\xff\xfe\xff?>~"])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_a_secret_inside_of_base64(secret: str, before: str, after: str) -> None:
    """As in the header of a basic authentication: what is left when it is cut out tells none of its characters."""
    packed = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    for text in (packed, packed.replace("+", "-").replace("/", "_")):
        form = next(form for form in forms(secret) if form in text)
        assert len(form) * 6 >= (len(secret.encode()) - 2) * 8, "all but the characters at the ends"


def test_a_short_piece_of_base64_is_no_form() -> None:
    """It stands in many an innocent word."""
    assert SHORTEST == 4
    packed = {base64.b64encode(b"secret")[:size].decode() for size in (4, 5, 6, 7)}
    assert not packed & set(forms("secret"))
    assert "c2VjcmV0" in forms("secret"), "eight characters are enough"
