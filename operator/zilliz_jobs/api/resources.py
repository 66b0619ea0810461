"""All kinds of the API group, in the order in which pages and files list them."""

from __future__ import annotations

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resource import Resource

RESOURCES: tuple[Resource, ...] = (ZILLIZ_CONNECTION, *JOB_RESOURCES, JOB_CENTER, PROJECT_JOB, JOB_SCHEDULE)
