# What a release is made of, in dist/, and where it goes: REGISTRY is <host>/<path>, for the image and, below it, for charts.
# `make release` makes all of it; `make login push sign upload` publish what it made.

REGISTRY ?=
HELM ?= helm
COSIGN ?= cosign
# More flags: of cosign (a key, say), of the engine's push and of helm push (for a registry without TLS).
SIGN ?=
PUSH ?=
HELM_PUSH ?=
GH ?= gh
NAME := zilliz-jobs-operator
WHEEL = dist/zilliz_jobs_operator-$(VERSION)-py3-none-any.whl
PACKED = dist/$(NAME)-$(VERSION).tgz
BOM = dist/$(NAME)-$(VERSION).cdx.json
ARCHIVE = dist/$(NAME)-$(VERSION).oci.tar
SHIPPED := $(VENV)/shipped
export TAG REGISTRY REGISTRY_USER REGISTRY_PASSWORD BASE PLATFORMS

.PHONY: release pinned dist chart sbom archive provenance tagged login push sign upload

release: pinned empty dist chart sbom image archive provenance ## all that is published, in dist/ (BASE by its digest, PLATFORMS, REGISTRY)
	@cat dist/SHA256SUMS

pinned: ## whether BASE, on which the image is built, is named by its digest
	@case "$$BASE" in *@sha256:*) ;; *) \
	  echo "cannot release: name the base of the image by its digest, as BASE=python:3.13-slim@sha256:...; a tag moves"; exit 2;; esac

dist: $(VENV)/.dev ## of both distributions the wheel and the archive of the source, in dist/
	@mkdir -p dist
	@SOURCE_DATE_EPOCH=$(TIME) $(BIN)/hatchling build --target wheel --target sdist --directory dist
	@cd $(LOCAL) && SOURCE_DATE_EPOCH=$(TIME) $(abspath $(BIN))/hatchling build --target wheel --target sdist --directory $(CURDIR)/dist

chart: $(VENV)/.dev ## the packed chart, in dist/; with REGISTRY=<host>/<path> its image is the one there
	@rm -rf dist/chart && mkdir -p dist && cp -R $(CHART) dist/chart
	@$(if $(REGISTRY),sed -i.before 's|^  repository: $(NAME)$$|  repository: $(REGISTRY)/$(NAME)|' dist/chart/values.yaml && rm dist/chart/values.yaml.before)
	@$(BIN)/python -m tools.artifacthub dist/chart
	@$(HELM) package dist/chart --destination dist
	@rm -rf dist/chart

sbom: dist $(VENV)/.sbom ## the bill of materials of what the image adds to its base, as CycloneDX, in dist/
	@rm -rf $(SHIPPED) && $(BIN)/python -m venv --without-pip $(SHIPPED)
	@$(BIN)/python -m pip --python $(SHIPPED)/bin/python install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip --python $(SHIPPED)/bin/python install --quiet --no-compile --disable-pip-version-check --no-deps --no-index $(WHEEL)
	@SOURCE_DATE_EPOCH=$(TIME) $(VENV)/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file $(BOM) $(SHIPPED)/bin/python
	@echo $(BOM)

archive: $(VENV)/.dev ## the image as a file, and the bill of materials of all that is in it, in dist/
	@mkdir -p dist && rm -f $(ARCHIVE)
	@case $(ENGINE) in docker) docker save --output $(ARCHIVE) $(IMAGE) ;; \
	*) $(ENGINE) $(if $(PLATFORMS),manifest push --all,push) --quiet $(IMAGE) oci-archive:$(ARCHIVE):$(VERSION) ;; esac
	@$(BIN)/python -m tools.imagebom $(ARCHIVE) dist/$(NAME)-$(VERSION)

provenance: $(VENV)/.dev ## the sums of the files in dist/, and the statement of where they come from
	@REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) $(BIN)/python -m tools.provenance dist

tagged: $(VENV)/.dev ## whether TAG is the version of this tree, and the changelog tells of it
	@$(BIN)/python -m tools.release tag "$$TAG"

login: registry ## to REGISTRY, as REGISTRY_USER with REGISTRY_PASSWORD from the environment
	@test -n "$$REGISTRY_USER" && test -n "$$REGISTRY_PASSWORD" || \
	  { echo "cannot log in: set REGISTRY_USER and REGISTRY_PASSWORD in the environment"; exit 2; }
	@for program in $(ENGINE) "$(HELM) registry" "$(COSIGN)"; do \
	  printf '%s' "$$REGISTRY_PASSWORD" | $$program login --username "$$REGISTRY_USER" --password-stdin $(HOST) || exit 1; done

push: registry ## the image and the packed chart to REGISTRY; dist/*.ref tell their digests
	@engine=$(ENGINE); case $$engine in docker) \
	  docker push $(IMAGE) && docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' $(IMAGE) \
	    | grep -F '$(REGISTRY)/$(NAME)@sha256:' > dist/image.ref ;; \
	*) $$engine $(if $(PLATFORMS),manifest push --all,push) $(PUSH) --digestfile dist/image.digest $(IMAGE) \
	    $(if $(PLATFORMS),docker://$(IMAGE)) && echo "$(REGISTRY)/$(NAME)@$$(cat dist/image.digest)" > dist/image.ref ;; esac
	@$(HELM) push $(PACKED) oci://$(REGISTRY)/charts $(HELM_PUSH) > dist/chart.push 2>&1 || { cat dist/chart.push; exit 1; }
	@digest=$$(sed -n 's/^Digest: *//p' dist/chart.push); test -n "$$digest" || { cat dist/chart.push; exit 1; }; \
	  echo "$(REGISTRY)/charts/$(NAME)@$$digest" > dist/chart.ref
	@cat dist/image.ref dist/chart.ref

sign: ## what is in dist/, and what was pushed, by its digest; with cosign, which asks who you are (SIGN: its flags)
	@for file in $(FILES); do $(COSIGN) sign-blob --yes $(SIGN) --bundle dist/$$file.sigstore.json dist/$$file || exit 1; done
	@for ref in $$(cat dist/image.ref) $$(cat dist/chart.ref); do $(COSIGN) sign --yes $(SIGN) $$ref || exit 1; done
	@image=$$(cat dist/image.ref); for bill in dist/$(NAME)-$(VERSION).*.cdx.json; do \
	  $(COSIGN) attest --yes $(SIGN) --type cyclonedx --predicate $$bill $$image || exit 1; done
	@$(COSIGN) attest --yes $(SIGN) --type slsaprovenance1 --predicate dist/predicate.json $$(cat dist/image.ref)

upload: $(VENV)/.dev ## the release page of the tag, with what is in dist/ (needs gh)
	@$(BIN)/python -m tools.release notes > dist/notes.md
	@cd dist && $(GH) release create v$(VERSION) --verify-tag --title $(VERSION) --notes-file notes.md \
	  $$(for file in $(FILES); do echo $$file $$file.sigstore.json; done)

# What is published as files: those that have a sum, and the sums.
FILES = SHA256SUMS $$(sed 's/^[0-9a-f]*  //' $(if $(filter upload,$@),SHA256SUMS,dist/SHA256SUMS))
HOST = $(firstword $(subst /, ,$(REGISTRY)))
.PHONY: registry empty
empty:
	@rm -rf dist
registry:
	@test -n "$(REGISTRY)" || { echo "cannot publish: say where, as REGISTRY=<host>/<path>"; exit 2; }
	@test -n "$(ENGINE)" || { echo "cannot publish: no docker, podman or buildah works here"; exit 2; }

$(VENV)/.sbom: requirements/sbom.txt | $(VENV)/.python
	@$(PYTHON) -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
