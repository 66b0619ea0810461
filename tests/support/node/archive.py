"""An image of one program, as an archive that containerd imports: what a pod's sandbox is made of."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_archive(target: Path, name: str, program: Path, command: list[str]) -> None:
    """The image `name` with nothing in it but `program`, at its own path, and started by `command`. The program must
    be linked statically. Layout: OCI image specification 1.0, with the name where containerd looks for it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        files.add(program.resolve(), arcname=str(program).lstrip("/"), filter=_of_root)
    blobs: dict[str, bytes] = {}

    def blob(kind: str, content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    files_ = blob("layer.v1.tar", layer.getvalue())
    about = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": command},
        "rootfs": {"type": "layers", "diff_ids": [files_["digest"]]},
    }
    config = blob("config.v1+json", json.dumps(about).encode())
    media = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "config": config, "layers": [files_]}
    listed = blob("manifest.v1+json", json.dumps(manifest).encode()) | {
        "annotations": {"io.containerd.image.name": name}
    }
    index = {"schemaVersion": 2, "manifests": [listed]}
    with tarfile.open(target, "w") as archive:
        _put(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _put(archive, "index.json", json.dumps(index).encode())
        for digest, content in blobs.items():
            _put(archive, f"blobs/sha256/{digest}", content)


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755
    return info


def _put(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))
