# make demo and make test each set themselves up: a virtual environment in .venv, then the work.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format examples docs picture bench clean

demo: .venv/.demo
	$(BIN)/python -m demo

test: .venv/.test
	$(BIN)/python -m pytest -n auto

check: .venv/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.reference --check
	$(BIN)/python -m pytest -q tests/test_coverage.py tests/test_imports.py

format: .venv/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes the answers into sql_examples/*.sql again.
examples: .venv/.test
	$(BIN)/python -m tests.example_runner --refresh

# Writes docs/reference.md from the registries.
docs: .venv/.test
	$(BIN)/python -m docs.reference

# Draws docs/shell.svg from a session that is typed into the shell.
picture: .venv/.test
	$(BIN)/python -m docs.shell_picture

bench: .venv/.test
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist *.egg-info demo.duckdb demo.duckdb.wal

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo .venv/.test .venv/.check: .venv/.%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(if $(filter check,$*),test$(comma)check,$*)]'
	touch $@

comma := ,
