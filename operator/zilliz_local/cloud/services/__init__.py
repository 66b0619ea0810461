"""The endpoints of the cloud, one file per thing. A new job type is a new file and one line here."""

from zilliz_local.cloud.routes import Routes

from . import (
    backup_policy,
    backups,
    clones,
    clusters,
    commits,
    console,
    data_collections,
    data_entities,
    exports,
    imports,
    imports_v1,
    jobs,
    labels,
    migrations,
    migrations_console,
    projects,
    regions,
    restores,
    samples,
    scaling,
    volumes,
)

PUBLIC = Routes(
    projects.routes,
    regions.routes,
    volumes.routes,
    clusters.routes,
    labels.routes,
    scaling.routes,
    jobs.routes,
    backup_policy.routes,  # before the backup that would have this name
    backups.routes,
    restores.routes,
    exports.routes,
    migrations.routes,
    imports.routes,
    commits.routes,
    imports_v1.routes,
    console.routes,
    migrations_console.routes,
    clones.routes,
    samples.routes,
    data_collections.routes,
    data_entities.routes,
)
