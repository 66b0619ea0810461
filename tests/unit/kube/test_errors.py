"""Each refusal of the API server becomes the error that tells the caller what to do."""

from __future__ import annotations

import pytest

from zilliz_jobs.kube import errors
from zilliz_jobs.kube.errors import Denied, KubeError, error_of, is_refusal


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (400, {"message": "bad"}, errors.Invalid),
        (400, {"message": 'strict decoding error: unknown field "status.x"'}, errors.StrictDecoding),
        (401, {}, errors.Unauthorised),
        (403, {}, errors.Forbidden),
        (404, {}, errors.NotServed),
        (404, {"details": {"name": "films", "kind": "importjobs"}}, errors.NotFound),
        (405, {}, KubeError),
        (408, {}, errors.Unavailable),
        (409, {"reason": "Conflict"}, errors.Conflict),
        (409, {"reason": "AlreadyExists"}, errors.AlreadyExists),
        (410, {}, errors.Gone),
        (413, {}, errors.Invalid),
        (422, {"message": "BackupJob is invalid"}, errors.Invalid),
        (422, {"message": 'patch: {...}: strict decoding error: unknown field "x"'}, errors.StrictDecoding),
        (429, {}, errors.Unavailable),
        (500, {}, errors.Unavailable),
        (503, {}, errors.Unavailable),
    ],
)
def test_which_error_an_answer_is(status: int, answer: dict[str, str], expected: type[KubeError]) -> None:
    error = error_of("PATCH /x", status, answer)
    assert type(error) is expected
    assert error.status == status
    assert str(error).startswith("cannot PATCH /x: ")


def test_an_outdated_crd_is_named_without_the_whole_object() -> None:
    message = 'is invalid: patch: Invalid value: "{...}": strict decoding error: unknown field "status.new"'
    assert str(error_of("PATCH /x", 422, {"message": message})) == (
        'cannot PATCH /x: strict decoding error: unknown field "status.new"'
    )


def test_a_long_message_is_cut() -> None:
    assert len(str(error_of("GET /x", 422, {"message": "x" * 100_000}))) == errors.MAX_MESSAGE


def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    error = error_of("GET /x", 429, {}, 7.0)
    assert isinstance(error, errors.Unavailable)
    assert error.retry_after == 7.0


LACKING = 'secrets is forbidden: User "system:serviceaccount:z:z" cannot create resource "secrets" in API group ""'
RULES = (
    'admission webhook "secrets.example.com" denied the request: no',
    'secrets "x" is forbidden: exceeded quota: small, requested: count/secrets=1, used: count/secrets=1',
)


def test_a_missing_right_and_a_rule_of_the_cluster_are_told_apart() -> None:
    """Whoever is told to grant a right that is there already looks in the wrong place."""
    assert not isinstance(error_of("POST x", 403, {"message": LACKING}), Denied)
    for sentence in RULES:
        error = error_of("POST x", 403, {"message": sentence})
        assert isinstance(error, Denied)
        assert is_refusal(error)


@pytest.mark.parametrize(("status", "refused"), [(401, True), (403, True), (422, True), (404, False), (500, False)])
def test_a_refusal_is_what_stays_until_something_changes(status: int, refused: bool) -> None:
    assert is_refusal(error_of("GET x", status, {})) is refused
