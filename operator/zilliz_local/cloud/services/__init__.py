"""The endpoints of the cloud, one file per thing. A new job type is a new file and one line here."""

from zilliz_local.cloud.routes import Routes

from . import backups, clusters, console, imports, imports_v1, jobs, projects

PUBLIC = Routes(
    projects.routes,
    clusters.routes,
    jobs.routes,
    backups.routes,
    imports.routes,
    imports_v1.routes,
    console.routes,
)
