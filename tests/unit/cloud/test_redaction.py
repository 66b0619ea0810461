"""If these fail, a user's API key or storage credentials stand in an event, a condition or a log."""

import json

import pytest

from zilliz_jobs.cloud.redaction import MASK, MAX_TEXT, bounded, redact, secrets_in

SECRET = 'AK+/="pé&word'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        'AK+/=\\"pé&word',
        'AK+/=\\"p\\u00e9&word',
        "AK%2B%2F%3D%22p%C3%A9%26word",
        "AK%2B/%3D%22p%C3%A9%26word",
    ],
)
def test_a_secret_is_masked_in_every_form_it_travels_in(form):
    assert redact(f"bad credentials {form} given", [SECRET]) == f"bad credentials {MASK} given"


@pytest.mark.parametrize(
    "text",
    [
        "header Authorization: Bearer abcdef.123",
        "https://a.blob.core.windows.net/c/f.parquet?sv=1&sig=abcdef.123&x=1",
        "https://b.s3.amazonaws.com/f?X-Amz-Signature=abcdef.123",
        "https://b.s3.amazonaws.com/f?X-Amz-Security-Token=abcdef.123&a=b",
        "cannot reach postgresql://me:p@abcdef@db.example:5432/vectors",
    ],
)
def test_bearer_tokens_and_signed_urls_are_masked_without_being_known(text):
    assert "abcdef" not in redact(text)


def test_a_text_is_cut_after_the_masking():
    """Cut first, the half of a secret that is left would no longer be recognised."""
    text = redact("x" * (MAX_TEXT - 6) + "supersecret", ["supersecret"])
    assert "super" not in text
    assert len(text) <= MAX_TEXT


def test_a_text_stays_on_one_line_so_that_no_log_record_can_be_forged():
    assert redact("bad\r\nlevel=error\x1b[31m\u2028x") == r"bad\r\nlevel=error\x1b[31m\u2028x"


def test_tiny_secrets_do_not_destroy_the_text():
    assert redact("a bad day", ["a", ""]) == "a bad day"


def test_the_longest_secret_goes_first():
    assert redact("key-1234-longer", ["key-1234", "key-1234-longer"]) == MASK


def test_the_secrets_of_a_body_are_found_by_the_names_of_their_fields():
    body = {
        "objectUrls": [["s3://b/f"]],
        "accessKey": "AK",
        "source": {"secretKey": "SK", "token": "T"},
        "list": [{"password": "P"}],
        "collectionName": "books",
        "token": None,
    }
    assert set(secrets_in(body)) == {"AK", "SK", "T", "P"}


def test_a_row_for_people_to_read_has_no_secret_and_no_null() -> None:
    raw = {"jobId": "j", "secretKey": "hush-hush", "nested": {"token": "t0ken", "url": "s3://u:p@b/x"}, "none": None}
    assert bounded(raw | {"list": [1, None, 2.0], "share": 0.5}) == {
        "jobId": "j",
        "secretKey": "***",
        "nested": {"token": "***", "url": "s3://***@b/x"},
        "list": [1, 2],
        "share": 0.5,
    }


def test_a_row_of_any_size_is_bounded_and_says_what_was_left_out() -> None:
    raw = {"jobId": "j", "files": ["x" * 400 for _ in range(100)]} | {f"f{n}": "y" * 300 for n in range(30)}
    shown = bounded(raw, 4096)
    assert len(json.dumps(shown).encode()) <= 4096
    assert shown["jobId"] == "j"
    assert "files" in shown["leftOut"]
    assert bounded({"": {"a" * 9000: 1}}, 64).keys() <= {"leftOut"}
    assert bounded("no object") == {}
    assert bounded({"jobId": "j"}, 10) == {}, "nor has what was left out any room"


@pytest.mark.parametrize(("value", "stored"), [(float("inf"), "inf"), (float("nan"), "nan"), (2**63, str(2**63))])
def test_a_number_that_kubernetes_cannot_hold_is_text(value: float, stored: str) -> None:
    assert bounded({"rows": value}) == {"rows": stored}
