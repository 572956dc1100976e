# Run `make` to see what there is.

.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
STACK ?= local
BIN := .venv/bin
INSTALLED := .venv/installed-$(shell cat requirements/dev.txt client/pyproject.toml | cksum | cut -d' ' -f1)

# Tests and tools leave no __pycache__ in folders that are packaged as functions.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ── Run ───────────────────────────────────────────────────────────────────────────────────────────────────────

demo: $(INSTALLED) ## Watch images go through the pipeline; your own with PHOTOS=folder
	@$(BIN)/python -m tools.run_demo $(if $(PHOTOS),--photos "$(PHOTOS)")

up: $(INSTALLED) ## Start Darkroom on this machine, or bring changes to the one that runs
	@$(BIN)/python -m tools.stack up

down: $(INSTALLED) ## Stop it; the data stays
	@$(BIN)/python -m tools.stack down

status: $(INSTALLED) ## Where it runs
	@$(BIN)/python -m tools.stack status

invoke: $(INSTALLED) ## Send a recorded event to a function of the running stack: make invoke F=validate
	@$(BIN)/python -m tools.invoke "$(F)"

# ── Check ─────────────────────────────────────────────────────────────────────────────────────────────────────

check: $(INSTALLED) ## Everything quick: lint, types, imports, template, unit tests
	@$(BIN)/python -m tools.check

test: $(INSTALLED) ## All checks, then the whole stack on the emulator
	@$(BIN)/python -m tools.check --all

soak: $(INSTALLED) ## Break it on purpose for ten minutes, then count again; SHORT=1 for a tenth
	@$(BIN)/python -m tools.soak $(if $(SHORT),--short --assets 0)

screenshots: $(INSTALLED) ## Pictures of every view of the console, in .local/screenshots; README=1 renews those shown there
	@$(BIN)/python -m tools.screenshots $(if $(README),--readme)

format: $(INSTALLED) ## Put the code into its one form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

# ── Ship ──────────────────────────────────────────────────────────────────────────────────────────────────────

build: $(INSTALLED) ## Build the layers: make build STACK=aws (default: local)
	@$(BIN)/python -m tools.build $(STACK)

deploy: $(INSTALLED) ## Build for AWS and deploy there; uses your AWS profile and asks before it changes anything
	@$(BIN)/python -m tools.build aws
	@$(BIN)/sam deploy --config-env aws --config-file "$(CURDIR)/samconfig.toml" --template-file .aws-sam/aws/build/template.yaml

# ── Tools ─────────────────────────────────────────────────────────────────────────────────────────────────────

$(INSTALLED):
	@$(PYTHON) -c 'import sys; sys.exit("Darkroom needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Choose one: make PYTHON=python3.13") if sys.version_info < (3, 11) else None'
	@echo "Installing the tools into .venv (once, about a minute)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv # one that was begun without python3-venv has no pip
	@PKG_CONFIG=false $(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable client
	@rm -f .venv/installed-* && touch $@

# One set of pins for Python 3.11 to 3.14 on any machine. Of imagehash's dependencies we call none of these two (114 MB).
LOCK := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
UNUSED := --no-emit-package scipy --no-emit-package pywavelets

lock: $(INSTALLED) ## Pin the newest versions that resolve together (edits the requirements)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) --upgrade requirements/dev.in -o requirements/dev.txt
	@$(LOCK) layers/base/requirements.in -c requirements/dev.txt -o layers/base/requirements.txt
	@$(LOCK) layers/imaging/requirements.in -c requirements/dev.txt $(UNUSED) -o layers/imaging/requirements.txt

clean: ## Remove builds, caches and .venv; the data in .local stays
	@rm -rf .aws-sam .cache .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache

.PHONY: help demo up down status invoke check test soak screenshots format build deploy lock clean
