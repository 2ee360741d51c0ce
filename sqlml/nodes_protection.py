"""The shapes of filters and masks as sqlglot nodes: `ALTER TABLE t SET ROW FILTER f ON (c)`."""

from __future__ import annotations

from sqlglot import exp


class SetRowFilter(exp.Expression):
    """`ALTER TABLE [IF EXISTS] t SET ROW FILTER f ON (column | 'constant', ...)`."""

    arg_types = {"this": True, "function": True, "expressions": False}


class DropRowFilter(exp.Expression):
    """`ALTER TABLE t DROP ROW FILTER`."""

    arg_types = {"this": True}


class SetMask(exp.Expression):
    """`ALTER TABLE t ALTER [COLUMN] c SET MASK f [USING COLUMNS (column | 'constant', ...)]`."""

    arg_types = {"this": True, "column": True, "function": True, "expressions": False}


class DropMask(exp.Expression):
    """`ALTER TABLE t ALTER [COLUMN] c DROP MASK`."""

    arg_types = {"this": True, "column": True}
