# The commands of the project. `make run` and `make test` work from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv
JOBS ?= auto

.PHONY: help run test test-faults fuzz lint check-deploy fmt bench bench-start lock schemas assets clean

help:  ## This list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements-extras.lock pyproject.toml $(VENV)/.made
	$(PIP) install --quiet --progress-bar on --no-compile --require-hashes -r requirements-extras.lock
	@# On all cores, which pip does not use; processes of interviews may not write, and would compile at every start.
	-@$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --quiet --progress-bar on --require-hashes -r requirements-dev.lock
	@touch $@

services/gateway/static/vendor/.complete: services/gateway/assets.lock.json $(VENV)/.installed
	$(BIN)/python -m services.gateway.assets

assets: services/gateway/static/vendor/.complete  ## Fetch Bootstrap and jQuery, checked by hash

run: $(VENV)/.installed assets  ## Everything in one process; prints the address (COLLOQUY_PORT, default 8000)
	@exec $(BIN)/colloquy up

test: $(VENV)/.installed-dev assets  ## The whole suite, on real PostgreSQL, Redis, RabbitMQ and Chromium
	$(BIN)/python -m tests.provision -- $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

# Where there is no wheel of atheris, everything else goes on: the tests say that they were left out.
$(VENV)/.installed-fuzz: requirements-fuzz.lock $(VENV)/.installed-dev
	$(PIP) install --quiet --progress-bar on --only-binary :all: --require-hashes -r requirements-fuzz.lock || \
		echo "atheris has no wheel for this machine: fuzzing is left out" >&2
	@touch $@

fuzz: $(VENV)/.installed-fuzz  ## What strangers send, by coverage-guided fuzzing (SECONDS=60 for each; ARGS names one)
	$(BIN)/python -m tests.fuzzing --seconds $(or $(SECONDS),60) $(ARGS)

test-faults: $(VENV)/.installed-fuzz assets  ## The long form of the fault tests: histories, and a storm of kills while tasks run
	$(BIN)/python -m tests.provision -- $(BIN)/python -m pytest tests/fault --fault-rounds 20 -x $(ARGS)

lint: $(VENV)/.installed-dev  ## ruff, mypy --strict, import rules, message schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m shared.contracts.catalog --check
	$(BIN)/python -m services.settings_table --check

.venv-checkov/.installed: requirements-checkov.lock
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-checkov.lock
	@touch $@

check-deploy: .venv-checkov/.installed  ## Checkov on the rendered manifests and the Dockerfile (needs kubectl)
	@rm -rf .data/rendered && mkdir -p .data/rendered
	@for overlay in dev production; do kubectl kustomize deploy/k8s/overlays/$$overlay > .data/rendered/$$overlay.yaml || exit 1; done
	@cp deploy/Dockerfile .data/rendered/
	.venv-checkov/bin/checkov --config-file deploy/checkov.yaml -d .data/rendered

fmt: $(VENV)/.installed-dev  ## Format the code
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev assets  ## Medians and rates beside a floor measured in the same run
	$(BIN)/python -m tests.provision -- $(BIN)/python -m tests.bench $(ARGS)

bench-start: $(VENV)/.installed-dev assets  ## How long `make run` takes: first, again, after kill -9 (ARGS=--fresh: from a clone)
	$(BIN)/python -m tests.bench.first_run $(ARGS)

schemas: $(VENV)/.installed-dev  ## Write the JSON Schemas of all messages and of the JSON form, and the table of settings
	$(BIN)/python -m shared.contracts.catalog --write
	$(BIN)/python -m services.gateway.json_form --write
	$(BIN)/python -m services.settings_table --write

lock: $(VENV)/.installed-dev  ## Renew the lock files (needs uv on PATH)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock
	uv pip compile pyproject.toml --group build --extra learning --extra tables -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-extras.lock
	uv pip compile pyproject.toml --extra dev -c requirements-extras.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-dev.lock
	uv pip compile requirements-checkov.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-checkov.lock
	uv pip compile requirements-fuzz.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-fuzz.lock
	uv pip compile requirements-moto.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-moto.lock

clean:  ## Remove what was built, keep .data
	rm -rf $(VENV) services/gateway/static/vendor .mypy_cache .ruff_cache .pytest_cache
