"""What the bill of the image leaves out, no scanner warns of."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tools.imagebom import Archive, BillError, bills

STATUS = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12+deb13u1\n\n\
Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
SITE = "opt/zilliz-jobs/lib/python3.13/site-packages"


def packed(files: dict[str, str]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return written.getvalue()


def image(folder: Path, *layers: dict[str, str], nested: bool = False) -> Path:
    """An image in the OCI layout with these layers; `nested`: below an index, as one of several platforms is."""
    blobs: dict[str, bytes] = {}

    def put(content: bytes, media: str = "") -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    config = put(json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": None}}).encode())
    below = [put(gzip.compress(packed(layer))) for layer in layers]
    manifest = put(
        json.dumps({"config": config, "layers": below}).encode(), "application/vnd.oci.image.manifest.v1+json"
    )
    if nested:
        manifest = put(json.dumps({"manifests": [manifest]}).encode(), "application/vnd.oci.image.index.v1+json")
    file = folder / "image.tar"
    with tarfile.open(file, "w") as archive:
        blobs["index.json"] = json.dumps({"manifests": [manifest]}).encode()
        for name, content in blobs.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def listed(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as opened:
        ((platform, bill),) = bills(Archive(opened), "it")
        assert [(platform, bill)] == [*bills(Archive(opened), "it")], "the same image, the same bill"
    assert platform == "linux-amd64"
    return bill


@pytest.mark.parametrize("nested", [False, True], ids=["of one platform", "of several"])
def test_packages_of_the_base_and_of_python_are_in_it(tmp_path: Path, nested: bool) -> None:
    kopf = {f"./{SITE}/kopf-1.45.2.dist-info/METADATA": "Name: kopf\nVersion: 1.45.2\n\nName: no header\n"}
    bill = listed(image(tmp_path, {"var/lib/dpkg/status": STATUS}, kopf, nested=nested))
    assert [one["purl"] for one in bill["components"]] == [
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "pkg:pypi/kopf@1.45.2",
    ]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["type"] == "container"


def test_what_a_later_layer_took_away_or_replaced_is_not(tmp_path: Path) -> None:
    older = {
        f"{SITE}/a-1.dist-info/METADATA": "Name: a\nVersion: 1\n",
        f"{SITE}/b-1.dist-info/METADATA": "Name: b\nVersion: 1\n",
    }
    newer = {f"{SITE}/.wh.a-1.dist-info": "", f"{SITE}/b-1.dist-info/METADATA": "Name: b\nVersion: 2\n"}
    bill = listed(image(tmp_path, {"var/lib/dpkg/status": STATUS} | older, newer))
    assert [one["purl"] for one in bill["components"] if "pypi" in one["purl"]] == ["pkg:pypi/b@2"]


def test_a_base_whose_packages_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A bill without them would look complete."""
    with pytest.raises(BillError, match="cannot tell the packages of the base"):
        listed(image(tmp_path, {f"{SITE}/a-1.dist-info/METADATA": "Name: a\nVersion: 1\n"}))
