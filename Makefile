PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NATIVE := $(shell find src rust -name '*.py[xd]' -o -name '*.pxi' -o -name '*.rs' -o -name Cargo.toml) \
          Cargo.toml Cargo.lock pyproject.toml setup.py build_backend/mm_build.py
# What an extra of pyproject.toml asks for, one requirement a line, without building the project again for it.
EXTRA = $(BIN)/python -c "import sys, tomllib; \
  print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies'][sys.argv[1]], sep='\n')"

.DEFAULT_GOAL := help
.PHONY: help build run test lint types rust-lint judges test-postgres test-packaging bench fuzz fuzz-native journal-images faults faults-long endurance kills soak soak-beside audit-fills drift guards clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 20

build: .venv/.built ## set up .venv and build the native modules (again only when their sources changed)

run: build ## run the market maker on the embedded simulation (ARGS="--seconds 60")
	@$(BIN)/python -m mm.run $(ARGS)

# One waits for processes and sockets most of the time.
WORKERS = $(shell expr `nproc 2>/dev/null || sysctl -n hw.ncpu` + 1)

test: build ## every quick test: Rust, then Python (ARGS="-k book")
	cargo test -q --locked -p mm-core
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist loadgroup $(ARGS)

# cython-lint starts a bare `pycodestyle`.
lint: export PATH := $(CURDIR)/$(BIN):$(PATH)
lint: build ## style: ruff, cython-lint, layering
	$(BIN)/ruff check -q
	$(BIN)/ruff format -q --check
	find src -name '*.py[xd]' -print0 | xargs -0 -r $(BIN)/cython-lint
	$(BIN)/lint-imports --no-cache

types: build ## mypy strict, and each native module against its stub
	$(BIN)/mypy
	$(BIN)/python tools/check_stubs.py

rust-lint: ## clippy and rustfmt, where they are installed
	@if cargo clippy -V >/dev/null 2>&1; then set -x; cargo clippy -q --locked --workspace --all-targets -- -D warnings; else echo "clippy is not installed: left out"; fi
	@if cargo fmt --version >/dev/null 2>&1; then set -x; cargo fmt --all --check; else echo "rustfmt is not installed: left out"; fi

judges: build ## install the clients of others that the tests let trade against the simulated venue
	@$(MAKE) --no-print-directory .venv/.judges || echo "they cannot be installed here: their tests will be skipped"

test-postgres: build .venv/.postgres ## the store against a real PostgreSQL server on loopback, installed if missing
	$(BIN)/python tools/postgres_server.py
	$(BIN)/python -m pytest -q -m postgres tests/store $(ARGS)

test-packaging: build .venv/.release ## build, install and look into sdist, wheel and editable install (minutes)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m packaging tests/packaging

bench: build ## one table: ours, baselines, ratio, target; fails on a regression (ARGS="-k b1")
	$(BIN)/python -m benches $(ARGS)

fuzz: build ## generated cases drawn afresh, thousands a property (ARGS="tests/core")
	MM_CAMPAIGN=1 $(BIN)/python -m pytest -q $(if $(ARGS),$(ARGS),tests/core tests/exchanges tests/risk tests/strategies)

fuzz-native: ## libFuzzer over the native decoders, numbers and the journal, each so long (ARGS="--seconds 3600 json")
	$(PYTHON) tools/fuzz_native.py $(ARGS)

journal-images: ## 2,000 images of a journal's disk that lost power, 5,000 random damages (a minute; IMAGES=10000 DAMAGES=10000)
	MM_JOURNAL_IMAGES=$(or $(IMAGES),2000) MM_JOURNAL_MUTATIONS=$(or $(DAMAGES),5000) cargo test -q --release --locked -p mm-core journal::tests -- --nocapture

# Verdicts are kept by all that a build is made of: those of another build are no verdicts of this one.
FAULTS = build/faults/$$($(BIN)/python tools/build_mark.py)

faults: build ## 300 seeds of three venues in which everything goes wrong, judged; goes on where it was (ARGS="--first 301")
	$(BIN)/python -m mm chaos --seeds 300 --processes 2 --state $(FAULTS).jsonl $(ARGS)

faults-long: build ## all campaigns of faults, one after another (days; goes on where it was; what fails is named at the end)
	@failed=; \
	step() { name=$$1; shift; printf '\n== %s\n' "$$name"; "$$@" || failed="$$failed, $$name"; }; \
	step "10,000 seeds and every ordered pair of classes" \
	  $(BIN)/python -m mm chaos --seeds 10000 --pairs --processes 2 --state $(FAULTS).jsonl; \
	step "twenty seeds of each fault" $(BIN)/python tools/fault_table.py --run; \
	step "all kill points" $(BIN)/python tools/kills.py --all --state build/faults/kills.json; \
	step "disks that lost power" $(MAKE) --no-print-directory journal-images; \
	step "native readers" $(MAKE) --no-print-directory fuzz-native ARGS="--seconds 900"; \
	test -z "$$failed" || { echo "FAILED: $${failed#, }" >&2; exit 1; }

endurance: build ## a quarter of an hour with every fault of three venues, judged by their ledgers (ARGS="--seconds 150 --no-ends")
	$(BIN)/python tools/endurance.py $(ARGS)

kills: build ## a bot killed at 60 of its writes, syncs and sends, judged by the ledgers (ARGS="--all", ARGS="--ten")
	$(BIN)/python tools/kills.py $(ARGS)

soak: build ## five minutes over sockets at 10,000 messages a second, bursts of 50,000: memory, loop, every fill (ARGS="--seconds 7200")
	$(BIN)/python tools/soak.py $(ARGS)

soak-beside: build ## five minutes of it beside other work, at a tenth of the rate: memory, every fill
	$(BIN)/python tools/soak.py --busy --rate 1000 --burst 5000 $(ARGS)

audit-fills: build ## derive every fill of a seeded session again from the tape and the order log
	$(BIN)/python tools/audit_session.py build/audit/orders.jsonl --minutes 8 $(ARGS)
	$(BIN)/python tools/audit_fills.py build/audit/orders.jsonl

drift: build ## ten million random fills through a position, exact to the unit (a minute)
	MM_DRIFT_FILLS=10000000 $(BIN)/python -m pytest -q tests/core/test_positions.py -k drift

guards: build ## take each guard out of a copy: its fault's test must fail (ARGS="F68", ARGS="--native")
	$(BIN)/python tools/guards.py $(ARGS)

# The build requirements live in the venv, so the extensions are built without isolation (fixed paths: fast rebuilds).
.venv/.requires: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'mm needs Python 3.11 or later: make PYTHON=python3.11')"
	@cargo --version >/dev/null 2>&1 || { echo "mm needs cargo (Rust 1.85 or later) on PATH" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" > .venv/requires.txt
	$(PIP) install -q -r .venv/requires.txt
	@touch $@

# Stamped with the time the build began: a source saved while it runs is still newer.
.venv/.built: .venv/.requires $(NATIVE)
	@touch $@.new
	$(PIP) install -q --no-build-isolation -e '.[test,lint]'
	@mv $@.new $@

.venv/.release .venv/.judges .venv/.postgres: .venv/.%: .venv/.requires
	$(EXTRA) $* > .venv/$*.txt
	$(PIP) install -q -r .venv/$*.txt
	@touch $@

clean: ## remove the venv and everything built
	rm -rf .venv build dist target
	find src -name '*.so' -delete
