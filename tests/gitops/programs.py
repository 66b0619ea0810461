"""The controllers of Flux and Argo CD as they were released, and what of their modules is needed beside them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.controlplane.binaries import UnavailableError
from tests.support.gobinary import UNOPTIMISED, GoProgram, module_files

HERE = Path(__file__).parent
SOURCES = ("go.mod", "go.sum")
FLUX_MODULE = "github.com/fluxcd/kustomize-controller"
ARGO_MODULE = "github.com/argoproj/argo-cd/v3"
NO_FLUX, NO_ARGO = "NO LIVE FLUX", "NO LIVE ARGO CD"


def pinned(folder: str, pattern: str) -> str:
    """What the go.mod of this folder says."""
    return re.findall(rf"(?m)^\s*(?:require )?{pattern}", (HERE / folder / "go.mod").read_text())[0]


FLUX_VERSION = pinned("flux", rf"{re.escape(FLUX_MODULE)} v(\S+)")
ARGO_VERSION = pinned("argocd", rf"{re.escape(ARGO_MODULE)} v(\S+)")
KUSTOMIZE_CONTROLLER = GoProgram(
    name="kustomize-controller",
    folder=HERE / "flux",
    package=FLUX_MODULE,
    files=SOURCES,
    takes="ten minutes",
    compiler=UNOPTIMISED,
)
ARGO_CD = GoProgram(
    name="argocd",
    folder=HERE / "argocd",
    package=".",
    files=("main.go", *SOURCES),
    takes="ten minutes",
    flags=f"-s -w -X {ARGO_MODULE}/common.version={ARGO_VERSION}",
    compiler=UNOPTIMISED,
    toolchain=pinned("argocd", r"toolchain (\S+)"),
)
FLUX_CRD = "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"
ARGO_CRDS = tuple(f"manifests/crds/{name}-crd.yaml" for name in ("application", "appproject", "applicationset"))
ARGO_SCRIPTS = ("hack/git-verify-wrapper.sh", "hack/gpg-wrapper.sh")


def flux_parts() -> tuple[Path, Path]:
    """The controller, and a folder with what it needs of its module; the test is skipped where they cannot be had."""
    try:
        return KUSTOMIZE_CONTROLLER.binary(), module_files(FLUX_MODULE, FLUX_VERSION, (FLUX_CRD,))
    except UnavailableError as error:
        missing(NO_FLUX, error)


def argo_parts() -> tuple[Path, Path]:
    """As `flux_parts`."""
    names = (*ARGO_CRDS, *ARGO_SCRIPTS)
    try:
        return ARGO_CD.binary(), module_files(ARGO_MODULE, ARGO_VERSION, names, toolchain=ARGO_CD.toolchain)
    except UnavailableError as error:
        missing(NO_ARGO, error)


def missing(sentence: str, cause: object) -> NoReturn:
    """Go is in every workflow: a program that cannot be built there is a fault."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{sentence}, and CI is set: {cause}", pytrace=False)
    pytest.skip(f"{sentence}: {cause}")
