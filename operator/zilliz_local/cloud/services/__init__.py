"""The endpoints of the cloud, one file per thing. A new job type is a new file and one line here."""

from zilliz_local.cloud.routes import Routes

from . import (
    backups,
    clones,
    clusters,
    console,
    data_collections,
    data_entities,
    exports,
    imports,
    imports_v1,
    jobs,
    migrations,
    migrations_console,
    projects,
    restores,
    samples,
    scaling,
)

PUBLIC = Routes(
    projects.routes,
    clusters.routes,
    scaling.routes,
    jobs.routes,
    backups.routes,
    restores.routes,
    exports.routes,
    migrations.routes,
    imports.routes,
    imports_v1.routes,
    console.routes,
    migrations_console.routes,
    clones.routes,
    samples.routes,
    data_collections.routes,
    data_entities.routes,
)
