"""The conditions of constraints: three-valued, in words, and nothing but metrics in them."""

from __future__ import annotations

import pytest

from sqlml.errors import InvalidSql, NotFound
from sqlml.statements.conditions import check_condition, read_condition, violations

_OWN = {"roc_auc": 0.7312, "f1_score": 0.75, "accuracy": None, "recall": float("nan"), "mean_squared_error": 9.0}
_CHAMPION = {"roc_auc": 0.7312, "f1_score": 0.8}


def _found(text: str, champion=_CHAMPION) -> list[str]:
    return violations(read_condition(text), {"": _OWN, "champion": champion})


@pytest.mark.parametrize(
    "text",
    [
        "roc_auc >= 0.73",
        "(roc_auc > 0.7) AND f1 = 0.75",
        "ROC_AUC >= champion.roc_auc",
        "f1 >= Champion.f1 OR roc_auc > 0.5",
        "NOT f1 < 0.5",
        "rmse = 3",
        "-f1 < 0",
        "(f1 + roc_auc) / 2 BETWEEN 0.7 AND 0.8",
        "accuracy > 0.5 OR roc_auc > 0.5",
        "f1 <> champion.f1",
    ],
)
def test_holds(text: str) -> None:
    assert _found(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roc_auc >= 0.80", ["roc_auc is 0.7312, must be >= 0.80"]),
        ("0.80 <= roc_auc", ["roc_auc is 0.7312, must be >= 0.80"]),
        ("roc_auc >= 0.8 AND f1 >= champion.f1", ["roc_auc is 0.7312, must be >= 0.8", "f1 is 0.7500, must be >= champion.f1 (0.8000)"]),
        ("roc_auc > 0.7312", ["roc_auc is 0.7312, must be > 0.7312"]),
        ("roc_auc >= 0.73121", ["roc_auc is 0.7312, must be >= 0.73121"]),
        ("accuracy >= 0.1", ["accuracy is NULL, must be >= 0.1"]),
        ("NOT accuracy >= 0.1", ["NOT accuracy >= 0.1 does not hold: accuracy is NULL"]),
        ("recall >= 0.1", ["recall is NULL, must be >= 0.1"]),
        ("f1 / 0 > 1 OR f1 > 0.8", ["f1 / 0 > 1 OR f1 > 0.8 does not hold: f1 is 0.7500"]),
        ("f1 BETWEEN 0.8 AND 0.9", ["f1 is 0.7500, must be between 0.8 and 0.9"]),
        ("f1 - champion.f1 >= -0.01", ["f1 - champion.f1 is -0.0500, must be >= -0.01 (-0.0100)"]),
    ],
)  # fmt: skip
def test_violated(text: str, said: list[str]) -> None:
    assert _found(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f1 >= champion.f1", []),
        ("NOT f1 < champion.f1", []),
        ("f1 >= champion.f1 AND roc_auc > 0.8", ["roc_auc is 0.7312, must be > 0.8"]),
        ("f1 > 0.9 OR f1 >= champion.f1", []),
        ("f1 BETWEEN champion.f1 AND 1", []),
        ("NOT (f1 >= champion.f1 AND roc_auc < 0.8)", ["NOT (f1 >= champion.f1 AND roc_auc < 0.8) does not hold: f1 is 0.7500, roc_auc is 0.7312"]),
    ],
)  # fmt: skip
def test_without_a_champion_a_comparison_with_it_is_satisfied(text: str, said: list[str]) -> None:
    assert _found(text, None) == said


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("roc_auc", InvalidSql),
        ("1 > 0", InvalidSql),
        ("roc_auc > 'a'", InvalidSql),
        ("sqrt(roc_auc) > 1", InvalidSql),
        ("roc_auc > (SELECT 1)", InvalidSql),
        ("roc_auc IS NOT NULL", InvalidSql),
        ("roc_auc > 0.5 AND f1", InvalidSql),
        ("a.b.roc_auc > 0.5", InvalidSql),
        ("(roc_auc > 0.5) > 0.5", InvalidSql),
        ("roc_auc > TRUE", InvalidSql),
        ("roc_auc IN (1, 2)", InvalidSql),
        ("r2_score > 0.5", NotFound),
        ("baselin.f1 > 0.5", NotFound),
    ],
)
def test_is_no_condition(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_condition(read_condition(text), "classification", ["baseline"], lambda error, _: error)
