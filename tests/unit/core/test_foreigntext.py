"""If these fail, a text of the cloud or of a spec forges a log record, drives a terminal, or reads backwards."""

import pytest

from zilliz_jobs.core.foreigntext import escaped, escaped_in, is_damaged

BAD = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xD800,
    0xDFFF,
]


@pytest.mark.parametrize("number", BAD)
def test_what_acts_instead_of_being_read_becomes_an_escape(number):
    shown = escaped(f"a{chr(number)}b")
    assert shown == f"a{chr(number)!r}b".replace("'", "")
    assert shown.isprintable()
    assert escaped(shown) == shown, "a second pass must not change it again"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "films",
        "数据导入失败",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # a joiner within a Persian word
        "👩\u200d🔬",
        "क्\u200dष",
        "naïve\u00a0text",
        "C:\\new\\table",
        "\ufffd",
    ],
)
def test_ordinary_text_of_any_script_stays_as_it_is(text):
    assert escaped(text) == text


def test_all_texts_of_a_value_are_escaped_but_those_that_are_not_shown():
    value = {"a\n": ["\x1b", 1, None, {"password": "\x01", "b": "\u202e"}]}
    assert escaped_in(value, frozenset({"password"})) == {
        r"a\n": [r"\x1b", 1, None, {"password": "\x01", "b": r"\u202e"}]
    }


def test_a_text_with_replaced_bytes_is_known_as_such():
    assert is_damaged(b"fil\xffms".decode(errors="replace"))
    assert not is_damaged("films")
