"""The policy of a cluster's automatic backups (documented: Get, Set Backup Policy). It is kept and not acted on."""

import re

from zilliz_local.cloud.answers import bad_request
from zilliz_local.cloud.bodies import sections, whole
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

POLICY = "/v2/clusters/{clusterId}/backups/policy"
MOST_DAYS = 30
OFF: dict[str, object] = {
    "status": "DISABLED", "startTime": None, "frequency": None, "retentionDays": 0, "crossRegionCopies": [],
}  # fmt: skip


@routes.on("GET", POLICY, "backup_policy.get")
def get_policy(call: Call) -> object:
    """The policy; null and 0 where it is off."""
    cluster = call.cluster(call.path["clusterId"])
    return {"clusterId": cluster.cluster_id} | (cluster.backup_policy or OFF)


@routes.on("POST", POLICY, "backup_policy.set", kind="policy")
def set_policy(call: Call) -> object:
    """Turn automatic backups on or off."""
    cluster, enabled = call.cluster(call.path["clusterId"]), call.given.get("enabled")
    if not isinstance(enabled, bool):
        raise bad_request("enabled must be true or false")
    cluster.backup_policy = _policy(call) if enabled else {}
    call.effect("policy", clusterId=cluster.cluster_id)
    return {"clusterId": cluster.cluster_id, "status": "ENABLED" if enabled else "DISABLED"}


def _policy(call: Call) -> dict[str, object]:
    frequency, hours = call.text("frequency"), call.text("startTime")
    if not re.fullmatch(r"[1-7](,[1-7])*", frequency):
        raise bad_request("frequency must name days from 1 (Monday) to 7")
    if not re.fullmatch(r"\d\d:00-\d\d:00", hours):
        raise bad_request("startTime must be two hours, such as 02:00-04:00")
    copies = [
        {
            "regionId": str(copy.get("regionId", "")),
            "retentionDays": whole(copy, "retentionDays", MOST_DAYS),
            "region": str(copy.get("regionId", "")).partition("-")[2],
        }
        for copy in sections(call.given, "crossRegionCopies")
    ]
    return {
        "status": "ENABLED",
        "startTime": hours,
        "frequency": frequency,
        "retentionDays": whole(call.given, "retentionDays", MOST_DAYS),
        "crossRegionCopies": copies,
    }
