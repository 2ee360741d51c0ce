"""Fixtures that every test has: a signing key of the test run's own, a fresh database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import sqlml

# Threads of numpy, scikit-learn and LightGBM that spin while they wait for one another make tests that run side by
# side ten times slower. It must be said before any of them is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The tests start some hundred interpreters: without it each of them, and each worker, would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session", autouse=True)
def own_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration folder for the whole run, so that the user's key is never read or written."""
    folder = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SQLML_CONFIG_DIR", str(folder))
        yield folder


@pytest.fixture
def con() -> Iterator[sqlml.Connection]:
    """A connection to a new in-memory database."""
    import sqlml

    connection = sqlml.connect()
    yield connection
    if not connection.closed:
        connection.close()
