"""The quick start: what it applies fits together, and the simulator starts with just what its manifest says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from zilliz_jobs import __version__
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import KEY, MOVIES
from zilliz_local.cloud.__main__ import _parser

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "quickstart"
PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")


def manifests() -> list[dict[str, Any]]:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    return [
        body
        for name in kustomization["resources"]
        for body in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]


def one(kind: str) -> dict[str, Any]:
    (found,) = (body for body in manifests() if body["kind"] == kind)
    return found


def test_each_file_is_applied() -> None:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == there


def test_the_connection_leads_to_the_simulators_service_with_a_key_that_it_knows() -> None:
    namespace = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["namespace"]
    service, connection, secret = one("Service"), one("ZillizConnection"), one("Secret")
    endpoint = connection["spec"]["endpoint"]
    assert endpoint == f"http://{service['metadata']['name']}.{namespace}.svc", "the operator is in another namespace"
    assert [port["port"] for port in service["spec"]["ports"]] == [80]
    pod = one("Deployment")["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    (container,) = pod["spec"]["containers"]
    options = _parser().parse_args(container["args"])
    assert [port["containerPort"] for port in container["ports"]] == [options.port]
    assert options.host == "0.0.0.0"
    assert secret["stringData"]["apiKey"] in options.key
    assert KEY in options.key


def test_the_objects_are_such_that_their_schemas_take_them() -> None:
    resources = {resource.kind: resource for resource in RESOURCES}
    ours = [body for body in manifests() if body["kind"] in resources]
    assert {body["kind"] for body in ours} == {"ZillizConnection", "BackupJob", "JobSchedule"}
    for body in ours:
        parse_spec(resources[body["kind"]], body)
    assert one("BackupJob")["spec"]["clusterId"] == MOVIES


def test_the_images_are_those_that_are_built() -> None:
    """Of this version, and started in the same way by the image and by the manifest."""
    dockerfile = (FOLDER / "Dockerfile").read_text()
    (container,) = one("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"zilliz-jobs-simulator:{__version__}"
    assert f"ARG OPERATOR=zilliz-jobs-operator:{__version__}\n" in dockerfile
    assert f"ARG VERSION={__version__}\n" in dockerfile
    (command,) = re.findall(r"^CMD \[(.*)\]$", dockerfile, re.MULTILINE)
    given = [word.strip('" ') for word in command.split(",")]
    assert container["args"][: len(given)] == given
    assert f"zilliz-jobs-operator:{__version__} zilliz-jobs-simulator:{__version__}" in PAGE


def test_the_image_has_the_simulator_and_nothing_that_the_wheel_has_not() -> None:
    (copied,) = re.findall(r"^COPY (\S+) (\S+)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert copied == ("operator/zilliz_local", "/opt/zilliz-local/zilliz_local")
    kept = [line for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert kept == [f"!{copied[0]}"]


@pytest.mark.parametrize(
    "word", ["settings.allowHttpEndpoints=true", "kubectl apply -k deploy/quickstart", "InsecureEndpoint"]
)
def test_the_page_says_how_an_address_without_tls_is_allowed(word: str) -> None:
    assert word in PAGE
