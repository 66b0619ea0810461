"""The rules of a JobSchedule as the operator checks them, for a server that has no CEL."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE, JobScheduleSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.scheduledjob import TEMPLATES
from zilliz_jobs.api.schema import Schema

Spec = dict[str, Any]
BACKED: Spec = {"name": "backup", "backupJob": {"clusterId": "in01-1"}}
EXPORTED: Spec = {
    "name": "export",
    "exportJob": {"backup": {"backupJobRef": {"name": "backup"}}, "integrationId": "i", "directory": "d"},
}
SLEEP: Spec = {"name": "sleep", "suspendClusterJob": {"clusterId": "in01-1"}}


def parsed(*jobs: Spec, **spec: Any) -> JobScheduleSpec:
    made = parse_spec(JOB_SCHEDULE, {"spec": {"schedules": ["@daily"], "jobs": list(jobs), **spec}})
    assert isinstance(made, JobScheduleSpec)
    return made


def test_an_entry_knows_its_kind_and_what_it_follows() -> None:
    backup, export = parsed(BACKED, EXPORTED | {"after": ["backup"]}).jobs
    assert (backup.field, backup.resource.kind, backup.follows) == ("backupJob", "BackupJob", ())
    assert (export.resource.kind, export.follows) == ("ExportJob", ("backup",))


@pytest.mark.parametrize(
    ("jobs", "spec", "sentence"),
    [
        pytest.param([{"name": "a"}], {}, "exactly one kind", id="no kind"),
        pytest.param([BACKED | SLEEP], {}, "exactly one kind", id="two kinds"),
        pytest.param(
            [BACKED | {"backupJob": {"clusterId": "c", "suspend": True}}], {}, "spec.suspend", id="suspended"
        ),
        pytest.param(
            [{"name": "a", "backupJob": {"clusterId": "c", "adopt": {"jobId": "j"}}}],
            {},
            "leave out adopt",
            id="adopts",
        ),
        pytest.param([EXPORTED], {}, "that has a backupJob", id="a backup of nobody"),
        pytest.param([BACKED | {"after": ["x"]}], {}, "after names jobs", id="after nobody"),
        pytest.param([BACKED | {"after": ["export"]}, EXPORTED], {}, "in a circle", id="a circle"),
        pytest.param([SLEEP], {"concurrencyPolicy": "Replace"}, "use Forbid", id="replaced without a cancel"),
        pytest.param(
            [BACKED | {"metadata": {"labels": {"anything.toolkit.fluxcd.io/name": "x"}}}], {}, "leave them", id="Flux"
        ),
        pytest.param([BACKED | {"metadata": {"labels": {"a b": "x"}}}], {}, "up to 63 letters", id="no label name"),
        pytest.param(
            [{"name": "a", "sampleCollectionJob": {"clusterId": "c", "collection": "films"}}],
            {},
            "can be used once: write $(RUN)",
            id="one collection for all runs",
        ),
        pytest.param(
            [
                {
                    "name": "a",
                    "migrationJob": {"source": {"zillizCluster": {"clusterId": "a"}}, "target": {"clusterId": "b"}},
                }
            ],
            {},
            "in its destination",
            id="a migration into one cluster",
        ),
    ],
)
def test_a_schedule_that_could_not_run_is_refused(jobs: list[Spec], spec: Spec, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence.replace("$(", r"\$\(").replace("N)", r"N\)")):
        parsed(*jobs, **spec)


RUN = "$(RUN)"
NEW: Spec = {"projectId": "p", "name": f"new-{RUN}", "cuSize": 1}
SIZED: Spec = {"regionId": "aws-us-west-2", "plan": "Standard", "cuType": "PerformanceOptimized"}
RESTORED: Spec = {"clusterId": "in01-1", "backupId": "b-1"}
FILMS: Spec = {"collection": "films", "destCollection": f"films-{RUN}"}
MOVED: Spec = {"source": "films", "destination": f"films-{RUN}"}


@pytest.mark.parametrize(
    "template",
    [
        pytest.param({"restoreJob": {"backup": RESTORED, "newCluster": NEW}}, id="a restore into a new cluster"),
        pytest.param(
            {"restoreJob": {"backup": RESTORED, "existingCluster": {"clusterId": "c", "collections": [FILMS]}}},
            id="a restore under new names",
        ),
        pytest.param(
            {
                "migrationJob": {
                    "source": {"zillizCluster": {"clusterId": "a"}},
                    "target": {"newCluster": NEW | SIZED},
                }
            },
            id="a migration into a new cluster",
        ),
        pytest.param(
            {
                "migrationJob": {
                    "source": {"zillizCluster": {"clusterId": "a"}},
                    "target": {"clusterId": "b"},
                    "collections": [MOVED],
                }
            },
            id="a migration under new names",
        ),
    ],
)
def test_what_each_run_makes_anew_is_taken(template: Spec) -> None:
    (job,) = parsed({"name": "a"} | template).jobs
    assert job.field in template


def test_every_job_kind_can_be_scheduled() -> None:
    assert [resource.kind for resource in TEMPLATES.values()] == [resource.kind for resource in JOB_RESOURCES]


def test_a_template_has_no_defaults() -> None:
    """They would stand in the objects of a cluster and not in Git, a difference for ever."""

    def defaults(schema: Schema) -> int:
        below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
        return ("default" in schema) + sum(map(defaults, below))

    (version,) = crd(JOB_SCHEDULE)["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert defaults(spec["properties"]["jobs"]) == 0
    assert defaults(spec) > 0
