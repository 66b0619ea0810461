"""`python -m zilliz_local.kube`: what the quick start runs."""

from __future__ import annotations

import asyncio
import signal
import stat
import sys
from pathlib import Path

import aiohttp
import pytest
import yaml
from tests.contract.widget import CRD, NAME


async def start(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "zilliz_local.kube", *words),
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "operator"), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "widget.yaml").write_text(yaml.safe_dump(CRD))
    config, url_file = tmp_path / "out" / "kubeconfig", tmp_path / "url"
    process = await start(
        "--kubeconfig", str(config), "--url-file", str(url_file), "--crds", str(tmp_path / "crds"), "--token", "t"
    )
    assert process.stdout
    assert process.stderr
    url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    assert url.startswith("http://127.0.0.1:")
    assert "no CEL rules, no RBAC" in (await process.stderr.readline()).decode()
    assert url_file.read_text() == f"{url}\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    found = yaml.safe_load(config.read_text())
    assert found["clusters"][0]["cluster"] == {"server": url}
    headers = {"Authorization": f"Bearer {found['users'][0]['user']['token']}"}
    path = f"{url}/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{NAME}"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(path) as response:
        assert response.status == 200
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert not config.exists()
    assert not url_file.exists()


@pytest.mark.parametrize("words", [("--host", "0.0.0.0"), ("--crds", "/nowhere.yaml")], ids=["public", "no file"])
async def test_it_says_why_it_cannot_start(words: tuple[str, ...]) -> None:
    process = await start(*words)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert err.decode().startswith("cannot start: ")
    assert err.decode().count("\n") == 1
