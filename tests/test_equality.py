"""The macro in a plain DuckDB process = ml_predict = the estimator itself, for every model type: `benchmarks/equality.py`.

Here on 20,000 rows and for those models that differ most in how they are scored; `python -m benchmarks equality` does the
same for all, on 100,000, and docs/equality.md is its result. tests/test_sql_form.py has 100,000 rows for others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.equality import CASES, Case, Compared, compare, make
from sqlml.model_types import MODEL_TYPES

ROWS = 20_000
_NAMES = {
    *("poisson", "bayes", "forest", "transformed boosted", "softmax by store", "bayes by store"),
    *("boosted of partly by store", "many trees", "many of partly by store", "near", "own choice"),
}
COMPARED = tuple(case for case in CASES if case.name in _NAMES)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, own_config: Path) -> dict[str, Compared]:
    path = tmp_path_factory.mktemp("equality") / "models.db"
    make(path, rows=ROWS, cases=COMPARED)
    return {found.case.name: found for found in compare(path, COMPARED)}


@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_all_ways_to_score_give_the_same(compared: dict[str, Compared], case: Case) -> None:
    found = compared[case.name]
    assert found.form == case.form
    assert (found.of_macro is not None) == (case.form == "sql" or case.is_plain)
    assert found.is_equal, found


def test_every_model_type_is_compared() -> None:
    predicting = {t.name for t in MODEL_TYPES if t.task != "transform" and not t.is_imported}
    assert {case.model_type for case in CASES} == predicting
    assert {case.name for case in COMPARED} == _NAMES
