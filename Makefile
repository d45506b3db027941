# Tideline: `make run` starts everything, `make test` tests everything. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := contracts infra/chassis infra/provision infra/local services/producer services/processor services/query-api services/cli
IMAGES := services/producer services/processor services/query-api infra/provision
STACK := $(BIN)/python -m local_stack
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

ifdef PROCESSORS
export TIDELINE_PROCESSORS := $(PROCESSORS)
endif

.PHONY: help run stop status clean lag test check format lint types imports lock bench bench-full bench-peers bench-targets profile setup setup-dev docs dashboard dashboard-check dashboard-test dataset audit sbom images

help: ## Show this list
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run it

run: setup ## Start Kafka, Postgres, producer, processor and query-api; Ctrl-C stops them. PROCESSORS=2
	@exec $(STACK) run

stop: setup ## Stop what `make run` started, from another terminal
	@$(STACK) stop

status: setup ## Say what runs where
	@$(STACK) status

lag: setup ## Consumer lag of every partition, told by Kafka's own tool
	@$(STACK) lag

clean: setup ## Delete all data of `make run` (asks first)
	@$(STACK) clean

##@ Give it data

dataset: setup ## Write moulding inspections to try things with: ROWS=100000 FILE=dataset.json SEED=1 FORMAT=json|ndjson|csv
	@$(BIN)/tideline dataset "$(or $(FILE),dataset.$(or $(FORMAT),json))" --rows $(or $(ROWS),100000) --seed $(or $(SEED),1) $(if $(FORMAT),--format $(FORMAT))

ingest: setup ## Ingest a dataset: URL=https://…; ID=molding names its stream
	@test -n "$(URL)" || { echo "Say which: make ingest URL=https://… [ID=molding]"; exit 2; }
	@$(BIN)/tideline ingest "$(URL)" $(if $(ID),--id "$(ID)")

##@ Change it

setup-dev: $(VENV)/installed-dev ## Install into .venv what tests and checks need

check: lint types imports dashboard-check ## Format, lint, types and import rules: all must be clean

test: setup-dev ## Run all tests, two files at a time, on real servers of their own; ARGS=tests/e2e for a part
	@$(if $(ARGS),,$(STACK) dashboard-test)
	@$(BIN)/python -m pytest $(or $(ARGS),-n 2 --dist loadfile)

format: setup-dev ## Format the code and fix what can be fixed by itself
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

dashboard: setup ## Build the dashboard, if its sources changed (`make run` does it too)
	@$(STACK) dashboard

docs: setup-dev ## Write what is generated from code: docs/configuration.md, tables, JSON schemas
	@$(BIN)/python -m docs.generate

lock: setup-dev ## Resolve all dependencies again and write the lock files
	@infra/lock-requirements

lint: setup-dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup-dev
	@$(BIN)/mypy

imports: setup-dev
	@$(BIN)/lint-imports

dashboard-check: setup
	@$(STACK) dashboard-check

dashboard-test: setup
	@$(STACK) dashboard-test

##@ Ship it

images: ## Build the four images, tagged with the version and labelled with the commit (needs Docker)
	@test -z "$$(git status --porcelain)" || { echo "Commit first: the images would be labelled with a commit that they are not made of."; exit 1; }
	@version=$$(sed -n 's/^version = "\(.*\)"/\1/p' services/processor/pyproject.toml); \
	for name in $(notdir $(IMAGES)); do docker build --target $$name --tag tideline/$$name:$$version \
	  --build-arg PYTHON_IMAGE --build-arg NODE_IMAGE --label org.opencontainers.image.revision=$$(git rev-parse HEAD) \
	  --label org.opencontainers.image.created=$$(git log -1 --format=%cI) . || exit 1; done

sbom: setup-dev ## Write what is installed here, and in each image, to .local/sbom*.json (CycloneDX)
	@mkdir -p .local && $(BIN)/cyclonedx-py environment $(BIN)/python --output-format JSON --output-file .local/sbom.json && echo "written: .local/sbom.json"
	@for folder in $(IMAGES); do out=.local/sbom-$${folder##*/}.json; $(BIN)/python -W ignore -m cyclonedx_py requirements $$folder/requirements.lock \
	  --pyproject $$folder/pyproject.toml --output-format JSON --output-file $$out && echo "written: $$out" || exit 1; done

audit: setup-dev ## Ask PyPI whether a locked package has a known vulnerability
	@$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r requirements-dev.lock

##@ Measure it

bench: setup-dev ## Measure beside the limits of the same machine, in 8 minutes; ARGS="--only routes" for a part
	@$(BIN)/python -m benchmarks bench $(ARGS)

bench-full: setup-dev ## All other measurements, in 17 minutes, with 15 GB of disk; ARGS="--only sizes --cores 0,1"
	@$(BIN)/python -m benchmarks bench-full $(ARGS)

bench-peers: setup-dev ## The same work by FastStream handlers and by Quix Streams (installed for it), and after a kill
	@$(BIN)/python -m benchmarks bench-peers $(ARGS)

bench-targets: setup-dev ## Which targets the last runs reached; ARGS=--docs writes it into docs/performance.md
	@$(BIN)/python -m benchmarks.targets $(ARGS)

profile: setup-dev ## Where the microseconds of an event go; docs/performance.md says how to read it
	@$(BIN)/python -m benchmarks profile $(ARGS)

##@ Prove it, for minutes or hours

.PHONY: chaos mutants soak recovery long fuzz
SCHEDULES ?= 5000
KILLS ?= 100
FUZZ ?= 10000
LONG := tests/integration/test_loop_schedules.py tests/integration/test_malformed_fuzz.py tests/chaos/test_kill_points.py \
	tests/chaos/test_own_brokers.py tests/integration/test_api_contract.py contracts/tests/test_properties.py
ROUNDS ?= 10
HOURS ?= 1
SEEDS ?= 3
MINUTES ?= 1

chaos: setup-dev ## Random faults over three processors and two producers, recounted; SEEDS=10 MINUTES=2 ARGS="--first 7"
	@$(BIN)/python -m chaos --seeds $(SEEDS) --minutes $(MINUTES) $(ARGS)

soak: setup-dev ## One long run with a fault a minute: memory, open files and lag as a picture; HOURS=8
	@$(BIN)/python -m chaos.soak --hours $(HOURS) $(ARGS)

long: setup-dev ## Hours of tests: SCHEDULES=5000 of the loop, KILLS=100 at each point, FUZZ=10000 damaged records
	@TIDELINE_TEST_LONG=1 TIDELINE_TEST_SCHEDULES=$(SCHEDULES) TIDELINE_TEST_KILLS=$(KILLS) TIDELINE_TEST_FUZZ=$(FUZZ) \
	$(BIN)/python -m pytest --hypothesis-profile=search $(or $(ARGS),$(LONG))

fuzz: setup-dev ## Have atheris (fetched into .local for it) invent records for the decoder: MINUTES=10
	@test -d .local/atheris || $(PIP) install --target .local/atheris --no-deps atheris
	@PYTHONPATH=.local/atheris $(BIN)/python -m chaos.fuzz --minutes $(MINUTES) $(ARGS)

recovery: setup-dev ## How long a killed processor, a stopped one, Postgres and the broker hold things up; ROUNDS=20
	@$(BIN)/python -m chaos.recovery --rounds $(ROUNDS) $(ARGS)

mutants: setup-dev ## Put known bugs into a copy of the code, one at a time: a test must catch each; ARGS="latest" for one
	@$(BIN)/python -m mutants $(ARGS)

setup: $(VENV)/installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tideline needs Python 3.11 or newer: make PYTHON=/path/to/python3.13 $(or $(MAKECMDGOALS),run)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: requirements-local.lock $(PACKAGES:%=%/pyproject.toml) | $(VENV)/bin/python
	@echo "Installing locked packages into $(VENV) (once; about a minute)…"
	@infra/install-locked $(BIN)/python requirements-local.lock
	@$(PIP) install --no-build-isolation --no-deps $(PACKAGES:%=-e %)
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing what tests and checks need…"
	@infra/install-locked $(BIN)/python requirements-dev.lock
	@touch $@
