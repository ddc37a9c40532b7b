# Every verb sets up what it needs; `make help` lists them.
PY := .venv/bin/python
DATA_DIR ?= .data
export DATA_DIR := $(abspath $(DATA_DIR))
export DAGSTER_HOME := $(DATA_DIR)/dagster
export PYTHONPATH := platform
export DAGSTER_DISABLE_TELEMETRY := 1
# Arrow allocates and frees many batches: of its allocators, jemalloc asks the kernel for memory least often.
export ARROW_DEFAULT_MEMORY_POOL := jemalloc

PYTEST := $(PY) -m pytest --dist loadfile --no-loadscope-reorder --durations=10

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 13

setup: .venv/installed .venv/compiled $(DAGSTER_HOME)/dagster.yaml  ## make .venv from requirements.lock, prepare dbt's manifest and machine code
	@$(PY) -c "from resources.dbt import manifest_path; manifest_path()"

.venv/installed: requirements.lock
	@if command -v uv >/dev/null; then uv venv -q --clear .venv && uv pip sync -q --compile-bytecode --require-hashes -p $(PY) $<; \
	else python3 -m venv --clear .venv && $(PY) -m pip install -q --require-hashes --no-deps -r $<; fi
	@touch $@

.venv/compiled: .venv/installed $(wildcard platform/events/*.py platform/events/*/*.py)
	@$(PY) -m events.prepare && touch $@

$(DAGSTER_HOME)/dagster.yaml: dagster.yaml
	@mkdir -p $(@D) && cp $< $@

demo: setup  ## simulate two days of events, materialize everything, show the results
	@$(PY) -m demo

test: setup  ## the tests to run while you work (5 minutes); skips those whose server or browser is missing
	@$(PYTEST) -n 2 -m "not verify"

# Three workers for two cores, as some of these tests wait for servers.
verify: test  ## all tests: `make test`, then those marked verify (18 minutes more)
	@$(PYTEST) -n 3 -m verify

dev: setup  ## the Dagster UI, with sensors on; drop files into $$DATA_DIR/landing
	@$(PY) -m dagster dev -w workspace.yaml

check: setup  ## ruff, mypy --strict and dagster definitions validate
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/dagster definitions validate -w workspace.yaml

bench: setup  ## events/s and memory, compared with DuckDB alone; STREAM=web N=4000000 make bench
	@$(PY) bench/bench.py

FUZZ_SECONDS ?= 120
SEED ?= 0
fuzz: setup  ## corrupt files and check that nothing raises and no record is lost; FUZZ_SECONDS=120 per stream, SEED=0
	@FUZZ_SECONDS=$(FUZZ_SECONDS) SEED=$(SEED) POLARS_MAX_THREADS=1 $(PY) -m pytest -n 2 -rP tests/unit/events/test_fuzz.py

fuzz-bounds: setup  ## a short fuzz with bounds checks in the compiled functions
	@NUMBA_BOUNDSCHECK=1 $(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

sources: setup  ## write dbt's sources.yml from the contracts
	@$(PY) -m resources.dbt_sources

contracts: setup  ## write docs/contracts/ from the contracts; fails if a contract's version is too low
	@$(PY) -m resources.contract_pages

rejected: setup  ## list rejected records and the reasons; make rejected STREAM=commerce [HOUR=2026-01-01-00:00]
	@$(PY) -m resources.list_rejected "$(STREAM)" $(HOUR)

pictures: demo  ## take the README's pictures from the demo's UI (needs Chromium)
	@$(PY) docs/pictures/make.py

repair: setup  ## bring back the rows of lost or damaged data files; make repair [STREAM=commerce]
	@$(PY) -m dagster job execute -m definitions -d platform -j repair $(if $(STREAM),-o repair_$(STREAM))

recover: setup  ## register the lake's tables again after the catalog was lost; stop the platform first
	@$(PY) -m dagster job execute -m definitions -d platform -j recover

.PHONY: help setup demo test verify dev check bench fuzz fuzz-bounds sources contracts rejected pictures repair recover
