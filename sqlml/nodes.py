"""The shapes that sqlml adds to DuckDB's SQL, as sqlglot nodes: `MODEL m`, `TABLE t`, `CREATE MODEL ...`."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp


@lru_cache(maxsize=256)
def _data_type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb")


def cast(value: exp.Expr, duckdb_type: str) -> exp.Cast:
    """`CAST(value AS type)`; a type is parsed once, for a model of many inputs has thousands of casts."""
    kind = _data_type(duckdb_type)
    return value if isinstance(value, exp.Cast) and value.to == kind else exp.Cast(this=value, to=kind.copy())


class ModelRef(exp.Expression):
    """`MODEL name`, `MODEL name@alias`, `MODEL name VERSION 3` as an argument."""

    arg_types = {"this": True, "version": False, "alias": False}


class TableRef(exp.Expression):
    """`TABLE name` as an argument."""

    arg_types = {"this": True}


class Option(exp.Expression):
    """`name = value` inside OPTIONS (...)."""

    arg_types = {"this": True, "expression": True}


class CreateModel(exp.Expression):
    """`CREATE [OR REPLACE] MODEL [IF NOT EXISTS | IF STALE] m [TRANSFORM ...] [OPTIONS ...] AS query`."""

    arg_types = {
        "this": True,
        "replace": False,
        "exists": False,
        "stale": False,
        "transform": False,
        "input": False,
        "output": False,
        "remote": False,
        "expressions": False,
        "expression": False,
        "sources": False,
    }


class CreateFunction(exp.Expression):
    """`CREATE [OR REPLACE] [TEMP] FUNCTION [IF NOT EXISTS] f(x DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON AS $$ ... $$`."""

    arg_types = {
        "this": True,
        "parameters": False,
        "replace": False,
        "temporary": False,
        "exists": False,
        "returns": False,
        "language": False,
        "deterministic": False,
        "style": False,
        "comment": False,
        "expressions": False,
        "body": False,
    }


class DropFunction(exp.Expression):
    """`DROP FUNCTION [IF EXISTS] f`."""

    arg_types = {"this": True, "exists": False, "behaviour": False}


class DropModel(exp.Expression):
    """`DROP MODEL [IF EXISTS] m [VERSION n] [CASCADE | RESTRICT]`."""

    arg_types = {"this": True, "exists": False, "version": False, "behaviour": False}


class VacuumModels(exp.Expression):
    """`VACUUM MODELS [m] [RETAIN n VERSIONS] [RETAIN n DAYS] [DRY RUN]`."""

    arg_types = {"this": False, "versions": False, "days": False, "dry": False}


class AlterModel(exp.Expression):
    """`ALTER MODEL [IF EXISTS] m [VERSION n] action [, ...]`; an action is its words and its values."""

    arg_types = {"this": True, "version": False, "exists": False, "actions": True}


class AlterAction(exp.Expression):
    """One action of ALTER MODEL: `SET OPTIONS (...)`, `RENAME TO x`, `SET ALIAS a = 3 [FORCE]`."""

    arg_types = {"this": True, "expressions": False, "force": False}


class ModelConstraint(exp.Expression):
    """`[IF [NOT] EXISTS] name [CHECK (condition) [ON (query)] [FOR EACH (columns)]]` of ALTER MODEL."""

    arg_types = {"this": True, "check": False, "query": False, "slices": False, "exists": False}


class AssertModel(exp.Expression):
    """`ASSERT MODEL m [VERSION n] [CONSTRAINT c]`."""

    arg_types = {"this": True, "constraint": False}


class DiffModel(exp.Expression):
    """`DIFF MODEL a WITH b ON (query) [OPTIONS (...)] [SHOW FLIPS]`."""

    arg_types = {"this": True, "other": True, "expression": True, "expressions": False, "flips": False}


class CopyModel(exp.Expression):
    """`CREATE [OR REPLACE] MODEL target COPY source [VERSION n]`."""

    arg_types = {"this": True, "source": True, "replace": False, "exists": False}


class CommentOnModel(exp.Expression):
    """`COMMENT ON MODEL m IS 'text'`."""

    arg_types = {"this": True, "expression": True}


class ReproduceModel(exp.Expression):
    """`REPRODUCE MODEL m [VERSION n]`."""

    arg_types = {"this": True}


class RefreshModel(exp.Expression):
    """`REFRESH MODEL m`."""

    arg_types = {"this": True}


class ExportModel(exp.Expression):
    """`EXPORT MODEL m [TO 'path'] [OPTIONS (...)]`."""

    arg_types = {"this": True, "target": False, "expressions": False}


class ImportModel(exp.Expression):
    """`IMPORT [OR REPLACE] MODEL [IF NOT EXISTS] m FROM 'path' [INPUT (...)] [OUTPUT (...)] [OPTIONS (...)]`."""

    arg_types = {
        "this": True,
        "replace": False,
        "exists": False,
        "source": True,
        "input": False,
        "output": False,
        "expressions": False,
    }


class ShowObjects(exp.Expression):
    """`SHOW MODELS [IN schema] [LIKE 'pattern']`."""

    arg_types = {"this": True, "scope": False, "like": False}


class DescribeModel(exp.Expression):
    """`DESCRIBE MODEL m`."""

    arg_types = {"this": True}


class DescribeModelType(exp.Expression):
    """`DESCRIBE MODEL TYPE logistic_reg`."""

    arg_types = {"this": True}


class Explain(exp.Expression):
    """`EXPLAIN [ANALYZE] [(options)] statement`; `MODEL m` as the statement is EXPLAIN MODEL."""

    arg_types = {"this": True, "analyze": False, "expressions": False}


class Call(exp.Expression):
    """`CALL f(...)`."""

    arg_types = {"this": True}


class Prepare(exp.Expression):
    """`PREPARE name AS statement`."""

    arg_types = {"this": True, "expression": True}


class ExecutePrepared(exp.Expression):
    """`EXECUTE name [(values)]`."""

    arg_types = {"this": True, "expressions": False}


class Deallocate(exp.Expression):
    """`DEALLOCATE [PREPARE] name`."""

    arg_types = {"this": True}


class CreateVectorIndex(exp.Expression):
    """`CREATE [OR REPLACE] VECTOR INDEX [IF NOT EXISTS] i ON t(c) [STORING (...)] [OPTIONS (...)]`."""

    arg_types = {
        "this": True,
        "table": True,
        "replace": False,
        "exists": False,
        "columns": True,
        "storing": False,
        "partition": False,
        "expressions": False,
    }


class ReplayedInputs(exp.Expression):
    """The inputs that a TRANSFORM clause makes; `raw` is the struct of columns it makes them of.

    `is_packed` is whether vectors stand for the inputs that are made of them, as the kernel takes them.
    """

    arg_types = {"this": True, "raw": True, "is_packed": False}


class Label(exp.Expression):
    """` AS name` put behind a projection that the user did not name."""

    arg_types = {"this": True}


# Stands around the position of an input while a formula is written; Unicode has no such character.
MARK = "\U0010ffff"


class Formula(exp.Expression):
    """SQL of a model over inputs: `pieces` are texts and positions of inputs, `expressions` the inputs."""

    arg_types = {"pieces": True, "expressions": True}


class Double(exp.Expression):
    """A constant of type DOUBLE, as Python writes it: `0.5e0` for DuckDB, which reads no other literal as one."""

    arg_types = {"this": True}


class Softmax(exp.Expression):
    """The probabilities of classes, a DOUBLE[], of one margin each."""

    arg_types = {"expressions": True}


class IfKnown(exp.Expression):
    """The scores `this` where `known`, else NULL; the scores are NULL then, or a list of NULLs."""

    arg_types = {"this": True, "known": True}


SPAN = "sqlml_span"
_BARE = "sqlml_bare"


def set_span(node: exp.Expr, start: int, end: int) -> None:
    """Remember which characters [start, end) of the user's text a node was read from."""
    node.meta[SPAN] = (start, end)


def span_of(node: exp.Expr) -> tuple[int, int] | None:
    """The characters [start, end) of the user's text a node was read from, if recorded."""
    span: tuple[int, int] | None = node.meta.get(SPAN)
    return span


def set_bare(query: exp.Expr) -> None:
    """Remember that a query was written as the name of a relation alone: `CREATE MODEL ... AS t`."""
    query.meta[_BARE] = True


def is_bare(query: exp.Expr) -> bool:
    """Whether a query was written as the name of a relation alone, which DuckDB reads as none."""
    return bool(query.meta.get(_BARE))


def offset_of(node: exp.Expr) -> int | None:
    """The first character of the user's text that belongs to a node or one of its children."""
    span = span_of(node)
    if span is not None:
        return span[0]
    starts = [n.meta["start"] for n in node.walk() if n.meta.get("start") is not None]
    return min(starts) if starts else None
