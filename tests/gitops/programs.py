"""The controller of Flux as it was released, and what of its module is needed beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.gobinary import UNOPTIMISED, GoProgram, module_files

HERE = Path(__file__).parent
SOURCES = ("go.mod", "go.sum")
FLUX_MODULE = "github.com/fluxcd/kustomize-controller"
NO_FLUX = "NO LIVE FLUX"


def pinned(folder: str, pattern: str) -> str:
    """What the go.mod of this folder says."""
    return re.findall(rf"(?m)^\s*(?:require )?{pattern}", (HERE / folder / "go.mod").read_text())[0]


FLUX_VERSION = pinned("flux", rf"{re.escape(FLUX_MODULE)} v(\S+)")
KUSTOMIZE_CONTROLLER = GoProgram(
    name="kustomize-controller",
    folder=HERE / "flux",
    package=FLUX_MODULE,
    files=SOURCES,
    takes="ten minutes",
    compiler=UNOPTIMISED,
)
FLUX_CRD = "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"


def flux_files() -> Path:
    return module_files(FLUX_MODULE, FLUX_VERSION, (FLUX_CRD,))


def missing(sentence: str, cause: object) -> NoReturn:
    """Go is in every workflow: a program that cannot be built there is a fault."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{sentence}, and CI is set: {cause}", pytrace=False)
    pytest.skip(f"{sentence}: {cause}")
