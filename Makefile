# Everything a contributor and CI run. One virtual environment for each ansible-core: make test CORE=2.19
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CORE ?= 2.21
VENV := $(if $(filter 2.21,$(CORE)),.venv,.venv-$(CORE))
BIN := $(VENV)/bin
PINNED := requirements/core-$(CORE).txt requirements/dev.txt requirements/collections.txt
IMPORTER := .venv-importer
PYTHON ?= $(shell tools/newest-python)
export PYTHONPATH := tests
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: $(PINNED) tools/newest-python
	@[ -n "$(PYTHON)" ] || { echo "no Python >= 3.12 found: install one, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@[ ! -L $(VENV) ] || { echo "$(VENV) is a link: install the pinned requirements where it leads, then touch $@" >&2; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) --version) and ansible-core $(CORE)"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements/core-$(CORE).txt -r requirements/dev.txt
	$(BIN)/pip install -qq --disable-pip-version-check --no-deps -r requirements/collections.txt
	@touch $@

.PHONY: venv
venv: $(VENV)/.ready ## the virtual environment with everything pinned

# Kerberos is compiled: where this machine cannot, it is tried again next time, and the tests with a KDC are skipped.
$(VENV)/.kerberos: $(VENV)/.ready requirements/kerberos.txt
	@if command -v krb5-config >/dev/null && command -v cc >/dev/null; then \
	  { CFLAGS=-O0 $(BIN)/pip install -qq --disable-pip-version-check --no-deps -r requirements/kerberos.txt && touch $@; } \
	    || echo "Kerberos cannot be compiled here: the tests with a KDC are skipped"; \
	else echo "no Kerberos for the tests: apt install gcc libkrb5-dev krb5-kdc krb5-admin-server krb5-user"; fi

$(IMPORTER)/.ready: requirements/importer.txt tools/newest-python
	$(PYTHON) -m venv --clear $(IMPORTER)
	$(IMPORTER)/bin/pip install -qq --disable-pip-version-check -r requirements/importer.txt
	@touch $@

.PHONY: demo
demo: venv ## install the agent on three emulated Windows servers, twice, then upgrade one and roll one back
	$(BIN)/python tools/demo.py

# Molecule by day: one role. make molecule and make test-all run every scenario.
BY_DAY := im_settings

# What is dear is begun first (DEAR in tests/conftest.py), so that no core waits for the last of it.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# $(call beside_molecule,scenarios,tests): both at once; a failure of either is one of the target.
beside_molecule = @$(BIN)/python tests/collection_tree.py; \
  $(MAKE) molecule SCENARIOS="$(1)" > build/molecule.log 2>&1 & molecule=$$!; trap "kill $$molecule" INT TERM; tests=0; \
  $(2) || tests=$$?; \
  wait $$molecule || { cat build/molecule.log; echo "the molecule scenarios failed, see above" >&2; exit 1; }; \
  echo "the molecule scenarios passed: build/molecule.log"; exit $$tests

.PHONY: test
test: venv $(VENV)/.kerberos ## the tests and, in parallel, some molecule scenarios
	$(call beside_molecule,$(BY_DAY),$(PYTEST))

.PHONY: test-all
test-all: venv $(VENV)/.kerberos ## the tests with the long matrices and, in parallel, all molecule scenarios (nightly)
	$(call beside_molecule,,IMOPS_NIGHTLY=1 IMOPS_EXAMPLES=10000 $(PYTEST))

# Molecule's state is in build/, so that checkouts do not share one; a run that was killed is cleaned up first.
MOLECULE := PATH="$(CURDIR)/$(BIN):$$PATH" MOLECULE_EPHEMERAL_DIRECTORY="$(CURDIR)/build/molecule/state" \
  $(if $(MOLECULE_WINDOWS_INVENTORY),MOLECULE_WINDOWS_INVENTORY="$(abspath $(MOLECULE_WINDOWS_INVENTORY))") molecule

.PHONY: molecule
molecule: venv ## a scenario for each role, on emulated servers (SCENARIOS="install im_pool": these; MOLECULE_WINDOWS_INVENTORY=path)
	$(BIN)/python tests/collection_tree.py
	$(MOLECULE) destroy
	$(MOLECULE) test $(or $(addprefix --scenario-name ,$(SCENARIOS)),--all) --no-command-borders

.PHONY: coverage
coverage: venv ## branch coverage of plugins/ by the unit tests: at least 95 %
	COVERAGE_CORE=sysmon $(BIN)/coverage run -m pytest tests/unit
	$(BIN)/coverage report
	$(BIN)/python tools/coverage_figure.py

SAMPLE ?= 300
SEED ?= 7
MINUTES ?= 60

.PHONY: mutation
mutation: venv ## whether the unit tests detect small changes of the code; summary in build/mutation (SAMPLE=300 SEED=7 MINUTES=60)
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements/mutation.txt
	$(BIN)/python tools/mutation.py --sample $(SAMPLE) --seed $(SEED) --minutes $(MINUTES)

.PHONY: chain
chain: venv ## install.yml on a real PowerShell under Wine, three runs, with a summary in build/chain
	$(BIN)/python tools/engine_chain.py

.PHONY: scenarios
scenarios: venv ## every awkward server of tests/scenarios, with a summary in build/scenarios (MIX_SEED=n MIXES=n: servers that seeds draw)
	$(BIN)/python tools/scenarios.py $(if $(MIXES),--seed $(or $(MIX_SEED),0) --mixes $(MIXES))

.PHONY: report-demo
report-demo: venv ## audit 12 emulated servers with planted faults and drift; prints the report's path
	$(BIN)/python tools/report_demo.py

.PHONY: audit-pictures
audit-pictures: venv ## the pictures of docs/audit.md, taken in Chromium of the report of make report-demo
	$(BIN)/python tools/audit_pictures.py

.PHONY: audit-rules
audit-rules: venv ## whether each rule of the audit finds its planted fault; summary in build/audit/rules.json
	$(BIN)/python tools/audit_rules.py

BENCH := PYTHONPATH="$(CURDIR)/tests:$$($(BIN)/python tests/collection_tree.py)" $(BIN)/python tools/bench.py

.PHONY: bench
bench: venv ## our playbook against a hand-written one, over an hour on a quiet machine (HOSTS=1:3,10:2,50:1 servers:rounds, IDLE_HOSTS=200, RESUME=1; QUICK=1: 1 and 10 servers)
	$(BENCH) $(if $(HOSTS),--hosts "$(HOSTS)") $(if $(filter undefined,$(origin IDLE_HOSTS)),,--idle-hosts "$(IDLE_HOSTS)") $(if $(RESUME),--resume) $(if $(QUICK),--quick)

.PHONY: bench-scale
bench-scale: venv ## 1,000 servers, and a table of forks at 200, at most 30 minutes on a quiet machine (SIZES=200,1000 FORKS=10,25,50,100,150 TABLE_SIZE=200 RESUME=1)
	$(BENCH:bench.py=bench_scale.py) $(if $(SIZES),--sizes "$(SIZES)") $(if $(FORKS),--forks "$(FORKS)") $(if $(TABLE_SIZE),--table-size $(TABLE_SIZE)) $(if $(RESUME),--resume)

.PHONY: bench-report
bench-report: venv ## docs/benchmarks.md and its plot from the last make bench
	$(BIN)/pip install -qq --disable-pip-version-check -r requirements/bench.txt
	$(BIN)/python tools/bench_report.py

.PHONY: fidelity
fidelity: venv ## the emulator against the real modules on a PowerShell engine, with a summary in build/fidelity (CASES=n MODULES=a,b FIDELITY_SEED=n RESUME=1)
	$(BIN)/python tools/measure_fidelity.py $(if $(RESUME),--resume) $(if $(CASES),--cases $(CASES)) $(if $(MODULES),--modules $(MODULES)) $(if $(FIDELITY_SEED),--seed $(FIDELITY_SEED))

.PHONY: fidelity-report
fidelity-report: venv ## the tables of docs/fidelity.md from the last make fidelity
	$(BIN)/python tools/fidelity_report.py

# Two at a time, the long ones first; each prints what it has when it ends, and a failure stops none of the others. The
# importer comes alone: it ends its own ansible-lint after 180 seconds, which one beside it would make too few.
LINTERS := ansible-lint sanity mypy docs dead-names ruff format yamllint secrets dependencies changelog actionlint

.PHONY: lint
lint: venv $(IMPORTER)/.ready ## all linters, two at a time (make lint-mypy: one of them)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going $(addprefix lint-,$(LINTERS))
	@$(MAKE) --no-print-directory lint-galaxy-import

.PHONY: $(addprefix lint-,$(LINTERS) galaxy-import)
lint-format:; $(BIN)/ruff format --check .
lint-ruff:; $(BIN)/ruff check .
lint-mypy:; $(BIN)/mypy
lint-yamllint:; $(BIN)/yamllint --strict .
lint-secrets:; $(BIN)/python tools/secrets_check.py
lint-dependencies:; $(BIN)/python tools/dependencies.py
lint-dead-names:; $(BIN)/python tools/dead_names.py
lint-ansible-lint:; $(BIN)/python tools/ansible_lint.py
lint-sanity:; $(BIN)/python tools/sanity.py
lint-changelog:; $(BIN)/antsibull-changelog lint
lint-actionlint:; $(BIN)/actionlint
lint-docs:; $(BIN)/python tools/docs_site.py --lint
lint-galaxy-import:; $(BIN)/python tools/galaxy_import.py $(IMPORTER)/bin/python

.PHONY: docs
docs: venv ## the documentation's site, in build/docs/html
	$(BIN)/python tools/docs_site.py

.PHONY: secrets-baseline
secrets-baseline: venv ## record false positives of the secret scan; review each line first
	$(BIN)/python tools/secrets_check.py --accept

.PHONY: build
build: venv ## the collection's archive, in build/
	$(BIN)/ansible-galaxy collection build --force --output-path build

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build .venv .venv-*
