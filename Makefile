# Every verb sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
# As it is: make's functions for paths would split it at spaces, and its value may contain a dollar sign.
DATA_DIR ?= .data
export DATA_DIR := $(if $(filter /%,$(firstword $(value DATA_DIR))),,$(CURDIR)/)$(value DATA_DIR)
export DAGSTER_HOME := $(DATA_DIR)/dagster
export PYTHONPATH := platform
export DAGSTER_DISABLE_TELEMETRY := 1
# Arrow allocates and frees many batches: of its allocators, jemalloc asks the kernel for memory least often.
export ARROW_DEFAULT_MEMORY_POOL := jemalloc

# An environment of another Python version is only replaced if a version was asked for.
SET_UP := $(PYTHON) -m scripts.setup --venv $(VENV) $(if $(filter file,$(origin PYTHON)),,--exact)
NO_PYTHON := There is no $(PYTHON) on this machine. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12
PYTEST := $(PY) -m pytest --dist loadfile --no-loadscope-reorder --durations=10

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/; s/[$$][$$]/$$/' | expand -t 13

setup:  ## make .venv and compile ahead; PYTHON=python3.12 make setup
	@command -v $(PYTHON) >/dev/null || { echo "$(NO_PYTHON)"; exit 1; }
	@$(SET_UP) $(if $(filter setup,$(MAKECMDGOALS)),,--quiet)

setup-tests:  # and what tests and checks need, from requirements.lock
	@$(SET_UP) --tests --quiet

demo: setup  ## simulate two days of events, materialize everything, show the results
	@$(PY) -m demo

test: setup-tests  ## the tests to run while you work (5 minutes); skips those whose server or browser is missing
	@$(PYTEST) -n 2 -m "not verify"

# Three workers for two cores, as some of these tests wait for servers.
verify: test  ## all tests: `make test`, then those marked verify (30 minutes more)
	@$(PYTEST) -n 3 -m verify

dev: setup  ## the Dagster UI, with sensors on; drop files into $$DATA_DIR/landing; PORT=3001 make dev
	@$(PY) -m scripts.dev $(PORT)

RATE ?= 500
stream: setup  ## land events of all streams as they happen, until Ctrl-C; RATE=500 make stream
	@$(PY) -m simulate.live --rate $(RATE) --landing "$$DATA_DIR/landing"

stop:  ## end what `make dev` started
	@$(PYTHON) -m scripts.stop

doctor: setup  ## check settings, folders, disk, catalog, warehouse, landing zone, versions and clock
	@$(PY) -m resources.doctor

clean:  ## delete the data in DATA_DIR, after a question; CONFIRM=yes make clean
	@$(PYTHON) -m scripts.clean $(CONFIRM)

check: setup-tests  ## ruff, mypy --strict and dagster definitions validate
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy
	@PYTHONWARNINGS=ignore:Function $(VENV)/bin/dagster definitions validate -w workspace.yaml  # it would name dg

bench: setup  ## events/s and memory, compared with DuckDB alone; STREAM=web N=4000000 make bench
	@$(PY) bench/bench.py

FUZZ_SECONDS ?= 120
SEED ?= 0
fuzz: setup-tests  ## corrupt files and check that nothing raises and no record is lost; FUZZ_SECONDS=120 SEED=0
	@FUZZ_SECONDS=$(FUZZ_SECONDS) SEED=$(SEED) POLARS_MAX_THREADS=1 $(PY) -m pytest -n 2 -rP tests/unit/events/test_fuzz.py

fuzz-bounds: setup-tests  ## a short fuzz with bounds checks in the compiled functions
	@NUMBA_BOUNDSCHECK=1 $(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

MINUTES ?= 20
SOAK_RATE ?= 1000
soak: setup-tests  ## live events while processes are killed and the disk is full; MINUTES=20 SOAK_RATE=1000 make soak
	@SOAK_MINUTES=$(MINUTES) SOAK_RATE=$(SOAK_RATE) $(PY) -m pytest -s tests/integration/test_soak.py

KAFKA_MESSAGES ?= 1000000
soak-kafka: setup-tests  ## kill drains of a real Kafka while a million messages arrive; needs java and mvn; KAFKA_MESSAGES=10000
	@.ci/kafka
	@KAFKA_MESSAGES=$(KAFKA_MESSAGES) $(PY) -m pytest -rP tests/integration/test_kafka_kill.py -k lose_and_double

sources: setup  ## write dbt's sources.yml from the contracts
	@$(PY) -m resources.dbt_sources

contracts: setup  ## write docs/contracts/ from the contracts; fails if a contract's version is too low
	@$(PY) -m resources.contract_pages

rejected: setup  ## list rejected records and the reasons; make rejected STREAM=commerce [HOUR=2026-01-01-00:00]
	@$(PY) -m resources.list_rejected "$(STREAM)" $(HOUR)

status: setup  ## list what is failed, refused, late or waiting, by stream
	@$(PY) -m assets.status

cost: setup  ## what the last runs took and cost, by asset; DAYS=30 BY_DAY=yes FORMAT=json make cost
	@$(PY) -m assets.cost --days $(or $(DAYS),7) $(if $(BY_DAY),--by-day) --format $(or $(FORMAT),table) \
		$(if $(PRICES),--prices "$(PRICES)")

pictures: setup-tests demo  ## take the README's pictures from the demo's UI (needs Chromium)
	@$(PY) docs/pictures/make.py

repair: setup  ## bring back the rows of lost or damaged data files; make repair [STREAM=commerce]
	@$(PY) -m dagster job execute -m definitions -d platform -j repair $(if $(STREAM),-o repair_$(STREAM))

recover: setup  ## register the lake's tables again after the catalog was lost; stop the platform first
	@$(PY) -m dagster job execute -m definitions -d platform -j recover

.PHONY: help setup setup-tests demo test verify dev stream stop doctor clean check bench fuzz fuzz-bounds soak soak-kafka \
	sources contracts rejected status cost pictures repair recover
