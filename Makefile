# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# Checked by `make lint`; tests/e2e drives real engines and has a target of its own.
SOURCES := function tests benchmarks
# Every branch of these is covered, or `make test` fails.
SAFETY := function/guards.py,function/bound.py

.PHONY: help demo test lint fmt generate e2e bench clean
.DEFAULT_GOAL := help

help: ## List the targets.
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Built beside and moved into place last, so that an interrupted set-up starts anew.
.venv/.complete: requirements-dev.txt pyproject.toml
	@rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.complete ## Answer every example order for every example provider, over gRPC.
	@$(BIN)/python -m function.demo

test: .venv/.complete ## Run all tests that need no other server.
	@$(BIN)/pytest -q -m "not e2e" -n 2 --dist loadfile --cov --cov-report=
	@$(BIN)/coverage report --include='$(SAFETY)' --fail-under=100

lint: .venv/.complete ## Check format, lint, types, import contracts and generated files.
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m function.generate --check

fmt: .venv/.complete ## Format, and mend what the linter can.
	@$(BIN)/ruff check --fix --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

generate: .venv/.complete ## Write XRDs, Compositions, schemas and references from the models.
	@$(BIN)/python -m function.generate

e2e: .venv/.complete ## Compare with Crossplane's own engines, built from Go modules.
	@$(BIN)/pytest -q -m e2e tests/e2e

bench: .venv/.complete ## Measure calls over gRPC, and memory.
	@$(BIN)/python -m benchmarks.calls

clean: ## Remove everything that was built.
	rm -rf .venv .e2e out .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
