"""Tests of sqlml: SQL first. `tests/sql/**/*.test` is the specification, run by `tests/sqllogictest.py`."""
