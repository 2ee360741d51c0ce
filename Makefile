# make demo and make test each set themselves up: a virtual environment in .venv, then the work.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test dbt-test check format examples docs reference picture bench wheel-test clean

demo: .venv/.demo
	$(BIN)/python -m demo

test: .venv/.test
	$(BIN)/python -m pytest -n auto --dist worksteal

# dbt-core holds back what mypy needs: it has a folder of its own, before the other packages.
dbt-test: .venv/.dbt
	PYTHONPATH=$(CURDIR)/.venv/dbt SQLML_TEST_DBT=1 $(BIN)/python -m pytest -q tests/test_dbt.py

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

# Builds these pages as a site, in build/site; a warning is an error.
docs: .venv/.docs
	$(BIN)/python -m docs.reference --check
	$(BIN)/python -m mkdocs build --quiet
	@echo "build/site/index.html"

# Writes the reference pages from the registries: docs/reference.md, api.md, commands.md, errors.md.
reference: .venv/.docs
	$(BIN)/python -m docs.reference

# Builds the wheel, installs it into an environment of its own and runs README.md there, far from this folder.
wheel-test: .venv/bin/python
	$(BIN)/python -m tests.installed

# Draws docs/shell.svg from a session that is typed into the shell.
picture: .venv/.test
	$(BIN)/python -m docs.shell_picture

bench: .venv/.test
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist *.egg-info demo.duckdb demo.duckdb.wal

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo .venv/.test .venv/.check .venv/.docs: .venv/.%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(if $(filter check,$*),test$(comma)check,$*)]'
	touch $@

.venv/.dbt: pyproject.toml | .venv/.test
	rm -rf .venv/dbt
	$(BIN)/python -c "$$DBT_NEEDS" > .venv/dbt-needs.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv/dbt --requirement .venv/dbt-needs.txt
	touch $@

# The extra dbt, with the same DuckDB as the tests have.
define DBT_NEEDS
import duckdb, pathlib, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text("utf-8"))["project"]
print(*project["optional-dependencies"]["dbt"], "duckdb==" + duckdb.__version__, sep="\n")
endef
export DBT_NEEDS

comma := ,
