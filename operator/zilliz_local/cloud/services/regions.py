"""Cloud providers and regions (documented: List Cloud Providers, List Cloud Regions)."""

from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

CLOUDS = {"aws": "AWS", "gcp": "Google Cloud", "az": "Azure", "ali": "Alibaba Cloud", "tc": "Tencent Cloud"}
IDS = {"az": "azure"}
"""A provider's id where it is not the beginning of its regions' ids."""
DOMAIN = "api.cloud.zilliz.com"


@routes.on("GET", "/v2/clouds", "cloud.list")
def list_clouds(call: Call) -> object:
    """Every provider."""
    return [{"cloudId": IDS.get(prefix, prefix), "description": name} for prefix, name in CLOUDS.items()]


@routes.on("GET", "/v2/regions", "region.list")
def list_regions(call: Call) -> object:
    """The regions of one provider, or of all."""
    wanted = call.text("cloudId")
    used = {region for project in call.world.projects.values() for region in project.region_ids}
    used |= {cluster.fields.region_id for cluster in call.world.clusters.values()}
    rows = [{"cloudId": _cloud(region), "regionId": region, "domain": DOMAIN} for region in sorted(used)]
    return [row for row in rows if wanted in ("", row["cloudId"])]


def _cloud(region: str) -> str:
    prefix = region.partition("-")[0]
    return IDS.get(prefix, prefix)
