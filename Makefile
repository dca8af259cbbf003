# `make` lists what there is. Everything below .venv/ and build/ can be made again.

# Your own: make run CALLS=my.csv RATES=my-rates
CALLS ?=
RATES ?= rates
# make deploy ENV=prod SET="UcrmUrl=https://uisp.example.net/crm AlarmEmail=noc@example.net"
ENV ?= prod
SET ?=
# make bench ARGS="--long"
ARGS ?=

PYTHON := .venv/bin/python
UV := .venv/bin/uv
# Where Python may not write byte code later, it is written now: everything that starts is some seconds faster.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
COMPILE_LOCK := $(UV) pip compile --quiet --no-header --no-annotate --generate-hashes

.PHONY: help setup run test bench destinations lint format package deploy lock clean
.DEFAULT_GOAL := help

help: ## list what there is
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: .venv/.ready ## make .venv with everything pinned (the other targets do it themselves)

.venv/.ready: requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit("callmeter needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@echo "setting up .venv, once"
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(UV) pip install --quiet --python $(PYTHON) $(COMPILE) --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## the whole system on this machine; CALLS=my.csv RATES=my-rates for your own
	@.venv/bin/callmeter local $(CALLS) --rates $(RATES)

test: lint ## everything that has to hold: style, types, all tests
	$(PYTHON) -m pytest -n 2 --dist loadfile

bench: setup ## how fast it rates on this machine, against the goals; ARGS="--long", "--calls 1000000", …
	@PYTHONPATH=tests $(PYTHON) -m bench $(ARGS)

destinations: setup ## rates/destinations.csv, and the sample decks, from the phone metadata again
	$(PYTHON) -m callmeter.local.sample --rates rates

lint: setup ## style and types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy --strict layers functions infra tests
	@if grep -n '://' requirements.lock infra/requirements-*.txt; then \
		echo "A lock file names a registry's address: none may." >&2; exit 1; fi

format: setup ## put the code into the one style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

package: setup ## build/: the functions, their layers and the template, as Lambda takes them
	$(PYTHON) infra/package.py

deploy: package ## to AWS, as stack callmeter-$ENV; SET="UcrmUrl=https://… AlarmEmail=…" the first time
	$(PYTHON) infra/deploy.py --stack callmeter-$(ENV) $(foreach pair,$(SET),--parameter '$(pair)')

lock: setup ## pin what pyproject.toml asks for, and Lambda's part of it
	$(COMPILE_LOCK) pyproject.toml --group dev --universal -o requirements.lock
	$(COMPILE_LOCK) infra/requirements-lambda.in --constraint requirements.lock \
		--python-version 3.13 --python-platform x86_64-manylinux_2_28 -o infra/requirements-lambda.txt
	echo typst | $(COMPILE_LOCK) - --constraint requirements.lock \
		--python-version 3.13 --python-platform x86_64-manylinux_2_28 -o infra/requirements-typst.txt

clean: ## remove everything that was made
	rm -rf .venv build *.egg-info layers/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .local
	find functions infra layers tests -name __pycache__ -type d -prune -exec rm -rf {} +
