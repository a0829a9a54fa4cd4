# make demo     set up, then make a page of results with the shipped models
# make test     set up, then run the tests
# make install  set up only: .venv in this folder
# Nothing is installed twice: the stamps below remember what was.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test install lint browser clean

demo: .venv/installed
	$(BIN)/duckrabbit report --quick --out out/report

# Processes of one thread each, as many as tests/conftest.py says: more threads than cores would wait for one another.
test: .venv/installed-for-tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --no-loadscope-reorder

lint: .venv/installed-for-tests
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/ruff check src tests tools bench
	$(BIN)/mypy

install: .venv/installed

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "duckrabbit needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/installed-for-tests: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(MAKE) --no-print-directory browser
	@touch $@

# The studio's tests look at its page in Debian's Chromium; where there is none and it can't be installed, they say so.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null; } \
		|| echo "no chromium: the tests of the studio's page will fail; install it with your package manager" >&2

clean:
	rm -rf .venv build dist out src/*.egg-info
