"""kubectl against both servers: each command that the documentation tells users to type."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client import Client
from tests.contract.widget import CRD, NAME, widget
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.binaries import find_kubectl

READY = {"observedGeneration": 9, "conditions": [{"type": "Ready", "status": "True", "reason": "Tested"}]}


@dataclass(frozen=True)
class Kubectl:
    """kubectl with one server and a namespace of the test's own."""

    environment: dict[str, str]
    namespace: str

    async def run(self, *words: str, stdin: Any = None, fails: bool = False) -> str:
        """What the command prints, with its errors."""
        process = await self.start(*words)
        said, _ = await asyncio.wait_for(process.communicate(json.dumps(stdin).encode() if stdin else None), 60)
        assert bool(process.returncode) == fails, f"kubectl {' '.join(words)}: {said.decode()}"
        return said.decode()

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            find_kubectl(),
            *words,
            *([] if "-n" in words else ["-n", self.namespace]),
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def apply(self, body: Any, *words: str) -> str:
        return await self.run("apply", "-f", "-", *words, stdin=body)


def environment(folder: Path, kubeconfig: Path) -> dict[str, str]:
    cleaned = {key: value for key, value in os.environ.items() if not key.startswith("KUBE")}
    return {**cleaned, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(folder / "cache"), "KUBERC": "off"}


@pytest.fixture(scope="module")
def discovered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What kubectl remembers of the real server: it need not be asked anew for each test."""
    return tmp_path_factory.mktemp("kubectl")


@pytest.fixture
def kubectl(request: pytest.FixtureRequest, server: Client, tmp_path: Path, discovered: Path) -> Kubectl:
    if server.real:
        plane: ControlPlane = request.getfixturevalue("real_with_widgets")
        return Kubectl(environment(discovered, plane.kubeconfig), server.namespace)
    (tmp_path / "kubeconfig").write_text(json.dumps(server.kubeconfig()))
    return Kubectl(environment(tmp_path, tmp_path / "kubeconfig"), server.namespace)


@pytest.fixture
async def made(kubectl: Kubectl, server: Client) -> Kubectl:
    """With one widget, which is ready."""
    await server.create(server.widgets(), widget())
    (await server.merge(server.widgets("one", "status"), {"status": READY})).ok()
    return kubectl


async def test_apply_is_client_side_and_says_what_it_did(kubectl: Kubectl) -> None:
    assert await kubectl.apply(widget()) == "widget.contract.test/one created\n"
    assert await kubectl.apply(widget()) == "widget.contract.test/one unchanged\n"
    assert await kubectl.apply(widget(size=5, tags={"a": "b"})) == "widget.contract.test/one configured\n"
    assert await kubectl.apply(widget(size=5)) == "widget.contract.test/one configured\n"
    assert "tags" not in json.loads(await kubectl.run("get", "widget", "one", "-o", "json"))["spec"]
    assert await kubectl.run("diff", "-f", "-", stdin=widget(size=5)) == ""


async def test_apply_of_core_kinds(kubectl: Kubectl) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    assert await kubectl.apply(secret) == "secret/s created\n"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}
    assert await kubectl.apply(config) == "configmap/c created\n"
    config["data"] = {"a": "3"}
    assert await kubectl.apply(config) == "configmap/c configured\n"
    assert await kubectl.run("get", "cm", "c", "-o", "jsonpath={.data}") == '{"a":"3"}'


async def test_apply_refuses_unknown_fields_unless_told_otherwise(kubectl: Kubectl) -> None:
    said = await kubectl.run("apply", "-f", "-", "--validate=strict", stdin=widget(bogus=1), fails=True)
    assert 'unknown field "spec.bogus"' in said
    assert 'Warning: unknown field "spec.bogus"' in await kubectl.apply(widget(bogus=1), "--validate=warn")
    assert "Warning" not in await kubectl.apply(widget(bogus=2), "--validate=ignore")


async def test_an_invalid_object_is_refused_with_the_field(kubectl: Kubectl) -> None:
    said = await kubectl.run("apply", "-f", "-", stdin=widget(size=99), fails=True)
    assert 'The Widget "one" is invalid: spec.size: Invalid value: 99: spec.size in body should be less than' in said


async def test_a_dry_run_on_the_server_stores_nothing(kubectl: Kubectl) -> None:
    said = await kubectl.apply(widget(), "--dry-run=server")
    assert said == "widget.contract.test/one created (server dry run)\n"
    assert "NotFound" in await kubectl.run("get", "widget", "one", fails=True)


async def test_create_of_core_kinds_from_the_command_line(kubectl: Kubectl) -> None:
    assert await kubectl.run("create", "secret", "generic", "s", "--from-literal=key=value") == "secret/s created\n"
    assert await kubectl.run("get", "secret", "s", "-o", "jsonpath={.data.key}") == "dmFsdWU="
    assert await kubectl.run("create", "configmap", "c", "--from-literal=key=value") == "configmap/c created\n"
    assert await kubectl.run("get", "configmap", "c", "-o", "jsonpath={.data.key}") == "value"
    assert await kubectl.run("create", "serviceaccount", "sa") == "serviceaccount/sa created\n"
    assert "already exists" in await kubectl.run("create", "secret", "generic", "s", fails=True)


async def test_get_in_every_form(made: Kubectl) -> None:
    header, row = (await made.run("get", "widgets")).splitlines()
    assert header.split() == ["NAME", "COLOUR", "READY", "AGE"]
    assert row.split()[:3] == ["one", "red", "True"]
    wide, row = (await made.run("get", "wd", "one", "-o", "wide")).splitlines()
    assert wide.split() == ["NAME", "COLOUR", "READY", "SIZE", "AGE"]
    assert row.split()[3] == "3"
    assert await made.run("get", "widgets.contract.test", "-o", "name") == "widget.contract.test/one\n"
    assert await made.run("get", "wd", "one", "-o", "jsonpath={.spec.colour}") == "red"
    assert "colour: red" in await made.run("get", "wd", "one", "-o", "yaml")
    assert json.loads(await made.run("get", "wd", "-o", "json"))["kind"] == "List"
    assert await made.run("get", "wd", "-l", "a=b") == f"No resources found in {made.namespace} namespace.\n"
    assert (await made.run("get", "wd", "--field-selector", "spec.colour=red", "--no-headers")).startswith("one")
    custom = await made.run(
        "get", "wd", "-o", "custom-columns=N:.metadata.name,C:.spec.colour", "--sort-by=.spec.size"
    )
    assert custom.split() == ["N", "C", "one", "red"]


async def test_get_by_category(made: Kubectl) -> None:
    assert (await made.run("get", "contract")).splitlines()[1].split()[:2] == ["one", "red"]
    assert (await made.run("get", "contract", "-A")).split()[0] == "NAMESPACE"


async def test_get_watches(made: Kubectl) -> None:
    process = await made.start("get", "wd", "-w")
    assert process.stdout
    async with asyncio.timeout(30):
        header, row = [(await process.stdout.readline()).decode().split() for _ in range(2)]
        assert (header[0], row[0]) == ("NAME", "one")
        await made.run("label", "wd", "one", "seen=yes")
        assert (await process.stdout.readline()).decode().split()[:2] == ["one", "red"]
    process.terminate()
    await process.communicate()


async def test_annotate_label_and_patch(made: Kubectl) -> None:
    assert await made.run("annotate", "wd", "one", "a=b") == "widget.contract.test/one annotated\n"
    assert await made.run("annotate", "wd", "one", "a-") == "widget.contract.test/one annotated\n"
    assert await made.run("label", "wd", "one", "l=m") == "widget.contract.test/one labeled\n"
    assert "already has a value" in await made.run("label", "wd", "one", "l=n", fails=True)
    assert await made.run("label", "wd", "one", "l=n", "--overwrite") == "widget.contract.test/one labeled\n"
    done = "widget.contract.test/one patched\n"
    assert await made.run("patch", "wd", "one", "--type=merge", "-p", '{"spec":{"size":5}}') == done
    steps = '[{"op":"replace","path":"/spec/size","value":6}]'
    assert await made.run("patch", "wd", "one", "--type=json", "-p", steps) == done
    assert await made.run("get", "wd", "one", "-o", "jsonpath={.spec.size}{.metadata.labels.l}") == "6n"


async def test_replace_and_edit(made: Kubectl) -> None:
    body = json.loads(await made.run("get", "wd", "one", "-o", "json"))
    body["spec"]["size"] = 8
    assert await made.run("replace", "-f", "-", stdin=body) == "widget.contract.test/one replaced\n"
    assert "Conflict" in await made.run("replace", "-f", "-", stdin=body, fails=True)


async def test_describe_shows_fields_and_events(made: Kubectl) -> None:
    body = json.loads(await made.run("get", "wd", "one", "-o", "json"))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": made.namespace},
        "involvedObject": {
            "apiVersion": "contract.test/v1",
            "kind": "Widget",
            "name": "one",
            "namespace": made.namespace,
            "uid": body["metadata"]["uid"],
        },
        "reason": "Painted",
        "message": "it is red",
        "type": "Normal",
        "source": {"component": "painter"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
    }
    await made.run("create", "-f", "-", stdin=event)
    said = await made.run("describe", "wd", "one")
    assert "Colour:  red" in said
    assert "it is red" in said
    assert "painter" in said
    listed = await made.run("get", "events")
    assert listed.split()[:6] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "widget/one" in listed
    assert "Painted" in await made.run("events", "--for", "widget/one")
    await made.run("create", "secret", "generic", "s", "--from-literal=key=value")
    assert "key:  5 bytes" in await made.run("describe", "secret", "s")


async def test_wait_for_conditions_values_and_deletion(made: Kubectl) -> None:
    met = "widget.contract.test/one condition met\n"
    assert await made.run("wait", "wd/one", "--for=condition=Ready", "--timeout=20s") == met
    assert await made.run("wait", "wd/one", "--for=jsonpath={.spec.size}=3", "--timeout=20s") == met
    assert await made.run("wait", "wd/one", "--for=create", "--timeout=20s") == met
    waiting = await made.start("wait", "wd/one", "--for=jsonpath={.spec.size}=4", "--timeout=20s")
    await made.run("patch", "wd", "one", "--type=merge", "-p", '{"spec":{"size":4}}')
    assert (await waiting.communicate())[0].decode() == met
    said = await made.run("wait", "wd/one", "--for=condition=Gone", "--timeout=0.1s", fails=True)
    assert "timed out waiting for the condition" in said
    assert "timed out" in await made.run("wait", "wd/one", "--for=delete", "--timeout=0.1s", fails=True)
    waiting = await made.start("wait", "wd/one", "--for=delete", "--timeout=20s")
    await made.run("delete", "wd", "one")
    # kubectl says nothing when the object was gone before it looked.
    assert (await waiting.communicate())[0].decode() in (met, "")
    assert waiting.returncode == 0


async def test_delete_waits_for_finalizers(made: Kubectl) -> None:
    hold = {"metadata": {"finalizers": ["contract.test/hold"]}}
    await made.run("patch", "wd", "one", "--type=merge", "-p", json.dumps(hold))
    assert "deleted" in await made.run("delete", "wd", "one", "--wait=false")
    assert "timed out" in await made.run("delete", "wd", "one", "--timeout=0.2s", fails=True)
    waiting = await made.start("delete", "wd", "one", "--cascade=foreground")
    await made.run("patch", "wd", "one", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    said, _ = await waiting.communicate()
    assert "deleted" in said.decode() or "NotFound" in said.decode()
    assert "NotFound" in await made.run("get", "wd", "one", fails=True)


async def test_delete_all_and_by_selector(made: Kubectl) -> None:
    await made.apply(widget("two", meta={"labels": {"a": "b"}}))
    assert (await made.run("delete", "wd", "-l", "a=b")).startswith('widget.contract.test "two" deleted')
    assert (await made.run("delete", "wd", "--all")).startswith('widget.contract.test "one" deleted')
    assert await made.run("delete", "wd", "one", "--ignore-not-found") == ""


async def test_explain_reads_the_schema(kubectl: Kubectl) -> None:
    said = await kubectl.run("explain", "widget.spec")
    assert "What the widget should be." in said
    assert "colour\t<string> -required-\n  enum: red, green, blue\n    The paint." in said
    assert "parts\t<[]Object>" in said
    assert "GROUP:      contract.test" in said
    assert "observedGeneration\t<integer>" in await kubectl.run("explain", "wd", "--recursive")
    assert "KIND:       Secret" in await kubectl.run("explain", "secret.stringData")


async def test_discovery_commands(kubectl: Kubectl) -> None:
    resources = await kubectl.run("api-resources", "--api-group=contract.test", "-o", "wide", "--no-headers")
    assert resources.split()[:5] == ["widgets", "wd", "contract.test/v1", "true", "Widget"]
    assert "contract.test/v1" in (await kubectl.run("api-versions")).split()
    assert "Server Version: v1." in await kubectl.run("version")
    assert "ok" in await kubectl.run("get", "--raw", "/readyz")


async def test_a_definition_is_applied_waited_for_and_shown(kubectl: Kubectl) -> None:
    assert "customresourcedefinition.apiextensions.k8s.io/" in await kubectl.apply(CRD)
    met = f"customresourcedefinition.apiextensions.k8s.io/{NAME} condition met\n"
    assert await kubectl.run("wait", f"crd/{NAME}", "--for=condition=Established", "--timeout=20s") == met
    header, row = (await kubectl.run("get", "crd", NAME)).splitlines()
    assert header.split() == ["NAME", "SCOPE", "VERSIONS", "CREATED", "AT"]
    assert row.split()[:3] == [NAME, "Namespaced", "v1(storage)"]


async def test_a_namespace_is_made_and_deleted(kubectl: Kubectl) -> None:
    name = f"{kubectl.namespace}-two"
    assert await kubectl.run("create", "namespace", name) == f"namespace/{name} created\n"
    assert (await kubectl.run("get", "ns", name)).split()[:5] == ["NAME", "STATUS", "AGE", name, "Active"]
    assert (await kubectl.run("delete", "namespace", name)).endswith(f'namespace "{name}" deleted\n')
    assert "NotFound" in await kubectl.run("get", "namespace", name, fails=True)


async def test_server_side_apply_works_or_is_refused_with_the_way_out(
    kubectl: Kubectl, request: pytest.FixtureRequest
) -> None:
    real = "real" in request.node.name
    said = await kubectl.run("apply", "--server-side", "-f", "-", stdin=widget(), fails=not real)
    assert ("serverside-applied" if real else "use client-side apply") in said
