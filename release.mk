# What a release is made of, in dist/, and where it goes: REGISTRY is <host>/<path>, for the image and, below it, for charts.

REGISTRY ?=
HELM ?= helm
COSIGN ?= cosign
GH ?= gh
NAME := zilliz-jobs-operator
WHEEL = dist/zilliz_jobs_operator-$(VERSION)-py3-none-any.whl
LOCAL_WHEEL = dist/zilliz_jobs_local-$(VERSION)-py3-none-any.whl
SOURCES = dist/zilliz_jobs_operator-$(VERSION).tar.gz dist/zilliz_jobs_local-$(VERSION).tar.gz
PACKED = dist/$(NAME)-$(VERSION).tgz
BOM = dist/$(NAME)-$(VERSION).cdx.json
SHIPPED := $(VENV)/shipped
export TAG REGISTRY_USER REGISTRY_PASSWORD

.PHONY: dist chart sbom tagged login push sign release

dist: $(VENV)/.dev ## of both distributions the wheel and the archive of the source, in dist/
	@mkdir -p dist
	@SOURCE_DATE_EPOCH=$(TIME) $(BIN)/hatchling build --target wheel --target sdist --directory dist
	@cd $(LOCAL) && SOURCE_DATE_EPOCH=$(TIME) $(CURDIR)/$(BIN)/hatchling build --target wheel --target sdist --directory $(CURDIR)/dist

chart: ## the packed chart, in dist/; with REGISTRY=<host>/<path> its image is the one there
	@rm -rf dist/chart && mkdir -p dist && cp -R $(CHART) dist/chart
	@$(if $(REGISTRY),sed -i.before 's|^  repository: $(NAME)$$|  repository: $(REGISTRY)/$(NAME)|' dist/chart/values.yaml && rm dist/chart/values.yaml.before)
	@$(HELM) package dist/chart --destination dist
	@rm -rf dist/chart

sbom: dist $(VENV)/.sbom ## the bill of materials of what the image adds to its base, as CycloneDX, in dist/
	@rm -rf $(SHIPPED) && $(BIN)/python -m venv --without-pip $(SHIPPED)
	@$(BIN)/python -m pip --python $(SHIPPED)/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip --python $(SHIPPED)/bin/python install --quiet --disable-pip-version-check --no-deps --no-index $(WHEEL)
	@SOURCE_DATE_EPOCH=$(TIME) $(VENV)/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file $(BOM) $(SHIPPED)/bin/python
	@echo $(BOM)

tagged: $(VENV)/.dev ## whether TAG is the version of this tree, and the changelog tells of it
	@$(BIN)/python -m tools.release tag "$$TAG"

login: registry ## to REGISTRY, as REGISTRY_USER with REGISTRY_PASSWORD from the environment
	@test -n "$$REGISTRY_USER" && test -n "$$REGISTRY_PASSWORD" || \
	  { echo "cannot log in: set REGISTRY_USER and REGISTRY_PASSWORD in the environment"; exit 2; }
	@printf '%s' "$$REGISTRY_PASSWORD" | $(ENGINE) login --username "$$REGISTRY_USER" --password-stdin $(HOST)
	@printf '%s' "$$REGISTRY_PASSWORD" | $(HELM) registry login --username "$$REGISTRY_USER" --password-stdin $(HOST)

push: registry ## the image and the packed chart to REGISTRY; dist/*.ref tell their digests
	@engine=$(ENGINE); case $$engine in docker) \
	  docker push $(IMAGE) && docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' $(IMAGE) \
	    | grep -F '$(REGISTRY)/$(NAME)@sha256:' > dist/image.ref ;; \
	*) $$engine push --digestfile dist/image.digest $(IMAGE) \
	    && echo "$(REGISTRY)/$(NAME)@$$(cat dist/image.digest)" > dist/image.ref ;; esac
	@$(HELM) push $(PACKED) oci://$(REGISTRY)/charts > dist/chart.push 2>&1 || { cat dist/chart.push; exit 1; }
	@digest=$$(sed -n 's/^Digest: *//p' dist/chart.push); test -n "$$digest" || { cat dist/chart.push; exit 1; }; \
	  echo "$(REGISTRY)/charts/$(NAME)@$$digest" > dist/chart.ref
	@cat dist/image.ref dist/chart.ref

sign: ## what is in dist/, and what was pushed, by its digest; with cosign, which asks who you are
	@for file in $(WHEEL) $(LOCAL_WHEEL) $(SOURCES) $(PACKED) $(BOM); do $(COSIGN) sign-blob --yes --bundle $$file.sigstore.json $$file || exit 1; done
	@for ref in $$(cat dist/image.ref) $$(cat dist/chart.ref); do $(COSIGN) sign --yes $$ref || exit 1; done
	@$(COSIGN) attest --yes --type cyclonedx --predicate $(BOM) $$(cat dist/image.ref)

release: $(VENV)/.dev ## the release page of the tag, with what is in dist/ (needs gh)
	@$(BIN)/python -m tools.release notes > dist/notes.md
	@$(GH) release create v$(VERSION) --verify-tag --title $(VERSION) --notes-file dist/notes.md \
	  $(foreach file,$(WHEEL) $(LOCAL_WHEEL) $(SOURCES) $(PACKED) $(BOM),$(file) $(file).sigstore.json)

HOST = $(firstword $(subst /, ,$(REGISTRY)))
.PHONY: registry
registry:
	@test -n "$(REGISTRY)" || { echo "cannot publish: say where, as REGISTRY=<host>/<path>"; exit 2; }
	@test -n "$(ENGINE)" || { echo "cannot publish: no docker, podman or buildah works here"; exit 2; }

$(VENV)/.sbom: requirements/sbom.txt | $(VENV)/.python
	@$(PYTHON) -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
