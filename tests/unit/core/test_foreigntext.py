"""If these fail, a text of the cloud or of a spec forges a log record, drives a terminal, or reads backwards."""

import pytest

from zilliz_jobs.core.foreigntext import escaped, escaped_in, is_damaged, shown, without_queries

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


SIGNED = "X-Amz-Expires=60&X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"https://b.example/f.parquet?{SIGNED}", "https://b.example/f.parquet?..."),
        (f"no access to s3://b/f?{SIGNED} (403)", "no access to s3://b/f?... (403)"),
        (f"part-1.parquet?{SIGNED}: no access", "part-1.parquet?... no access"),
        (f'{{"url": "https://b/f?{SIGNED}", "n": 1}}', '{"url": "https://b/f?...", "n": 1}'),
        (r'{"url": "https:\/\/b\/f?a=1\u0026sig=5ec2e7", "n": 1}', r'{"url": "https:\/\/b\/f?...", "n": 1}'),
        (r'"{\"url\": \"https://b/f?sig=5ec2e7\", \"n\": 1}"', r'"{\"url\": \"https://b/f?...\", \"n\": 1}"'),
        (f"https://a/f?{SIGNED} and https://b/f?{SIGNED}", "https://a/f?... and https://b/f?..."),
        ("https://b/f?5ec2e7", "https://b/f?..."),
        ("https://b/f?...", "https://b/f?..."),
    ],
)
def test_whoever_reads_a_status_cannot_use_a_presigned_url(text, told):
    assert without_queries(text) == told
    assert without_queries(told) == told, "a second pass must not change it again"
    assert shown(text) == told


@pytest.mark.parametrize(
    "text", ["Is the bucket in us-west-2? See https://docs.example/a.", "films?", "a ? b = c", "why?no"]
)
def test_a_question_stays_one(text):
    assert shown(text) == text
