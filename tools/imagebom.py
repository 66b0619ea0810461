"""The bill of materials of the image, of its base too, as CycloneDX: the Debian and Python packages in its files.

It is read from the image as a file (`make archive`, in the OCI layout), one bill for each platform, and no program of
the image runs for it. A base of another kind than Debian's is refused, rather than passed over.

python -m tools.imagebom IMAGE.oci.tar NAME-OF-THE-BILLS
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
DEBIAN = "var/lib/dpkg/status"


class BillError(Exception):
    """Why no bill can be made of this image, in a sentence."""


@dataclass(frozen=True)
class Archive:
    """An image in the OCI layout: blobs by their digests."""

    opened: tarfile.TarFile

    def read(self, name: str) -> bytes:
        """Raises BillError where there is no such file."""
        try:
            file = self.opened.extractfile(name)
        except KeyError:
            file = None
        if file is None:
            raise BillError(f"cannot read the image: its archive has no {name}")
        return file.read()

    def blob(self, digest: str) -> bytes:
        return self.read(f"blobs/{digest.replace(':', '/')}")

    def manifests(self, index: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Descriptors of the images of all platforms, through indexes of indexes."""
        for one in (index or json.loads(self.read("index.json")))["manifests"]:
            if one["mediaType"] in INDEXES:
                yield from self.manifests(json.loads(self.blob(one["digest"])))
            else:
                yield one


@dataclass
class Files:
    """Those files of an image that tell of packages, after all its layers."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def add(self, layer: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(layer)) as opened:
            for member in opened:
                name = member.name.removeprefix("./").lstrip("/")
                folder, _, base = name.rpartition("/")
                if base.startswith(".wh."):
                    self._remove(f"{folder}/" if base == ".wh..wh..opq" else f"{folder}/{base.removeprefix('.wh.')}")
                elif name == DEBIAN or (base == "METADATA" and folder.endswith(".dist-info")):
                    file = opened.extractfile(member)
                    self.texts[name] = file.read() if file else b""

    def _remove(self, gone: str) -> None:
        for name in [name for name in self.texts if name == gone or name.startswith(gone.rstrip("/") + "/")]:
            del self.texts[name]

    def components(self, architecture: str) -> list[dict[str, str]]:
        """Sorted, each once. Raises BillError where the base is not Debian's."""
        if DEBIAN not in self.texts:
            raise BillError(f"cannot tell the packages of the base: it has no /{DEBIAN}, as Debian's have")
        found = [*self._debian(architecture), *self._python()]
        return [dict(one) for one in sorted({tuple(sorted(each.items())) for each in found})]

    def _debian(self, architecture: str) -> Iterator[dict[str, str]]:
        for block in self.texts[DEBIAN].decode(errors="replace").strip().split("\n\n"):
            told = HeaderParser().parsestr(block)
            if told.get("Status", "").endswith(" installed"):
                arch = told.get("Architecture", architecture)
                tail = f"?arch={arch}"
                yield _component("deb/debian", str(told["Package"]), str(told["Version"]), tail)

    def _python(self) -> Iterator[dict[str, str]]:
        for name, text in self.texts.items():
            if name.endswith("/METADATA"):
                told = HeaderParser().parsestr(text.decode(errors="replace"))
                yield _component("pypi", str(told["Name"]), str(told["Version"]))


def _component(kind: str, name: str, version: str, tail: str = "") -> dict[str, str]:
    known = name.lower().replace("_", "-") if kind == "pypi" else name
    purl = f"pkg:{kind}/{quote(known)}@{quote(version, safe='')}{tail}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def bills(archive: Archive, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each platform, as `linux-amd64`, with its bill. The same image gives the same bill. Raises BillError."""
    for descriptor in archive.manifests():
        manifest = json.loads(archive.blob(descriptor["digest"]))
        config = json.loads(archive.blob(manifest["config"]["digest"]))
        files = Files()
        for layer in manifest["layers"]:
            files.add(archive.blob(layer["digest"]))
        labels = config.get("config", {}).get("Labels") or {}
        image = {
            "type": "container",
            "bom-ref": descriptor["digest"],
            "name": name,
            "version": labels.get("org.opencontainers.image.version", "unknown"),
            "hashes": [{"alg": "SHA-256", "content": descriptor["digest"].partition(":")[2]}],
        }
        yield (
            f"{config['os']}-{config['architecture']}",
            {
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, descriptor['digest'])}",
                "version": 1,
                "metadata": {"component": image},
                "components": files.components(config["architecture"]),
            },
        )


def main(image: str, target: str) -> int:
    try:
        with tarfile.open(image) as opened:
            for platform, bill in bills(Archive(opened), "zilliz-jobs-operator"):
                file = Path(f"{target}.{platform}.cdx.json")
                file.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
                print(file)
    except BillError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
