"""What is counted: writes by purpose, calls by verb, and objects that are as the operator would have left them."""

from __future__ import annotations

from typing import Any

import pytest
from tools.bench.kube import requests_in, stand_in_requests
from tools.bench.mould import Mould
from tools.bench.problem import Problem
from tools.bench.watching import Watcher, purpose, shown

METRICS = """# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="jobs.zilliz.com",resource="importjobs",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 4
apiserver_request_total{code="409",component="apiserver",dry_run="",group="jobs.zilliz.com",resource="importjobs",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 1
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 1e+03
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="configmaps",scope="cluster",subresource="",verb="LIST",version="v1"} 7
apiserver_request_total{code="200",component="apiserver",dry_run="",group="events.k8s.io",resource="events",scope="cluster",subresource="",verb="LIST",version="v1"} 9
apiserver_request_terminations_total{code="200",group="",resource="events",subresource="",verb="POST"} 5
"""  # noqa: E501 - as the server writes it


def body(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "films", "generation": 1}, "status": status}


def test_calls_are_read_from_the_servers_own_counters() -> None:
    """Every answer counts, refused ones too; those of the server itself and of others do not."""
    assert requests_in(METRICS) == {"PATCH importjobs/status": 5, "POST events": 1000}


def test_the_stand_ins_counters_read_the_same() -> None:
    stats = {
        "requests": {
            "patch": {"importjobs.jobs.zilliz.com/status": 5},
            "create": {"events": 3},
            "list": {"configmaps": 2},
        }
    }
    assert stand_in_requests(stats) == {"PATCH importjobs/status": 5, "POST events": 3}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param(body(), body(state="Pending"), "status", id="a state"),
        pytest.param(body(state="A"), body(state="A", progressPercent=1), "progress", id="mere progress"),
        pytest.param(
            body(progressPercent=1), body(state="B", progressPercent=2), "status", id="a state with progress"
        ),
        pytest.param(body(state="A"), body(state="A"), "nothing", id="a write that changes nothing"),
        pytest.param(
            body(), {"metadata": {"generation": 1, "finalizers": ["x"]}, "status": {}}, "metadata", id="a finalizer"
        ),
    ],
)
def test_writes_of_mere_progress_are_told_from_others(old: dict[str, Any], new: dict[str, Any], found: str) -> None:
    """Else an operator that shows progress would seem to write too much."""
    assert purpose(shown(old), shown(new)) == found


def test_the_first_sight_of_a_state_is_what_counts() -> None:
    watcher = Watcher()
    watcher.begin([body(state="Pending")])
    watcher.tell({"type": "MODIFIED", "object": body(state="InProgress")}, 1.0)
    watcher.tell({"type": "MODIFIED", "object": body(state="InProgress", progressPercent=5)}, 2.0)
    watcher.tell({"type": "BOOKMARK", "object": {}}, 3.0)
    assert watcher.when["InProgress"] == {"films": 1.0}
    assert (watcher.in_state("InProgress"), watcher.objects["films"].progress) == (1, 5)
    assert (watcher.writes, watcher.fields) == ({"status": 1, "progress": 1}, {"state": 1})
    watcher.tell({"type": "DELETED", "object": body()}, 4.0)
    assert watcher.in_state("InProgress") == 0


def test_a_watch_that_broke_off_is_no_measurement() -> None:
    with pytest.raises(Problem, match="too old"):
        Watcher().tell({"type": "ERROR", "object": {"message": "too old"}}, 1.0)


def test_a_cast_object_is_the_mould_but_for_its_name_its_job_and_its_mark() -> None:
    status = {"jobId": "job-1", "startTime": "t0", "submission": {"token": "6f1c", "handle": {"jobId": "job-1"}}}
    attempts = [{"number": 1, "jobId": "job-1", "startTime": "t0"}]
    made = {
        "apiVersion": "v", "kind": "ImportJob", "spec": {"clusterId": "c"}, "status": status | {"attempts": attempts},
        "metadata": {"name": "mould", "uid": "u", "resourceVersion": "7", "finalizers": ["f"]},
    }  # fmt: skip
    mould = Mould.of(made)
    one, two = mould.cast("one", "job-2", "t1"), mould.cast("two", "job-3")
    assert one["metadata"] == {"name": "one", "finalizers": ["f"]}
    assert one["spec"] == made["spec"]
    assert (one["status"]["jobId"], one["status"]["submission"]["handle"]) == ("job-2", {"jobId": "job-2"})
    assert one["status"]["attempts"] == [{"number": 1, "jobId": "job-2", "startTime": "t1"}]
    assert two["status"]["startTime"] == "t0"
    assert len({"6f1c", one["status"]["submission"]["token"], two["status"]["submission"]["token"]}) == 3
