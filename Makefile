PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
HOST ?= localhost
PORT ?= 8001

PURE = protocol/*,chat/*,client/core/*,client/view/*,storechat/core/*,storechat/server/*
SHELLS = server.py,myclient.py,kvstore.py,runtime/*,storage/*,system/*,client/*,storechat/*

# The tests are kept compiled, wherever this runs: to compile them takes longer than to collect them.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run chat test long core check format bench cluster soak pyz clean

run: $(VENV)/programs
	$(BIN)/python server.py $(PORT)

chat: $(VENV)/programs  # make chat NAME=ann HOST=chat.example.org
	@$(BIN)/python myclient.py $(HOST) $(PORT) $(if $(NAME),--name $(NAME))

test: $(VENV)/installed
	$(BIN)/python -m pytest -q -n auto

long: $(VENV)/installed  # what takes seconds of real programs, and the tests of the tools
	$(BIN)/python -m pytest -q -n auto -m 'long and not slow'

# The protocol and the chat, in seconds: no sockets, no property tests, and no plugin but the time-out.
core: $(VENV)/installed
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest -q -p pytest_timeout \
		-m 'not slow and not long and not property' tests/unit/protocol tests/unit/chat

check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100
	$(BIN)/coverage report --include='$(SHELLS)' --fail-under=85

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed
	$(BIN)/python -m tools.bench

cluster: $(VENV)/installed  # one room on three servers, to play with; redis-server has to be installed
	$(BIN)/python -m tools.cluster $(PORT)

soak: $(VENV)/installed
	$(BIN)/python -m tools.crash run --minutes 30

pyz: $(VENV)/installed  # dist/select-chat.pyz: all in one file
	$(BIN)/python -m tools.package.pyz

clean:
	rm -rf dist build *.egg-info $(VENV) .coverage .hypothesis .mypy_cache .ruff_cache

# What the page for browsers and the client need. Without it the rest of the server works, so `make run` goes on.
$(VENV)/programs:
	$(PYTHON) -m venv $(VENV)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check colorama prompt_toolkit 'websockets>=13' && touch $@

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@
