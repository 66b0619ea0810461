"""What a release meets where it is published and installed: a registry, a client of registries, and cosign."""

from __future__ import annotations

from pathlib import Path

from tests.support.gobinary import GoProgram

HERE = Path(__file__).parent
SOURCES = ("go.mod", "go.sum")
REGISTRY = GoProgram(
    name="registry",
    folder=HERE / "registry",
    package="github.com/distribution/distribution/v3/cmd/registry",
    files=SOURCES,
    takes="two minutes",
)
CRANE = GoProgram(
    name="crane",
    folder=HERE / "registry",
    package="github.com/google/go-containerregistry/cmd/crane",
    files=SOURCES,
    takes="half a minute",
)
COSIGN = GoProgram(
    name="cosign",
    folder=HERE / "cosign",
    package="github.com/sigstore/cosign/v3/cmd/cosign",
    files=SOURCES,
    takes="ten minutes",
)
