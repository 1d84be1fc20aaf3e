# The index of what a developer does. `make demo` and `make test` work on a bare machine with Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
DEMO := out/demo

.PHONY: help demo test check lint types layers pytest bench docs lock setup clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16

demo: $(VENV)/base.stamp ## set up, hunt in the bundled log, and say where the report is
	@$(BIN)/stillwatch hunt examples/log/exchanges.parquet --accounts examples/log/accounts.parquet --out $(DEMO); \
	code=$$?; if [ $$code -ne 0 ] && [ $$code -ne 3 ]; then exit $$code; fi
	@echo "Report: $(CURDIR)/$(DEMO)/report.html"

test: check pytest ## set up, check style, types and layers, and run the tests

check: lint types layers

setup: $(VENV)/dev.stamp ## everything that developing needs

lint: $(VENV)/dev.stamp ## style
	$(BIN)/ruff check --quiet src tests
	$(BIN)/ruff format --quiet --check src tests

types: $(VENV)/dev.stamp ## types
	$(BIN)/mypy --no-error-summary

layers: $(VENV)/dev.stamp ## who may import whom
	@$(BIN)/lint-imports --no-cache --config pyproject.toml > $(VENV)/layers.log || { cat $(VENV)/layers.log; exit 1; }

pytest: $(VENV)/dev.stamp ## the tests alone; ARGS are handed on
	$(BIN)/python -m pytest $(ARGS)

# The folder of a log with its truth: exchanges.parquet, accounts.parquet, truth.parquet.
LOG ?= $(or $(STILLWATCH_SHARED),../shared)/data/traffic-dev
bench: $(VENV)/dev.stamp ## the published methods beside ours, on the log in LOG
	$(BIN)/stillwatch hunt $(LOG)/exchanges.parquet --accounts $(LOG)/accounts.parquet --out out/bench || [ $$? -eq 3 ]
	$(BIN)/python -m benchmarks.hunt_vs_baselines $(LOG) out/bench

docs: $(VENV)/dev.stamp ## write the commands' help, signals and constants into the documentation
	$(BIN)/python tests/docs/help_blocks.py
	$(BIN)/python tests/docs/reference_tables.py
	$(BIN)/python tests/docs/scenario_tables.py

# The locks hold hashes and no address: they say what, each machine's own settings say where from.
LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
lock: ## resolve the locked packages anew (needs uv)
	$(LOCK) --group build -o requirements/base.lock
	$(LOCK) --group dev --extra plots --extra lab --extra bench --extra watch --extra nats --extra kafka --extra engines --constraint requirements/base.lock -o requirements/dev.lock

clean: ## remove what was built; the environment goes too
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is needed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/base.stamp: $(BIN)/python requirements/base.lock pyproject.toml
	@echo "Setting up $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/base.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/base.stamp requirements/dev.lock
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@
