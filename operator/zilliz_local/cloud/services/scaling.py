"""Scaling: fixed sizes, dynamic and scheduled (documented; no jobId in the answer).

RUNNING -> MODIFYING -> RUNNING, and nothing else may be done meanwhile. Each call replaces the rules of both
dimensions (seen in the vendor's Terraform provider); dynamic scaling brings a size outside its limits into them
(inferred).
"""

from zilliz_local.cloud.answers import BAD_REQUEST, UNEXPECTED, Problem, bad_request
from zilliz_local.cloud.bodies import Body, section, sections, whole
from zilliz_local.cloud.clusters import Change, Cluster
from zilliz_local.cloud.jobs import SCALE_CU, SCALE_REPLICA
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

MOST = {"cu": 1024, "replica": 10}
MOST_REPLICAS_ALONE = 8
FIXED = {"cu": "cuSize", "replica": "replica"}


@routes.on("POST", "/v2/clusters/{clusterId}/modify", "cluster.modify", kind="modify")
def modify(call: Call) -> object:
    """Scale to a size or replica count, or set dynamic or scheduled scaling."""
    if "replica" in call.given and len(call.given) == 1 and not call.world.behaviour.modify_takes_replica:
        raise Problem(UNEXPECTED, "Internal server error", http=500)
    return _modify(call, {"cu": MOST["cu"], "replica": MOST["replica"]})


@routes.on("POST", "/v2/clusters/{clusterId}/modifyReplica", "cluster.modify_replica", kind="modify")
def modify_replica(call: Call) -> object:
    """The same for replicas alone."""
    return _modify(call, {"replica": MOST_REPLICAS_ALONE})


def _modify(call: Call, most: dict[str, int]) -> object:
    cluster = call.cluster(call.path["clusterId"])
    fixed = {part: whole(call.given, FIXED[part], limit) for part, limit in most.items()}
    given = section(call.given, "autoscaling")
    automatic = {part: _rule(section(given, part), part) for part in MOST if given.get(part)}
    if automatic and any(fixed.values()) and call.world.behaviour.size_excludes_rules:
        raise Problem(BAD_REQUEST, "cuSize and autoscaling cannot be set at the same time", http=400)
    for part in [one for one in automatic if one in most]:
        if fixed[part]:
            raise bad_request(f"{FIXED[part]} and autoscaling.{part} exclude each other")
    if not call.world.behaviour.schedule_time_zones:
        automatic = {part: _without_zones(rule) for part, rule in automatic.items()}
    sizes = {part: size for part, size in fixed.items() if size}
    if not (sizes or automatic):
        raise Problem(1801, "Nothing to modify: give cuSize, replica or autoscaling")
    cluster.require_status("RUNNING", "modify")
    return scale(call, cluster, sizes, automatic)


def scale(call: Call, cluster: Cluster, sizes: dict[str, int], automatic: dict[str, Body]) -> object:
    """Begin to scale; sizes and rules by part, "cu" and "replica". One job for each part, all equally long."""
    before = cluster.autoscaling
    by_itself = call.client == "autoscaler"
    kept = before if by_itself or not call.world.behaviour.autoscaling_replaced else {}
    rules = {part: rule for part, rule in kept.items() if by_itself or part not in sizes} | automatic
    now = {"cu": cluster.fields.cu_size, "replica": cluster.fields.replica}
    wanted = {part: _within(now[part], rule) for part, rule in automatic.items()} | sizes
    then = now | wanted
    if then["cu"] * then["replica"] > MOST["cu"]:
        raise bad_request(f"cuSize x replica must not exceed {MOST['cu']}")
    changed = {part for part in wanted if part in sizes or rules[part] != before.get(part)} or set(wanted)
    first, *_ = [
        call.start_job(job_type, cluster)
        for part, job_type in (("cu", SCALE_CU), ("replica", SCALE_REPLICA))
        if part in changed
    ]
    cluster.begin(
        Change(
            first, "MODIFYING", cu_size=wanted.get("cu"), replica=wanted.get("replica"), autoscaling=dict(rules),
            autoscaling_before=before,
        ),
        call.now,
    )  # fmt: skip
    call.effect("modify", job_id=first.job_id, clusterId=cluster.cluster_id)
    return {"clusterId": cluster.cluster_id, "prompt": f"Submitted: the cluster is now {cluster.status}."}


def _rule(given: Body, part: str) -> Body:
    """Dynamic {min, max} or scheduled {schedules}, as it was sent."""
    where, schedules = f"autoscaling.{part}", sections(given, "schedules")
    low, high = whole(given, "min", MOST[part]), whole(given, "max", MOST[part])
    if schedules and (low or high):
        raise bad_request(f"{where}: min and max exclude schedules")
    for schedule in schedules:
        if not schedule.get("cron") or not whole(schedule, "target", MOST[part]):
            raise bad_request(f"{where}.schedules: each needs cron and target")
    if not schedules and (low is None or high is None or low > high):
        raise bad_request(f"{where} must have schedules, or min and max in this order")
    return given


def _without_zones(rule: Body) -> Body:
    rows = [{name: value for name, value in row.items() if name != "timezone"} for row in sections(rule, "schedules")]
    return rule | {"schedules": rows} if rows else rule


def _within(size: int, rule: Body) -> int:
    if "schedules" in rule:
        return size
    return min(max(size, int(str(rule["min"]))), int(str(rule["max"])))


def echo(cluster: Cluster, *, normalised: bool) -> dict[str, object]:
    """`autoscaling` in the describe answer."""
    if not normalised:
        return cluster.autoscaling
    told: dict[str, object] = {}
    for part in MOST:
        rule = section(cluster.autoscaling, part)
        told[part] = {
            "min": rule.get("min"),
            "max": rule.get("max"),
            "schedules": [
                {
                    "cron": " ".join(str(schedule["cron"]).split()),
                    "target": schedule["target"],
                    "timezone": schedule.get("timezone") or "UTC",
                }
                for schedule in sections(rule, "schedules")
            ],
        }
    return told
