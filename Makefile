# Every command, with a line each: `make`
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(PYTHON) deploy/local/install.py
PYTEST := $(BIN)/python -m pytest
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-config

.DEFAULT_GOAL := help
.PHONY: help run test test-long check lint bench chaos lock settings format clean

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is missing, start everything with a demo app, until Ctrl-C
	@$(INSTALL) run
	@exec $(BIN)/python -m deploy.local.run

test: lint ## everything on real RabbitMQ and mongod; what CI runs, about 15 minutes
	$(PYTEST) -m "not long"

test-long: ## the long profiles: simulations, soak, image builds, RabbitMQ 4
	@$(INSTALL) test
	$(PYTEST) -m long

check: lint ## format, lint, types, and the tests that need no server; under a minute
	$(PYTEST) -q -m "not servers and not long"

lint:
	@$(INSTALL) test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: ## the measurement table
	@$(INSTALL) test
	$(BIN)/python -m tests.bench

chaos: ## the fault suite: kills and restarts under load, then the books are checked
	@$(INSTALL) test
	$(PYTEST) tests/chaos

lock: ## pin what requirements/*.in ask for, with hashes; `make lock UPGRADE=--upgrade` takes the newest
	@$(INSTALL) test
	cd requirements && for name in runtime local dev; do \
		../$(LOCK) $(UPGRADE) $$name.in -o $$name.txt || exit 1; done

settings: ## every variable of every service, with its default and meaning
	@$(INSTALL) run
	@$(BIN)/python -m deploy.local.print_settings

format: ## put the code into its agreed shape
	@$(INSTALL) test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the tools left behind; .venv and .data stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
