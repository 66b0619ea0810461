"""Files that carry credentials: the service-account key, the token file, kubeconfigs."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

# A SEQUENCE of version 1, a private key of 32 bytes (which follows) and the name of the curve P-256.
_SEC1_HEAD = bytes.fromhex("30310201010420")
_SEC1_CURVE = bytes.fromhex("a00a06082a8648ce3d030107")


def private_key_pem() -> str:
    """Make a P-256 private key in PEM, without a cryptography library or openssl on the machine.

    Such a key is any number below the order of the curve: fixed leading bits keep it in range, which is
    good enough for a key that signs test tokens. Its public half is left out: Kubernetes computes it.
    """
    number = (secrets.randbits(255) | 1).to_bytes(32, "big")
    body = base64.b64encode(_SEC1_HEAD + number + _SEC1_CURVE).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""])


def write_private(path: Path, text: str) -> Path:
    """Write a file that only this user reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


def write_kubeconfig(path: Path, *, url: str, ca: str, user: str, token: str, namespace: str) -> Path:
    """Write a kubeconfig; its JSON is YAML too, and the certificate is inside so that it can be moved."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "clusters": [
            {
                "name": "controlplane",
                "cluster": {
                    "server": url,
                    "certificate-authority-data": base64.b64encode(ca.encode()).decode(),
                },
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": user, "context": {"cluster": "controlplane", "user": user, "namespace": namespace}}],
    }
    return write_private(path, json.dumps(config, indent=2))


def last_certificate(pem: str) -> str:
    """Return the last certificate of a chain: kube-apiserver writes its own one and then its authority."""
    begin = "-----BEGIN CERTIFICATE-----"
    return begin + pem.rsplit(begin, 1)[1] if begin in pem else ""
