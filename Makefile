# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
# Checked by `make lint`; tests/e2e drives real engines and has a target of its own.
SOURCES := function tools tests benchmarks testbed release
# Every branch of these is covered by their own tests, or `make test` fails. Tracing costs the
# other tests half of their time.
SAFETY := guards immutable existence bound stale outdated
# Two control planes side by side: their tests wait more than they work.
E2E := -n 2 --dist loadscope --no-loadscope-reorder --junitxml=out/e2e.xml --durations=15

.PHONY: help demo test lint fmt generate up down status e2e e2e-all packages scan newest bench clean
.DEFAULT_GOAL := help

help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Installs what the lock names and nothing else: pip resolves nothing, and then checks the result.
.venv/.complete: requirements-dev.txt pyproject.toml
	@echo "Setting up .venv from requirements-dev.txt, once: about half a minute." >&2
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q function tools
	@conflicts=$$($(BIN)/pip check --disable-pip-version-check) || { echo "$$conflicts" >&2; exit 1; }
	@touch $@

demo: .venv/.complete ## Answer every example order for every example provider; V=1 for reasons.
	@echo "Every example order, answered by the real server for each example provider:"
	@$(BIN)/python -m tools.demo $(if $(V),--verbose)

test: .venv/.complete ## Run all tests that need no other server.
	@$(BIN)/pytest -q -m "not e2e" -n 2 --dist worksteal $(SAFETY:%=--ignore=tests/test_%.py)
	@$(BIN)/pytest -q $(SAFETY:%=tests/test_%.py) $(SAFETY:%=--cov=function.%) --cov-report=
	@$(BIN)/coverage report --fail-under=100

lint: .venv/.complete ## Check format, lint, types, import contracts and generated files.
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate --check

fmt: .venv/.complete ## Format, and fix what the linter can.
	@$(BIN)/ruff check --fix --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

generate: .venv/.complete ## Write XRDs, Compositions, schemas and references from the models.
	@$(BIN)/python -m tools.generate

up: .venv/.complete ## Start a control plane on this machine; PROFILE="capi core-1.20" for others.
	@$(BIN)/python -m testbed up $(PROFILE)

down: .venv/.complete ## End what `make up` started.
	@$(BIN)/python -m testbed down $(PROFILE)

status: .venv/.complete ## Say what `make up` started, and where it listens.
	@$(BIN)/python -m testbed status

# Built first, so that its progress is seen.
e2e: .venv/.complete ## Run the tests on real servers and engines, built from Go modules.
	@$(BIN)/python -m testbed build
	@$(BIN)/pytest -q -m "e2e and not slow" $(E2E) tests/e2e

e2e-all: .venv/.complete ## Run these and those that take long, on more releases.
	@$(BIN)/python -m testbed build --all
	@$(BIN)/pytest -q -m e2e $(E2E) tests/e2e

packages: .venv/.complete ## Build the function's image and the packages of both installs.
	@$(BIN)/python -m release

scan: .venv/.complete ## Look for insecure code, and for known weaknesses of what is pinned.
	@$(BIN)/ruff check --quiet --select S $(SOURCES)
	@$(BIN)/python -m release.scan

newest: .venv/.complete ## Try newer pins in a copy of the project, and say what breaks.
	@$(BIN)/python -m release.newest

bench: .venv/.complete ## Measure calls beside an empty function, memory, growth, and compare.
	@$(BIN)/python -m benchmarks run $(if $(SOAK),--soak $(SOAK))
	@$(BIN)/python -m benchmarks.environments

clean: ## Remove everything that was built.
	rm -rf .venv .testbed out .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
