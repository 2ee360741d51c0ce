"""The shapes of tags and of policies over them as sqlglot nodes: `SET TAG ON`, `CREATE POLICY`."""

from __future__ import annotations

from sqlglot import exp


class SetTags(exp.Expression):
    """`SET TAG ON kind name key = value` and `ALTER kind name [ALTER COLUMN c] SET TAGS ('key' = 'value', ...)`."""

    arg_types = {"this": True, "kind": True, "column": False, "expressions": True}


class UnsetTags(exp.Expression):
    """`UNSET TAG ON kind name key` and `ALTER kind name [ALTER COLUMN c] UNSET TAGS ('key', ...)`."""

    arg_types = {"this": True, "kind": True, "column": False, "expressions": True}


class CreatePolicy(exp.Expression):
    """`CREATE [OR REPLACE] POLICY p ON place {ROW FILTER | COLUMN MASK} f TO ... FOR TABLES [WHEN ...] ...`."""

    arg_types = {
        "this": True,
        "place": True,
        "action": True,
        "function": True,
        "principals": True,
        "except_principals": False,
        "replace": False,
        "comment": False,
        "when": False,
        "match": False,
        "column": False,
        "using": False,
    }


class PolicyPlace(exp.Expression):
    """`CATALOG [c]`, `SCHEMA s` or `TABLE t`."""

    arg_types = {"kind": True, "this": False}


class DropPolicy(exp.Expression):
    """`DROP POLICY [IF EXISTS] p ON place`."""

    arg_types = {"this": True, "place": True, "exists": False}


class DescribePolicy(exp.Expression):
    """`DESCRIBE POLICY p ON place`."""

    arg_types = {"this": True, "place": True}


class ShowPolicies(exp.Expression):
    """`SHOW [EFFECTIVE] POLICIES [ON place]`."""

    arg_types = {"place": False, "effective": False}
