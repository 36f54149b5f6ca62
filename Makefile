# What a person needs: `make demo`, `make test`.  Everything lands in this folder; needs Python 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
#: Days of sample data the demo writes and reads; 365 is the whole year, 1.2 GB.
DAYS ?= 8
#: Arguments for pytest, in one process: make test TESTS="tests/grid -x"; without any, all tests in two.
TESTS ?=

#: make fuzz: examples for each law, and the seed they follow from
EXAMPLES ?= 1000
SEED ?= 2014
#: files of tests that draw examples, of which the laws alone are run
LAWS ?= $(sort $(shell grep -rl --include='test_*.py' '^@given' tests))

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

#: make kernels: versions of ipykernel that notebooks are tried on, beside those of `make test`
KERNELS ?= 7.1 7.2 7.3

.PHONY: help demo test kernels fuzz dask-tests array-api-tests lint format lab screenshots clean distclean system
.DELETE_ON_ERROR:

help:
	@echo "make demo    write sample files, run the temperature notebook on them, leave demo-output/ (DAYS=$(DAYS))"
	@echo "make test    run all tests"
	@echo "make kernels run the tests of notebooks on other versions of ipykernel (KERNELS='$(KERNELS)')"
	@echo "make dask-tests   dask's own tests of its public behaviour, with nbarray in the place of dask.array"
	@echo "make array-api-tests   the public suite of the array API standard, on NumPy and on nbarray"
	@echo "make fuzz    laws against NumPy on many examples (EXAMPLES=$(EXAMPLES) SEED=$(SEED))"
	@echo "make lint    style, types, floors"
	@echo "make format  put the style right where a program can"
	@echo "make lab     JupyterLab on the demo notebooks"
	@echo "make screenshots   photograph the notebooks in a real JupyterLab, for README"
	@echo "make clean   remove what the others made; distclean: the Python environment too"

demo: $(VENV)/.demo
	@$(BIN)/python demo_notebooks/run_demo.py --days $(DAYS)

test: $(VENV)/.test $(VENV)/ipykernel-6/ipykernel system
	$(BIN)/python -m pytest $(or $(TESTS),-n 2)

kernels: $(KERNELS:%=$(VENV)/ipykernel-%/ipykernel) system
	NBARRAY_KERNELS="$(KERNELS)" $(BIN)/python -m pytest $(or $(TESTS),tests/magics/test_kernel_versions.py tests/browser/test_monitor.py)

dask-tests: $(VENV)/.test $(VENV)/.peers
	$(BIN)/python -m tests.peers.dask_suite

# ARRAY_API_TESTS=folder of a clone of data-apis/array-api-tests; it is cloned into build/ where none is named.
array-api-tests: $(VENV)/.test $(VENV)/.peers
	$(BIN)/python -m tests.peers.array_api_suite $(TESTS)

# Laws against NumPy, on many more examples than `make test` tries; a mismatch is told by its smallest example.
fuzz: $(VENV)/.test
	NBARRAY_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -o faulthandler_timeout=0 -m hypothesis --hypothesis-seed=$(SEED) $(LAWS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: $(VENV)/.lab
	$(BIN)/python -m nbarray sample met sample-data/met --days $(DAYS)
	$(BIN)/jupyter lab --notebook-dir=demo_notebooks

screenshots: $(VENV)/.test system
	$(BIN)/python demo_notebooks/take_screenshots.py

clean:
	rm -rf build dist demo-output sample-data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find nbarray tests demo_notebooks bench -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)

# -------------------------------------------------------------------------------------------- set-up

# One stamp for each set of packages; a changed pyproject.toml makes them stale.
$(VENV)/.demo $(VENV)/.lab $(VENV)/.test $(VENV)/.peers: $(VENV)/.%: $(BIN)/python pyproject.toml
	@echo "installing nbarray[$*] into $(VENV), a minute or so ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# Tests of what a notebook does on ipykernel 6 too, and on others that are asked for; without their dependencies, which
# are those of the one installed.
$(VENV)/ipykernel-%/ipykernel: | $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(@D) 'ipykernel==$(if $(filter 6,$*),6.31,$*).*'

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found; name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(call try_apt,python3-venv) || \
		{ echo "$(PYTHON) can't make virtual environments here; install its venv package (python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# The tests that need a browser or graphviz's `dot` say loudly that they could not run where these are missing.
system:
	@command -v dot >/dev/null || $(call try_apt,graphviz) || echo "note: no graphviz here; its tests can't run"
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		$(call try_apt,chromium) || echo "note: no chromium here; the browser tests can't run"

# Install a system package where this user may: root, with apt-get.
try_apt = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "installing $(1) ..." && \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $(1) >/dev/null; }
