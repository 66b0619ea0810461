"""The Job of one run of the engine, and the Secret that its pod mounts. Pure.

The order is: the Job, suspended; then its Secret, which the Job owns; then the start. While it is suspended the
MigrationJob owns the Job, so what a crash leaves goes with the object; a run that has begun outlives it. The name is
made of the submission's token: a second creation is refused by Kubernetes, and what stands there can be told to be
this submission's (`belongs_to`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from zilliz_jobs.api.migrationengine import Worker
from zilliz_jobs.api.model import API_VERSION, GROUP

Body = dict[str, Any]

MANAGED_BY = {"app.kubernetes.io/managed-by": "zilliz-jobs-operator"}
KIND_LABEL, UID_LABEL = f"{GROUP}/kind", f"{GROUP}/object-uid"
TOKEN_LABEL, RUN_LABEL = f"{GROUP}/submission", f"{GROUP}/run"
WORKER_LABEL = f"{GROUP}/worker"
NAME_ANNOTATION = f"{GROUP}/object"
"""The object's name, which may be longer than a label."""

CONTAINER = "vts"
CONFIG_FOLDER = "/etc/vts"
CONFIG_FILE = "job.json"
ENGINE_FILES = ("run.sh", "seatunnel.yaml", "hazelcast.yaml", "log4j2.properties")

TTL_SECONDS = 3 * 24 * 3600
"""How long a finished Job stays where no operator removes it: over a weekend."""

GRACE_SECONDS = 60
"""The engine needs 5.5 s for its end after a SIGTERM (measured)."""

WORK_FOLDER, WORK_SIZE = "/tmp", "1Gi"  # noqa: S108 - a volume of the pod's own
USER = 65532
REQUESTS = {"cpu": "500m", "memory": "2Gi"}
MEMORY = "2Gi"


@dataclass(frozen=True)
class Owner:
    """The MigrationJob that a run belongs to."""

    namespace: str
    name: str
    uid: str


def job_name(token: str, run: int = 0) -> str:
    """Name of the Job and of its Secret; at most 63 characters for a token of up to 56."""
    return f"zmg-{token}-{run}".lower() if run else f"zmg-{token}".lower()


def is_job_name(text: str) -> bool:
    """Whether it is the name of a worker's Job; runs on a cluster of SeaTunnel have numbers. Pure."""
    return text.startswith("zmg-")


def worker_job(
    owner: Owner, token: str, run: int, *, image: str, pull_policy: str = "IfNotPresent", worker: Worker | None = None
) -> Body:
    """The Job, suspended, and owned by the MigrationJob until its start: deleting that must not end a run.

    `image`: of the chart alone. `worker`: what the spec says of the pod. Nothing in it is secret.
    """
    worker = worker or Worker()
    labels = _labels(owner, token, run)
    pod: Body = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image, pull_policy, worker)],
        "volumes": [
            {"name": "config", "secret": {"secretName": job_name(token, run), "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {"sizeLimit": WORK_SIZE}},
        ],
    }
    told = worker.wire()
    pod |= {name: told[name] for name in ("nodeSelector", "tolerations", "imagePullSecrets") if told.get(name)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(token, run),
            "namespace": owner.namespace,
            "labels": labels,
            "annotations": {NAME_ANNOTATION: owner.name},
            "ownerReferences": [
                {"apiVersion": API_VERSION, "kind": "MigrationJob", "name": owner.name, "uid": owner.uid}
            ],
        },
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "ttlSecondsAfterFinished": TTL_SECONDS,
            "podFailurePolicy": {
                "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            "template": {
                "metadata": {
                    "labels": labels | {WORKER_LABEL: "migration"},
                    "annotations": {NAME_ANNOTATION: owner.name},
                },
                "spec": pod,
            },
        },
    }


def config_secret(job: Body, text: str) -> Body:
    """The Secret with all files of the run; it goes with the Job. `job`: as Kubernetes answered its creation, so with
    its uid. `text`: what `render` made."""
    meta = job["metadata"]
    content = {CONFIG_FILE: text, **engine_files()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "immutable": True,
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": dict(meta["labels"]),
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": meta["name"],
                    "uid": meta["uid"],
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "data": {name: base64.b64encode(value.encode()).decode() for name, value in content.items()},
    }


def belongs_to(body: Body, owner: Owner, token: str, run: int) -> bool:
    """Whether a Job or Secret that stands under the name is of this very run, and not of somebody else."""
    labels = body["metadata"].get("labels") or {}
    wanted = _labels(owner, token, run)
    return all(labels.get(key) == value for key, value in wanted.items())


def is_owned_by(secret: Body, job: Body) -> bool:
    """Whether the Secret goes with exactly this Job."""
    owners = secret["metadata"].get("ownerReferences") or []
    return any(one.get("uid") == job["metadata"]["uid"] for one in owners)


@cache
def engine_files() -> Mapping[str, str]:
    """The files that are the same for all runs, by name."""
    folder = files(__package__) / "files"
    return {name: (folder / name).read_text(encoding="utf-8") for name in ENGINE_FILES}


def _labels(owner: Owner, token: str, run: int) -> dict[str, str]:
    return {
        **MANAGED_BY,
        KIND_LABEL: "migrationjob",
        UID_LABEL: owner.uid,
        TOKEN_LABEL: token.lower(),
        RUN_LABEL: str(run),
    }


def _container(image: str, pull_policy: str, worker: Worker) -> Body:
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": ["bash", f"{CONFIG_FOLDER}/run.sh"],
        "env": [
            {
                "name": "VTS_MEMORY_MIB",
                "valueFrom": {
                    "resourceFieldRef": {"containerName": CONTAINER, "resource": "limits.memory", "divisor": "1Mi"}
                },
            }
        ],
        "terminationMessagePolicy": "File",
        "resources": resources(worker),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": WORK_FOLDER},
        ],
    }


def resources(worker: Worker) -> Body:
    """What the pod asks for and may use. A memory limit is always there: the engine's heap is a part of it. Memory
    that is named once counts for both."""
    told = worker.resources.wire() if worker.resources else {}
    requests, limits = told.get("requests") or {}, told.get("limits") or {}
    memory = limits.get("memory") or requests.get("memory") or MEMORY
    cpu = {"cpu": limits["cpu"]} if "cpu" in limits else {}
    return {"requests": REQUESTS | cpu | {"memory": memory} | requests, "limits": {**limits, "memory": memory}}
