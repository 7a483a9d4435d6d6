# Every command, with a line each: `make`
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(PYTHON) deploy/local/install.py
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 3
OVERLAY ?= production
WEB := $(BIN)/python -m deploy.local.web
NODE := $(BIN)/python -m deploy.local.node
API_TYPES := $(BIN)/python -m services.console.print_openapi | $(NODE) npm run --silent api-types --
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-config

.DEFAULT_GOAL := help
.PHONY: help run test test-long check lint web web-dev check-web api-types screenshots bench chaos licences sbom images lock metrics settings manifests format clean

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is missing, start everything with a demo app, until Ctrl-C
	@$(INSTALL) run
	@$(WEB)
	@exec $(BIN)/python -m deploy.local.run

test: lint check-web ## everything on real RabbitMQ, mongod and Chromium; what CI runs, about 15 minutes
	$(PYTEST) -m "not long and not screenshots" -n $(WORKERS) --dist loadfile

test-long: ## the long profiles: simulations, soak, image builds
	@$(INSTALL) test
	$(PYTEST) -m long

check: lint ## Python format, lint, types, and the tests that need no server; under a minute
	$(PYTEST) -q -m "not servers and not browser and not long and not screenshots"

lint:
	@$(INSTALL) test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

web: ## build the web app into services/console/web/dist, where its sources have changed
	@$(INSTALL) run
	@$(WEB)

web-dev: ## serve the web app as you change it, beside a running `make run`; CONSOLE_URL names another console
	@$(INSTALL) run
	@$(WEB) packages
	@exec $(NODE) vite

check-web: ## the web app and the phone page: types, lint, unit tests, size; the API's types are fresh
	@$(INSTALL) test
	@$(WEB)
	$(API_TYPES) --check
	$(NODE) npm run --silent types
	$(NODE) npm run --silent types-phone
	$(NODE) npm run --silent lint
	$(NODE) npm run --silent test
	$(NODE) npm run --silent budget

api-types: ## write the API's TypeScript types, after a change to the console's calls
	@$(INSTALL) test
	@$(WEB) packages
	$(API_TYPES)

screenshots: ## pictures of the desk and the phone, into .browser/screenshots/
	@$(INSTALL) test
	@$(WEB)
	$(PYTEST) -q tests/browser -m screenshots

bench: ## the measurement table
	@$(INSTALL) test
	$(BIN)/python -m tests.bench

chaos: ## the fault suite: kills and restarts under load, then the books are checked
	@$(INSTALL) test
	$(PYTEST) tests/chaos

lock: ## pin what requirements/*.in ask for, with hashes; `make lock UPGRADE=--upgrade` takes the newest
	@$(INSTALL) test
	cd requirements && for name in runtime local dev checks; do \
		../$(LOCK) $(UPGRADE) $$name.in -o $$name.txt || exit 1; done

metrics: ## write the metrics page, the dashboards and the alert rules, after a change to what is measured
	@$(INSTALL) run
	@$(BIN)/python -m deploy.monitoring.write

licences: ## write docs/licences.md, after a change to what is shipped
	@$(INSTALL) test
	@$(BIN)/python -m deploy.release.write licences

sbom: ## print the bill of materials (CycloneDX)
	@$(INSTALL) test
	@$(BIN)/python -m deploy.release.write sbom

images: ## build the images with docker, podman or buildah; PREFIX=registry.example.com/ stands before their names
	@$(INSTALL) run
	@$(BIN)/python -m deploy.release.images $(PREFIX)

settings: ## every variable of every service, with its default and meaning
	@$(INSTALL) run
	@$(BIN)/python -m deploy.local.print_settings

manifests: ## print what Kubernetes is given; `make manifests OVERLAY=dev` for another overlay
	@$(INSTALL) test >&2
	@.tools/kustomize-trixie/usr/bin/kustomize build deploy/overlays/$(OVERLAY)

format: ## put the code into its agreed shape
	@$(INSTALL) test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the tools left behind; .venv and .data stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .browser build dist *.egg-info
	rm -rf services/console/web/dist services/console/web/.dist-*
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
