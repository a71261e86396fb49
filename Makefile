# make            set up, run the first lab, results in results/01
# make test       set up, run the short tests (some ten minutes on two cores)
# make help       the rest
VENV   ?= .venv
PYTHON ?=
JOBS   ?= 2
# More arguments for pytest: make test PYTEST_ARGS="-k relay"
PYTEST_ARGS ?=

PY  := $(VENV)/bin/python
ALL := requirements.lock requirements-all.lock

# Without its bytecode every notebook's kernel compiles the whole stack anew.
unexport PYTHONDONTWRITEBYTECODE
export UV_PYTHON_DOWNLOADS := never
export PYTHON

.PHONY: pythons run setup help test test-long lab notebooks bench lock lint browser-test clean

run: $(VENV)/.ok
	$(PY) -m simmail run 01 --out results/01

setup: $(VENV)/.ok

help:
	@echo 'make               set up, run the first lab; results in results/01'
	@echo 'make lab           open the notebooks in JupyterLab'
	@echo 'make notebooks     the notebooks, anew from labs/*/lab.md'
	@echo 'make test          the short tests (PYTEST_ARGS="-k relay": some of them)'
	@echo 'make test-long     the long ones: every notebook in its own kernel, many seeds, types (up to 40 minutes)'
	@echo 'make browser-test  JupyterLab in a real browser (needs chromium)'
	@echo 'make lint          formatting, lint, types, layers'
	@echo 'make bench         the figures, beside their baselines'
	@echo 'make pythons       environments of the other Pythons here, for make test-long'
	@echo 'make lock          lock files and environment.yml, anew from pyproject.toml'
	@echo 'make clean         remove what make made (not results/)'

test: $(VENV)/.ok
	$(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-long: $(VENV)/.all
	$(PY) -m pytest -n $(JOBS) -m 'long or kernel' $(PYTEST_ARGS)

browser-test: $(VENV)/.all
	@command -v chromium >/dev/null || { echo 'The browser tests need chromium (Debian: apt-get install chromium fonts-dejavu).' >&2; exit 1; }
	$(PY) -m pytest -m browser $(PYTEST_ARGS)

lab: $(VENV)/.ok
	$(PY) -m simmail lab

notebooks: $(VENV)/.ok
	$(PY) -m tools.notebooks

bench: $(VENV)/.all
	$(PY) -m benchmarks

# Environments of other Pythons beside the usual one; test-long then compares what they make of the same worlds.
pythons: $(VENV)/.ok
	@for python in python3.11 python3.12 python3.13 $(wildcard $(HOME)/.pyenv/versions/3.1[1-3].*/bin/python); do \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
		[ -e $(VENV)/pythons/$$version/.ok ] && continue; \
		$(PY) -m uv venv -q --clear --python $$python $(VENV)/pythons/$$version && \
		$(PY) -m uv pip install -q --python $(VENV)/pythons/$$version/bin/python -r requirements.lock && touch $(VENV)/pythons/$$version/.ok; \
	done; ls $(VENV)/pythons

lint: $(VENV)/.ok
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/lint-imports
	$(PY) -m mypy

lock: $(VENV)/.ok
	$(PY) -m uv pip compile pyproject.toml --universal --generate-hashes --no-header --extra test --extra build -q -o requirements.lock
	$(PY) -m uv pip compile pyproject.toml --universal --generate-hashes --no-header --all-extras -c requirements.lock -q -o requirements-all.lock
	$(PY) tools/environment_yml.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.ok: requirements.lock pyproject.toml jupyter/overrides.json tools/setup.sh
	@sh tools/setup.sh $(VENV) requirements.lock
	@touch $@

$(VENV)/.all: $(VENV)/.ok $(ALL)
	@sh tools/setup.sh $(VENV) $(ALL)
	@touch $@
