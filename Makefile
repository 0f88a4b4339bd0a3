# minikafka: every task is one command. `make help` lists them.
#
# Needs Python 3.11+, a C toolchain and cargo; everything else is fetched into .venv and .cache, nothing outside.
# A stamp file stands for each step that is slow, so that a second `make test` only runs tests.

PYTHON ?= $(shell for candidate in python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$candidate; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -type f \( -name '*.rs' -o -name '*.toml' -o -path '*/py/src/*' \))

PACKAGES := $(VENV)/.packages-installed
CORE := $(VENV)/.core-built
TOOLCHAINS := .cache/.conformance-built

.DEFAULT_GOAL := help
.PHONY: help dev demo test fmt lint types unit stories sim conformance differential nightly bench docs deny clean

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '  %-13s %s\n' "$$name" "$$what"; done

dev: $(CORE) ## set up .venv and build the Rust core (only what changed)

demo: dev ## try every claim about lost and repeated messages, both ways; ends with the path of a report
	$(BIN)/minikafka lab run --all --out .cache/lab

test: dev ## run the whole test suite (Java, Go and node parts where those are on PATH)
	$(BIN)/python -m conformance.build
	$(PYTEST)

fmt: $(PACKAGES) ## format Python and Rust sources
	$(BIN)/ruff format python tests conformance bench tools
	$(BIN)/ruff check --fix-only --exit-zero --quiet python tests conformance bench tools
	cargo fmt --all

lint: dev ## ruff, import contracts, rustfmt and clippy, warnings denied
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

types: dev ## mypy --strict, and the stub of the Rust core against the built module
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest minikafka._core

unit: dev ## the fast tests: units, properties, architecture; and the Rust ones
	$(PYTEST) tests/unit tests/properties tests/architecture
	cargo test --workspace --quiet

conformance: dev ## the issue's scenarios with real clients
	$(BIN)/python -m conformance.build
	$(PYTEST) tests/conformance

differential: dev ## the same raw requests to Apache Kafka and here, every field compared (Java)
	$(BIN)/python -m conformance.differential

stories: dev ## run every page of docs/learn in the simulator and check what it shows
	$(PYTEST) tests/stories

sim: dev ## the simulator: 200 seeds, or MINIKAFKA_SIM_SEEDS=N
	$(PYTEST) tests/simulation

nightly: dev ## the full counts; writes docs/reference/nightly.md
	$(BIN)/python -m conformance.build
	$(BIN)/python tools/nightly.py

bench: dev ## rates, latency and CPU beside Apache Kafka and kfake
	$(BIN)/python -m bench

docs: $(PACKAGES) ## build the site into .cache/site (zensical, in an environment of its own)
	@test -x .cache/tools/zensical/bin/zensical || { $(PYTHON) -m venv .cache/tools/zensical && \
		.cache/tools/zensical/bin/pip install --quiet --disable-pip-version-check zensical==0.0.73; }
	.cache/tools/zensical/bin/zensical build

deny: ## licences and sources of the Rust dependencies (builds cargo-deny once, minutes)
	@command -v cargo-deny >/dev/null || test -x .cache/tools/bin/cargo-deny || \
		cargo install --quiet --locked --root .cache/tools cargo-deny
	PATH="$$PATH:.cache/tools/bin" cargo deny check bans licenses sources

clean: ## remove what was built, not what was fetched
	rm -rf $(VENV) target python/minikafka/_core*.so

$(PACKAGES): requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "minikafka needs Python 3.11 or newer on PATH (or make PYTHON=...)" >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "minikafka needs cargo on PATH (https://rustup.rs)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

$(CORE): $(PACKAGES) pyproject.toml $(RUST_SOURCES)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --quiet
	@touch $@
