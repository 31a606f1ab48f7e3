PYTHON ?= python3
BIN := .venv/bin
NATIVE := $(shell find src rust -name '*.py[xd]' -o -name '*.pxi' -o -name '*.rs' -o -name Cargo.toml) \
          Cargo.toml Cargo.lock pyproject.toml setup.py build_backend/mm_build.py

.DEFAULT_GOAL := help
.PHONY: help build run test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 20

build: .venv/.built ## set up .venv and build the native modules (again only when their sources changed)

run: build ## run the market maker on the embedded simulation
	$(BIN)/python -m mm.run $(ARGS)

test: build ## every test
	cargo test -q --locked -p mm-core
	$(BIN)/python -m pytest -q

# The build requirements live in the venv, so the extensions are built without isolation (fixed paths: fast rebuilds).
.venv/.requires: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" > .venv/requires.txt
	$(BIN)/python -m pip install -q -r .venv/requires.txt
	@touch $@

# Stamped with the time the build began: a source saved while it runs is still newer.
.venv/.built: .venv/.requires $(NATIVE)
	@touch $@.new
	$(BIN)/python -m pip install -q --no-build-isolation -e '.[test,lint]'
	@mv $@.new $@

clean: ## remove the venv and everything built
	rm -rf .venv build dist target
	find src -name '*.so' -delete
