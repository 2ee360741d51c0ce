"""The grammar: every form reads as a tree and writes back; what comes later says so by name."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlglot import exp

import sqlml
from sqlml import nodes
from sqlml.dialect import parse, read_name, to_sql
from sqlml.errors import InvalidSql, NotSupported
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.rewriter import function_name
from sqlml.statements import STATEMENTS
from sqlml.statements.later import Later
from sqlml.statements.listing import Listing

HERE = Path(__file__).parent / "dialect"


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text("utf-8").splitlines() if line.strip()]


IDENTITY = [line for line in _lines("identity.sql") if not line.startswith("--")]
_written = [line for line in _lines("normalized.sql") if line.startswith("-- => ") or not line.startswith("--")]
NORMALIZED = [(a, b.removeprefix("-- => ")) for a, b in zip(_written[::2], _written[1::2], strict=True)]
ALL = [*IDENTITY, *(written for written, _ in NORMALIZED)]


@pytest.mark.parametrize("line", IDENTITY)
def test_identity(line: str) -> None:
    assert to_sql(parse(line)) == line


@pytest.mark.parametrize(("written", "normal"), NORMALIZED)
def test_normalized(written: str, normal: str) -> None:
    assert to_sql(parse(written)) == normal
    assert to_sql(parse(normal)) == normal


@pytest.mark.parametrize("line", ALL)
def test_no_command(line: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tree = parse(line)
    assert not list(tree.find_all(exp.Command))
    assert not caplog.records


def test_the_whole_grammar_is_there() -> None:
    """Every function that is there or comes later stands in a line."""
    seen = {name for line in ALL for name, _ in _calls(parse(line))}
    # Not BigQuery's SQL functions: a REST helper and two of Databricks' that only take a VARIANT.
    assert {*FUNCTIONS.names(), *LATER} - seen <= {"http_request", "ai_parse_document", "ai_prep_search"}


def _calls(tree: exp.Expr) -> list[tuple[str, str]]:
    """Registry name, and name as written, of every call."""
    found = []
    for call in tree.find_all(exp.Anonymous):
        parent = call.parent
        schema = ""
        if isinstance(parent, exp.Dot) and parent.expression is call:
            schema = parent.this.name
        elif isinstance(parent, exp.Table):
            schema = parent.db
        written = f"{schema}.{call.name}" if schema else call.name
        found.append((function_name(schema, call.name), written))
    return found


def _what_comes_later(line: str) -> list[str]:
    """The words of which an answer must have one; empty where all of a line is there."""
    tree = parse(line)
    words = [written.upper() for name, written in _calls(tree) if name in LATER]
    words += [w.upper() for w in ("hparam_range", "hparam_candidates") if w in line.lower()]
    if isinstance(tree, Later.takes):
        words.append(" ".join(line.replace("OR REPLACE ", "").split()[: 3 if "VECTOR INDEX" in line else 2]).upper())
    if isinstance(tree, nodes.CreateModel) and "model_path" in line.lower():
        # INPUT and OUTPUT are those of an imported model; of files there are kinds that are not read.
        return ["xgboost"] if "xgboost" in line else []
    if isinstance(tree, nodes.CreateModel):
        words += [word for key, word in _CLAUSES.items() if tree.args.get(key)]
    if isinstance(tree, nodes.ShowObjects) and tree.name not in {s.shows for s in STATEMENTS if isinstance(s, Listing)}:
        words.append(f"SHOW {tree.name}")
    return words


_CLAUSES = {
    "input": "INPUT",
    "output": "OUTPUT",
    "remote": "REMOTE",
    "sources": "training_data",
}

COME_LATER = [line for line in ALL if _what_comes_later(line)]


@pytest.fixture(scope="module")
def shared():
    connection = sqlml.connect()
    yield connection
    connection.close()


@pytest.mark.parametrize("line", COME_LATER)
def test_what_comes_later_says_so_by_name(line: str, shared: sqlml.Connection) -> None:
    with pytest.raises(NotSupported) as raised:
        shared.execute(line)
    assert any(word in raised.value.message for word in _what_comes_later(line)), raised.value.message
    assert raised.value.hint
    assert raised.value.line == 1


def test_many_come_later() -> None:
    assert len(COME_LATER) > 50


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("CREATE MODEL", 8),
        ("CREATE MODEL m OPTIONS (model_type 'x') AS SELECT 1", 36),
        ("CREATE MODEL m OPTIONS (model_type = 'x' AS SELECT 1", 42),
        ("CREATE MODEL m FLY AS SELECT 1", 16),
        ("CREATE MODEL 'm' AS SELECT 1", 14),
        ("CREATE MODEL m AS", 16),
        ("DROP MODEL", 6),
        ("SHOW MODELS OF s", 13),
        ("ALTER MODEL m FLY", 15),
        ("PREPARE p SELECT 1", 11),
    ],
)
def test_syntax_errors_have_a_place(text: str, place: int) -> None:
    with pytest.raises(InvalidSql) as raised:
        parse(text)
    assert (raised.value.line, raised.value.column) == (1, place), str(raised.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("m", ("", "", "m")),
        ("s.m", ("", "s", "m")),
        ("c.s.m", ("c", "s", "m")),
        ('"My Model"', ("", "", "My Model")),
        ('c."My Schema"."a.b"', ("c", "My Schema", "a.b")),
        ("my model", ("", "", "my model")),
        ("f(x)", None),
        ("a.b.c.d", None),
        ("", None),
    ],
)
def test_read_name(text: str, parts: tuple[str, str, str] | None) -> None:
    table = read_name(text)
    assert (table and (table.catalog, table.db, table.name)) == parts


def test_nodes_know_their_place() -> None:
    text = "SELECT a,\n  ML.PREDICT(MODEL m, t) FROM t"
    call = next(parse(text).find_all(exp.Anonymous))
    assert text[slice(*nodes.span_of(call) or ())] == "PREDICT(MODEL m, t)"
