# Every command of the project; each first brings .venv up to date with the requirements files.
# PYTHON picks the interpreter (make run PYTHON=python3.12), ARGS adds arguments (make test ARGS="-k sampling").

ifeq ($(OS),Windows_NT)
PYTHON ?= python
PY := .venv/Scripts/python.exe
else
PYTHON ?= python3
PY := .venv/bin/python
endif

# The archive of `make offline` has all libraries in the folder wheels: no network is asked then.
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check $(if $(wildcard wheels),--no-index --find-links wheels)
# What the app needs, each file by its hash and none built here; REQUIREMENTS=requirements.txt takes any that fit.
REQUIREMENTS ?= requirements.lock
LOCKED := $(if $(filter %.lock,$(REQUIREMENTS)),--require-hashes --only-binary :all:)
TOUCH := $(PY) -c "import pathlib,sys;pathlib.Path(sys.argv[1]).touch()"

.PHONY: run serve test check bench offline lock

run bench: export MALLOC_ARENA_MAX ?= 2
run: .venv/app.done
	$(PY) -m streamlit run app.py $(ARGS)

serve: .venv/app.done
	$(PY) -m textgen serve $(ARGS)

test: .venv/dev.done
	$(PY) -m pytest -n logical --maxprocesses 4 --dist loadfile $(ARGS)

check: .venv/dev.done
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(dir $(PY))lint-imports --no-logo
	$(dir $(PY))oxlint --deny-warnings assets tests/javascript

bench: .venv/dev.done
	$(PY) -m benchmarks $(ARGS)

# For this kind of machine and this version of Python; from a git checkout.
offline: $(PY)
	$(PY) -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock -d build/wheels
	git archive --prefix=simmer/wheels/ $$(printf -- '--add-file=%s ' build/wheels/*) --prefix=simmer/ -o build/simmer-offline.zip HEAD

# For every Python and system at once; what is in the lock stays as it is where it can (ARGS=--upgrade does not ask that).
lock: $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	$(PY) -m uv pip compile --quiet --universal --python-version 3.10 --only-binary :all: --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock requirements.txt $(ARGS)

$(PY):
	$(PYTHON) -c "import sys;min(sys.version_info,(3,10))==(3,10)or sys.exit(sys.argv[1])" "Simmer needs Python 3.10 or newer: make PYTHON=python3.12, say"
	$(PYTHON) -m venv .venv

.venv/app.done: requirements.txt requirements.lock | $(PY)
	$(INSTALL) $(LOCKED) -r $(REQUIREMENTS)
	$(TOUCH) $@

.venv/dev.done: .venv/app.done requirements-cluster.txt requirements-dev.txt | $(PY)
	$(INSTALL) -r requirements-dev.txt
	$(TOUCH) $@
