"""What a BackupJob may say, where no API server has checked it."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB, MAX_COPIES
from zilliz_jobs.api.parse import SpecError, parse_spec


def regions(*names: str) -> dict[str, Any]:
    return {"spec": {"clusterId": "in01", "crossRegionCopies": [{"regionId": name} for name in names]}}


def test_a_backup_is_copied_to_several_regions() -> None:
    spec = parse_spec(BACKUP_JOB, regions("aws-us-east-1", "aws-eu-west-1"))
    assert [copy.region_id for copy in spec.cross_region_copies] == ["aws-us-east-1", "aws-eu-west-1"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "b", "a"], "name each region of crossRegionCopies once"),
        ([], "crossRegionCopies"),
        ([f"r{n}" for n in range(MAX_COPIES + 1)], "crossRegionCopies"),
        ([""], "regionId"),
    ],
)
def test_a_list_that_means_nothing_or_the_same_twice_is_refused(names: list[str], words: str) -> None:
    """Two copies in one region could not be told apart in the result."""
    with pytest.raises(SpecError, match=words):
        parse_spec(BACKUP_JOB, regions(*names))
