"""A job from flags is the job that a manifest would have made, for every kind and every field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from zilliz_jobs.cli.kubectl.app import command
from zilliz_jobs.cli.kubectl.manifest import Flag, flags_of
from zilliz_jobs.kinds import JOB_KINDS

EXAMPLES = Path(__file__).parents[4] / "examples"
KINDS = {kind.resource.kind: kind for kind in JOB_KINDS}


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        yield from (
            one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one and one["kind"] in KINDS
        )


def words(manifest: dict[str, Any], *, short: bool) -> list[str]:
    """The command line that stands for the manifest. `short`: with the shorter names."""
    found = [manifest["kind"].removesuffix("Job").lower(), manifest["metadata"]["name"]]
    for flag in flags_of(KINDS[manifest["kind"]].resource):
        value: Any = manifest["spec"]
        for part in flag.path:
            value = value.get(part) if isinstance(value, dict) else None
        for one in (value if flag.repeats else [value]) if value is not None else []:
            text = one if isinstance(one, str) else json.dumps(one)
            found.append(f"{flag.names[-1 if short else 0]}={text}")
    return found


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("manifest", list(manifests()), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_every_example_can_be_typed(
    manifest: dict[str, Any], short: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    code = command(["create", *words(manifest, short=short), "--dry-run=client", "-o", "yaml"])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    made = yaml.safe_load(printed.out)
    assert made["spec"] == manifest["spec"]
    assert (made["kind"], made["metadata"]) == (manifest["kind"], {"name": manifest["metadata"]["name"]})


def test_there_is_an_example_of_every_kind() -> None:
    assert {one["kind"] for one in manifests()} == set(KINDS)


@pytest.mark.parametrize("kind", JOB_KINDS, ids=lambda kind: kind.resource.kind)
def test_a_flag_stands_for_one_field_and_says_what_it_is(kind: Any) -> None:
    flags: tuple[Flag, ...] = flags_of(kind.resource)
    names = Counter(name for flag in flags for name in flag.names)
    assert max(names.values()) == 1, [name for name, times in names.items() if times > 1]
    assert not names.keys() & {"--namespace", "--wait", "--timeout", "--output", "--dry-run", "--name", "--context"}
    assert all(flag.help for flag in flags)


@pytest.mark.parametrize("kind", JOB_KINDS, ids=lambda kind: kind.resource.kind)
def test_each_kind_has_a_help(kind: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command(["create", kind.resource.singular, "--help"])
    assert left.value.code == 0
    assert "what the job does:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import x --cluster-id c", "spec.collection: Field required"),
        ("import x --cluster-id c --collection f --urls s3://a/b --volume-name v --paths p", "exactly one source"),
        ("backup x --cluster-id c --retry-policy-limit three", "--retry-policy-limit: 'three' is no integer"),
        ("backup x --cluster-id c --suspend=maybe", "write true or false"),
        ("backup x --cluster-id c --cross-region-copies eu", "write it as YAML"),
        ("backup x --cluster-id c --deletion-policy Forget", "invalid choice: 'Forget'"),
        ("backup x --cluster c", "unrecognized arguments: --cluster"),
        ("backup", "required: NAME"),
        ("snapshot x", "there is no kind of job 'snapshot'"),
    ],
)
def test_what_no_server_would_take_is_told_before_one_is_asked(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["create", *line.split(), "--kubeconfig=/nowhere"]) == 5
    assert said in capsys.readouterr().err
