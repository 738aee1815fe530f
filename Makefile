# The commands of this project; `make help` lists them. Nothing but python3 (3.11 or newer, with
# venv), make and git is needed; everything else goes into .venv.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

# Test processes side by side: many tests wait, for services to start or for clients that are slow.
JOBS ?= 2
# A second PostgreSQL to run the database tests on; skipped if it is not there.
OTHER_POSTGRES ?= $(or $(LRS_TEST_POSTGRES_BIN),/usr/lib/postgresql/15/bin)
# What may differ from one PostgreSQL to the next; thousands of bad statements are refused before.
ON_OTHER_POSTGRES := tests/integration/storage tests/integration/services tests/migrations \
	tests/concurrency --ignore=tests/concurrency/test_hostile_clients.py \
	--ignore=tests/concurrency/test_rates.py --ignore=tests/concurrency/test_shared_counts.py \
	$(wildcard $(patsubst %,tests/api/test_%.py,activities agents analytics attachments \
	consistent_through documents_* received_is_returned statement_conflicts statement_f* \
	statement_paging statement_references voiding))
# How many the large bench stores; 20000000 need 180 GB of disk, and 90 without ingest.
STATEMENTS ?= 2000000
PYTEST := env -u LRS_TEST_POSTGRES_BIN $(BIN)/pytest --quiet -n $(JOBS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run demo test check audit format format-check lint types imports requirements openapi permissions bench bench-large lock

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Start the LRS, with a PostgreSQL of its own in ./data
	@exec $(BIN)/lrs serve

demo: $(VENV)/.installed ## Show what it is for: a made-up company, on an instance of its own
	@exec env -u LRS_DATABASE_URL -u LRS_DATABASE_READ_URL LRS_DATA_DIR=demo-data $(BIN)/lrs demo

test: $(VENV)/.installed-dev ## Run all tests
	$(PYTEST)
	@if [ -x "$(OTHER_POSTGRES)/postgres" ]; then \
		echo "Once more, on $$($(OTHER_POSTGRES)/postgres --version):"; \
		$(PYTEST) --postgres-bin="$(OTHER_POSTGRES)" $(ON_OTHER_POSTGRES); \
	fi

check: format-check lint types imports audit test ## All that has to hold before a change goes in

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --select I

format-check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check

lint: $(VENV)/.installed-dev ## Look for mistakes
	$(BIN)/ruff check

types: $(VENV)/.installed-dev ## Check the types
	$(BIN)/mypy

imports: $(VENV)/.installed-dev ## Check which room may know which
	$(BIN)/lint-imports

requirements: $(VENV)/.installed-dev ## Tell which public requirements have a test of ours (VERBOSE=1: which)
	@$(BIN)/python tests/requirements.py $(if $(VERBOSE),--tests)

audit: $(VENV)/.installed-dev ## Look for known weaknesses in what is locked, if anybody can be asked
	@$(BIN)/python tests/locked_versions.py

openapi: $(VENV)/.installed ## Write openapi/openapi.json
	@mkdir -p openapi
	$(BIN)/lrs openapi --output openapi/openapi.json

permissions: $(VENV)/.installed ## Write docs/permissions.md
	$(BIN)/lrs permissions --output docs/permissions.md

bench: $(VENV)/.installed-bench ## Measure against this machine's limits (BENCH=--quick: one minute)
	$(BIN)/python -m bench.run $(BENCH)

bench-large: $(VENV)/.installed-bench ## The same with STATEMENTS=2000000, and with long loads
	$(BIN)/python -m bench.run --long --statements $(STATEMENTS) $(BENCH)

lock: ## Pin the dependencies (needs uv; LOCK_FLAGS=--upgrade for the newest)
	$(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --universal \
		--python-version 3.11 --no-header -q $(LOCK_FLAGS) --group build -o requirements.lock
	$(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --universal \
		--python-version 3.11 --no-header -q $(LOCK_FLAGS) --group build --group dev \
		-c requirements.lock -o requirements-dev.lock
	$(UV) pip compile pyproject.toml --generate-hashes --no-emit-index-url --universal \
		--python-version 3.11 --no-header -q $(LOCK_FLAGS) --group build --group bench \
		-c requirements.lock -c requirements-dev.lock -o requirements-bench.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing what the LRS needs"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python requirements-dev.lock pyproject.toml
	@echo "Installing what the LRS and its tests need"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: $(BIN)/python requirements-bench.lock pyproject.toml
	@echo "Installing what the LRS and its bench need"
	@$(PIP) install --require-hashes --no-deps -r requirements-bench.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed $@
