"""Whether all statements of a script can be read, before any of them runs; and what DuckDB's own ones name."""

from __future__ import annotations

from sqlml.dialect import parse
from sqlml.engine import Engine
from sqlml.errors import SqlmlError
from sqlml.planner import relations
from sqlml.script import Piece
from sqlml.types import Params, Plan


def check_syntax(sql: str, pieces: list[Piece], engine: Engine) -> None:
    """As in DuckDB, no statement of a script runs when one of them cannot be read.

    Raises InvalidSql with the place.
    """
    end = pieces[-1].end
    if sql[end:].strip("; \n"):
        engine.check_syntax(blank(sql[:end]) + sql[end:])
    for piece in pieces if len(pieces) > 1 else ():
        text = blank(sql[: piece.start]) + sql[piece.start : piece.end]
        if piece.is_ours:
            parse(text)
        else:
            engine.check_syntax(text)


def blank(text: str) -> str:
    """Blanks for all but the line breaks: what stands behind keeps its line and column."""
    return "".join("\n" if char == "\n" else " " for char in text)


# A statement that DuckDB alone reads.
PASS_THROUGH = Plan(statement="query", sql="", reads=None)


def plan_pass_through(sql: str, params: Params) -> Plan:
    """DuckDB's own statement: read for what it names, as far as that can be read."""
    try:
        tree = parse(sql)
    except SqlmlError:
        # DuckDB is the judge of DuckDB's SQL: what it reads is then not known.
        return Plan(statement="query", sql=sql, params=params, reads=None)
    reads, writes = relations(tree)
    return Plan(statement="query", sql=sql, tree=tree, params=params, reads=reads, writes=writes)
