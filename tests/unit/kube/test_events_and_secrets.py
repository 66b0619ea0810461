"""What an Event says, and that a Secret says nothing unasked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.events import MAX_MESSAGE, event_of
from zilliz_jobs.kube.openapi import schemas_by_kind
from zilliz_jobs.kube.paths import group_path, path
from zilliz_jobs.kube.secrets import Secret

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = {
    "apiVersion": "jobs.zilliz.com/v1alpha1",
    "kind": "ImportJob",
    "metadata": {"name": "nightly", "namespace": "team", "uid": "u-1", "resourceVersion": "7"},
}


def event(body: dict[str, Any] = BODY, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": "Warning",
        "reason": "TwoHandles",
        "message": "look at both",
        "once_per": "1",
        "now": NOW,
        "instance": "pod-1",
    }
    return event_of(body, **(said | changes))


def test_the_same_event_has_the_same_name_in_the_next_process() -> None:
    later = event(now=NOW + timedelta(hours=3), instance="pod-2", message="look at both now")
    assert event()["metadata"] == later["metadata"]
    assert event()["metadata"]["namespace"] == "team"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(event(reason="Submitted"), id="another reason"),
        pytest.param(event(once_per="2"), id="another attempt"),
        pytest.param(
            event({**BODY, "metadata": {**BODY["metadata"], "uid": "u-2"}}), id="another object of that name"
        ),  # type: ignore[dict-item]
    ],
)
def test_another_event_has_another_name(other: dict[str, Any]) -> None:
    assert other["metadata"]["name"] != event()["metadata"]["name"]


def test_an_event_is_one_that_the_api_server_takes() -> None:
    long = event({**BODY, "metadata": {**BODY["metadata"], "name": "x" * 229 + "." + "y" * 23}}, message="m" * 5000)  # type: ignore[dict-item]
    assert len(long["metadata"]["name"]) <= 253
    assert "..." not in long["metadata"]["name"]
    assert len(long["message"]) == MAX_MESSAGE
    assert long["type"] == "Warning"
    assert event()["firstTimestamp"] == "2026-01-02T03:04:05Z"
    assert event()["involvedObject"]["uid"] == "u-1"


def secret(**data: bytes) -> Secret:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return Secret("team", "key", "u", "1", {}, encoded)


def test_a_secret_is_decoded_when_asked() -> None:
    found = secret(apiKey=b"hush\n", empty=b"")
    assert found.text("apiKey") == "hush", "a line end after a key is the commonest mistake with Secrets"
    assert found.text("empty") == ""
    assert found.text("other") is None
    assert found.keys == {"apiKey", "empty"}


def test_no_text_form_of_a_secret_shows_a_value() -> None:
    found = secret(apiKey=b"hush")
    encoded = base64.b64encode(b"hush").decode()
    for text in (repr(found), str(found), f"{found}"):
        assert "hush" not in text
        assert encoded not in text


def test_a_value_that_is_no_text_is_named_and_not_shown() -> None:
    with pytest.raises(ValueError, match="cannot read key k of Secret team/key") as caught:
        secret(k=b"\xff\xfehush").text("k")
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_names_cannot_leave_their_place_in_a_path() -> None:
    assert path("v1", "secrets", "a/../b", "c?d") == "/api/v1/namespaces/a%2F..%2Fb/secrets/c%3Fd"
    assert path("jobs.zilliz.com/v1alpha1", "importjobs", None) == "/apis/jobs.zilliz.com/v1alpha1/importjobs"
    assert group_path("v1") == "/api/v1"


def test_only_our_kinds_are_taken_from_a_document() -> None:
    def entry(group: str, kind: str, **properties: Any) -> dict[str, Any]:
        gvk = {"group": group, "version": "v1alpha1", "kind": kind}
        return {"x-kubernetes-group-version-kind": [gvk], "properties": properties}

    schemas = {
        "a": entry("jobs.zilliz.com", "ImportJob", spec={}, status={}),
        "b": entry("jobs.zilliz.com", "ImportJobList", items={}),
        "c": entry("jobs.zilliz.com", "DeleteOptions"),
        "d": entry("other.com", "Other", spec={}),
        "e": {"type": "object"},
    }
    assert set(schemas_by_kind({"components": {"schemas": schemas}})) == {"ImportJob"}
    assert schemas_by_kind({}) == {}


@pytest.mark.parametrize("name", [".", ".."])
def test_no_name_leads_upwards(name: str) -> None:
    """Else a manifest that names a Secret `..` would make the operator ask for something else."""
    with pytest.raises(NotFound):
        path("v1", "secrets", "team", name)
