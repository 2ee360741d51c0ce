"""A text without our words is passed through unread: never one that has a statement or a call of ours in it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from sqlml.engine import COMMENT, STRING
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.script import Reader

TESTS = Path(__file__).parent.parent
READER = Reader([*FUNCTIONS.names(), *LATER, "ml_train"], COMMENT, STRING)


def _is_ours(text: str) -> bool:
    return any(piece.is_ours for piece in READER.read(text, duckdb.tokenize(text)))


def _texts() -> list[str]:
    texts = [line for path in (TESTS / "dialect").glob("*.sql") for line in path.read_text().splitlines()]
    for path in [*(TESTS / "sql").rglob("*.test"), *(TESTS / "rewrite").glob("*.sql")]:
        texts += re.split(r"\n\n+", path.read_text())
    return texts


def test_no_statement_of_ours_is_taken_for_duckdbs() -> None:
    ours = [text for text in _texts() if _is_ours(text)]
    assert len(ours) > 400
    assert [text for text in ours if READER.is_foreign(text) or READER.is_foreign(text.upper())] == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1ml_predict('m', t) FROM t",
        "SELECT \"ml_predict\"('m', t) FROM t",
        "SELECT * FROM ML . PREDICT(MODEL m, TABLE t)",
        'SELECT * FROM "ml"."predict"(MODEL m, TABLE t)',
        "SELECT a.ml_predict('m', t)",
        "SELECT -ai_query('e', 'p')",
        "FROM vector_search(TABLE t)",
        "/* ml */ GRANT SELECT ON t TO u",
        "CREATE VECTOR INDEX i ON t(c)",
        "EXPLAIN MODEL m",
    ],
)
def test_words_of_ours_are_found(text: str) -> None:
    assert not READER.is_foreign(text)


@pytest.mark.parametrize("text", ["SELECT email, main.xml.ml2 FROM html", "FROM mlx", "SELECT 'aim' AS rain", ""])
def test_other_words_are_not(text: str) -> None:
    assert READER.is_foreign(text)
    assert not _is_ours(text)
