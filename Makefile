# Two commands do everything: `make demo` shows the operator at work, `make test` proves it. Both set up what they
# need under .venv. Nothing is installed outside this folder but caches in your cache directory, and, for root on a
# Debian, by `make test` the browser for the tests of a page, and by `make node` what a real node needs. `make quick` is
# the inner loop, `make verify` what a release must pass besides.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two runs, as the control planes of the first need not run beside the second.
TESTS ?= tests/e2e+tests/contract tests/wire+tests/unit+tests/built+tests/browser
WORKERS ?= 4
NAMESPACED ?= tests/e2e
# What is run on the oldest Kubernetes: definitions and their rules, a job of each shape, schedules with the policy, the chart.
COMPAT ?= tests/compat tests/e2e/test_crds.py tests/e2e/test_every_kind.py tests/e2e/test_jobschedule_crd.py \
  tests/e2e/test_jobschedule.py tests/e2e/test_helm.py tests/e2e/test_rbac.py
# The alerts take ten minutes and have a target of their own.
NODE_TESTS ?= $(patsubst %,tests/node/test_%.py,machine kubelet life trouble network workers earlier)
# How many jobs `make oddcloud` plays on a cloud that answers oddly; ODD_CLOUD_SEED repeats a run of it.
ODD_CLOUD_EXAMPLES ?= 300
CHART := charts/zilliz-jobs-operator
# The second distribution: simulator, small Kubernetes, demo.
LOCAL := operator/zilliz_local
# The image: ENGINE is the first of docker, podman and buildah that works here; BASE and FLAGS as docs/image.md says.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGE ?= $(if $(REGISTRY),$(REGISTRY)/)zilliz-jobs-operator:$(VERSION)
SIMULATOR ?= $(if $(REGISTRY),$(REGISTRY)/)zilliz-jobs-simulator:$(VERSION)
ENGINE ?= $(shell for engine in docker podman buildah; do $$engine info >/dev/null 2>&1 && echo $$engine && break; done)
# The time of all files that are built: that of the commit.
TIME = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}

# What Python compiles is kept in __pycache__, whatever the shell says: the tests start Python some hundred times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo quick test verify everykind oddcloud running helm3 flux argocd storm migrations artefacts compat check setup lint types layers generated browser pytest namespaced upgrade pods node alerts generate lock mutants bench chaos pictures vts-data image simulator clean
.DEFAULT_GOAL := help

help: ## what there is
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## the operator at work, on local stand-ins (DEMO="--keep" and more: DEMO=--help)
	@PYTHONPATH=operator $(BIN)/python -m zilliz_local.demo $(DEMO)

quick: lint types layers generated ## the inner loop: style, types, layers, generated files, unit tests
	@echo "== unit tests"
	@HYPOTHESIS_PROFILE=quick $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder tests/unit

test: lint types layers generated browser pytest pods ## the gate: also the wire, and end to end on a real kube-apiserver

verify: $(VENV)/.dev ## the gate, and what is slower and rarer, part by part; goes on where it failed (VERIFY="--again", or parts)
	@$(BIN)/python -m tools.verify $(VERIFY)

check: test

setup: $(VENV)/.dev ## the tools of all these, in .venv (the others do it by themselves)

lint: $(VENV)/.dev ## format, style, workflows, and dependencies that are declared and used
	@echo "== lint"
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/zizmor --offline --quiet --no-progress .github >$(VENV)/zizmor.txt 2>&1 || { cat $(VENV)/zizmor.txt; exit 1; }
	@$(BIN)/deptry operator/zilliz_jobs >$(VENV)/deptry.txt 2>&1 || { cat $(VENV)/deptry.txt; exit 1; }
	@$(BIN)/deptry $(LOCAL) --config $(LOCAL)/pyproject.toml >$(VENV)/deptry.txt 2>&1 || { cat $(VENV)/deptry.txt; exit 1; }

types: $(VENV)/.dev ## mypy, strict
	@echo "== types"
	@$(BIN)/mypy --no-error-summary

layers: $(VENV)/.dev ## who may import whom
	@echo "== layers"
	@$(BIN)/lint-imports --no-cache > $(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }

generated: $(VENV)/.dev ## the checked-in files are what the models say
	@echo "== generated files"
	@$(BIN)/zilliz-jobs crds crds --check
	@$(BIN)/zilliz-jobs crds $(CHART)/files/crds --check
	@$(BIN)/python -m tools.kindlists --check
	@$(BIN)/python deploy/gitops/argocd/render.py --check
	@$(BIN)/python -m tools.chartpages --check
	@$(BIN)/python -m tools.release check
	@$(BIN)/python -m tools.decisions --check
	@$(BIN)/python -m tools.pictures.drawn --check
	@$(BIN)/zilliz-jobs reference docs/reference --check

pytest: $(VENV)/.dev ## end-to-end, wire and unit tests (TESTS=tests/unit for some of them)
	@for tests in $(TESTS); do \
	  echo "== $$tests" | tr + ' '; \
	  $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $$(echo $$tests | tr + ' ') || exit 1; \
	done

everykind: $(VENV)/.dev ## each shape of each kind on a real kube-apiserver
	@echo "== every kind"
	@E2E_WHOLE=1 $(BIN)/pytest -n $(WORKERS) tests/e2e/test_every_kind.py

oddcloud: $(VENV)/.dev ## hundreds of jobs on a cloud that answers oddly (ODD_CLOUD_EXAMPLES, ODD_CLOUD_SEED)
	@seed=$${ODD_CLOUD_SEED:-$$(date +%s)}; echo "== an odd cloud, $(ODD_CLOUD_EXAMPLES) jobs: ODD_CLOUD_SEED=$$seed"; \
	  ODD_CLOUD_SEED=$$seed ODD_CLOUD_EXAMPLES=$(ODD_CLOUD_EXAMPLES) $(BIN)/pytest -n $(WORKERS) tests/wire/test_odd_cloud.py

running: $(VENV)/.dev ## the image, built twice and run
	@echo "== the image"
	@$(BIN)/pytest tests/image

helm3: $(VENV)/.dev ## the chart by Helm 3, on the newest Kubernetes
	@echo "== the chart by Helm 3"
	@$(BIN)/pytest tests/compat

flux: $(VENV)/.dev ## the kit for Flux at work, on a real kube-apiserver
	@echo "== the kit for Flux"
	@$(BIN)/pytest tests/gitops/test_flux.py

argocd: $(VENV)/.dev ## the kit for Argo CD at work, on a real kube-apiserver
	@echo "== the kit for Argo CD"
	@$(BIN)/pytest tests/gitops/test_argocd.py

storm: $(VENV)/.dev ## a chaos of 300 jobs
	@$(BIN)/python -m tools.chaos --jobs 300 $(CHAOS)

migrations: $(VENV)/.dev vts-data ## migrations by VTS: rows of a real PostgreSQL in a real Milvus, and workers in a chaos
	@echo "== migrations by VTS"
	@$(BIN)/pytest tests/wire/test_vts_real.py
	@$(BIN)/python -m tools.chaos --stand-in --vts --jobs 60 $(CHAOS)

artefacts: $(VENV)/.dev ## what a release publishes: made, published to a registry of this machine, installed from it
	@echo "== what a release publishes"
	@$(BIN)/pytest tests/artefacts

compat: $(VENV)/.dev ## the oldest Kubernetes that is promised, end to end, with both Helms
	@echo "== the oldest Kubernetes, both Helms"
	@assets=$$($(BIN)/python -m tests.compat.programs) && KUBEBUILDER_ASSETS=$$assets \
	  $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(COMPAT)

browser: ## a browser for the tests of the page, where it is missing and root can install it by apt
	@tools/browser.sh

pods: $(VENV)/.dev ## the life of the operator in real pods, where a node can run and NODE=1 is set
	@case "$(NODE)" in ""|0|false) ;; *) tools/node.sh && $(BIN)/python -m tests.support.node build ;; esac
	@echo "== tests/node/test_life.py"
	@$(BIN)/pytest tests/node/test_life.py

node: $(VENV)/.dev ## all tests in real pods: a kubelet and containerd of this machine, as root, minutes (NODE_TESTS for some)
	@tools/node.sh
	@echo "== $(NODE_TESTS)"
	@$(BIN)/python -m tests.support.node build
	@NODE=1 $(BIN)/pytest -s $(NODE_TESTS)

alerts: ## alerts in a real Prometheus beside the node: each fires by its cause, ends by its cure (ALERTS="-k JobFailed")
	@$(MAKE) node NODE_TESTS="tests/node/test_alerts.py $(ALERTS)"

namespaced: $(VENV)/.dev ## end to end, with an operator that has rights in some namespaces only
	@echo "== tests with an operator of some namespaces"
	@E2E_WHOLE=1 E2E_NAMESPACED=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile $(NAMESPACED)

upgrade: $(VENV)/.dev ## from the release before to this one, on a real kube-apiserver: objects of every kind in every state
	@echo "== an upgrade"
	@$(BIN)/pytest tests/upgrade

generate: $(VENV)/.dev ## write the generated files
	@$(BIN)/zilliz-jobs crds crds
	@$(BIN)/zilliz-jobs crds $(CHART)/files/crds
	@$(BIN)/python -m tools.kindlists
	@$(BIN)/python deploy/gitops/argocd/render.py
	@$(BIN)/python -m tools.chartpages
	@$(BIN)/python -m tools.release stamp
	@$(BIN)/python -m tools.decisions
	@$(BIN)/python -m tools.pictures.drawn
	@$(BIN)/zilliz-jobs reference docs/reference

mutants: $(VENV)/.dev ## mutation tests of the pure core (minutes)
	@$(BIN)/python -m tools.mutants

bench: $(VENV)/.dev ## measure the operator, an hour (BENCH="--only a --scale 0.1" and more: BENCH=--help)
	@$(BIN)/python -m tools.bench $(BENCH)

lock: $(VENV)/.dev ## resolve the dependencies anew
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --group build -c requirements/dev.txt -o requirements/build.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --group clients -o requirements/clients.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --group sbom -o requirements/sbom.txt

vts-data: $(VENV)/vts-data/.complete ## a real PostgreSQL and Milvus for tests/wire/test_vts_real.py (600 MB; once)

$(VENV)/vts-data/.complete: tests/support/vtsdata/requirements.txt | $(VENV)/.python
	@echo "== setting up $(VENV)/vts-data with a real source and a real target (once)"
	@$(PYTHON) -m venv $(VENV)/vts-data
	@$(VENV)/vts-data/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

chaos: $(VENV)/.dev ## 200 jobs while everything fails, minutes (CHAOS="--jobs 1000 --seed 7" and more: CHAOS=--help)
	@$(BIN)/python -m tools.chaos $(CHAOS)

pictures: $(VENV)/.dev ## ten minutes of life, as the dashboard in Grafana shows them (PICTURES="--minutes 1" and more: PICTURES=--help)
	@$(BIN)/python -m tools.pictures $(PICTURES)

image: ## the container image, with docker, podman or buildah (IMAGE, BASE, PLATFORMS, ENGINE, FLAGS: docs/image.md)
	@test -n "$(ENGINE)" || { echo "cannot build the image: no docker, podman or buildah works here"; exit 2; }
	@case "$(ENGINE) $(PLATFORMS)" in "docker ") ;; "docker "*) \
	  echo "cannot build for PLATFORMS with docker, which keeps one: run make with ENGINE=podman or ENGINE=buildah"; exit 2 ;; esac
	@case "$(BASE)" in *@sha256:*) ;; *) echo "note: BASE is named by a tag, which moves; a release wants its digest" ;; esac
	@echo "== $(IMAGE), built with $(ENGINE)"
	@$(if $(PLATFORMS),$(ENGINE) manifest rm $(IMAGE) >/dev/null 2>&1 || true)
	@time=$(TIME); \
	  revision=$$(git rev-parse HEAD 2>/dev/null || echo unknown); \
	  case $(ENGINE) in docker) stamp= ;; *) stamp=--timestamp=$$time ;; esac; \
	  $(ENGINE) build -f Dockerfile $(if $(PLATFORMS),--platform $(PLATFORMS) --manifest,-t) $(IMAGE) \
	    $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg VERSION=$(VERSION) \
	    --build-arg REVISION=$$revision --build-arg SOURCE_DATE_EPOCH=$$time $$stamp $(FLAGS) .

simulator: ## the image of the simulated cloud for docs/quickstart.md, on top of IMAGE (SIMULATOR, ENGINE, FLAGS)
	@test -n "$(ENGINE)" || { echo "cannot build the image: no docker, podman or buildah works here"; exit 2; }
	@echo "== $(SIMULATOR), built with $(ENGINE) from $(IMAGE)"
	@time=$(TIME); \
	  case $(ENGINE) in docker) stamp= ;; *) stamp="--timestamp=$$time --ignorefile deploy/quickstart/Dockerfile.dockerignore" ;; esac; \
	  $(ENGINE) build -f deploy/quickstart/Dockerfile -t $(SIMULATOR) --build-arg OPERATOR=$(IMAGE) \
	    --build-arg VERSION=$(VERSION) $$stamp $(FLAGS) .

include release.mk

clean: ## remove what the other commands made in this folder
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis mutants
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cannot set up: $(PYTHON) is older than 3.11; run make with PYTHON=python3.12, say"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "cannot set up: install the venv module of Python (Debian: apt-get install python3-venv)"; exit 2; }
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt | $(VENV)/.python
	@echo "== setting up $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(LOCAL)/pyproject.toml | $(VENV)/.python
	@echo "== setting up $(VENV) with the test tools (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e $(LOCAL)
	@touch $@ $(VENV)/.runtime
