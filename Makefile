# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
# Graphs of this size are fastest with one thread a process; and no spinning while a thread waits.
export OMP_WAIT_POLICY := PASSIVE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint types unit bench pictures clean

demo: $(VENV)/.demo
	OMP_NUM_THREADS=1 $(BIN)/python -m experiments.demo

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

bench: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m experiments.benchmarks.building

# Takes the pictures of the pages in docs/pictures anew, of what the demonstration leaves; needs Chromium and Node.
pictures: demo $(VENV)/.dev
	OMP_NUM_THREADS=1 MMGRAPH_BROWSER=required MMGRAPH_DEMO=runs/demo MMGRAPH_PICTURES=docs/pictures \
		$(BIN)/python -m pytest tests/browser/test_pictures.py

clean:
	rm -rf $(VENV) .browser runs .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.demo
