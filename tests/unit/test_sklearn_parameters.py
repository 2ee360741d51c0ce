"""What planning knows of scikit-learn's parameters is what scikit-learn says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs import sklearn_parameters
from sqlml.errors import InvalidOption
from sqlml.model_types.sklearn import Sklearn


def test_the_table_is_scikit_learns() -> None:
    found = sklearn_parameters.PATH.read_text("utf-8")
    assert found == sklearn_parameters.written(), "run `python -m docs.sklearn_parameters`"


@pytest.mark.parametrize("name", ["HistGradientBoostingRegressor", "SVR", "RandomForestClassifier", "MLPClassifier"])
def test_what_planning_lets_through_builds(name: str) -> None:
    defaults = Sklearn().build(Sklearn.Options(model_class=name)).get_params(deep=False)
    table = sklearn_parameters.table()[name]
    # A default need not be something that SQL can say, or that a user may: scoring takes the name of a function.
    said = {k: v for k, v in defaults.items() if isinstance(v, bool | int | float | str | None)}
    params = {k: v for k, v in said.items() if k in table and k != "scoring"}
    assert len(params) > 5
    Sklearn().build(Sklearn.Options(model_class=name, model_params=params))


@pytest.mark.parametrize(
    ("name", "params"),
    [("Ridge", {"alpha": "big"}), ("Ridge", {"alpha": -1}), ("Ridge", {"n_jobs": 2}), ("SVR", {"max_iter": 1.5})],
)
def test_what_planning_refuses(name: str, params: dict[str, object]) -> None:
    with pytest.raises(InvalidOption):
        Sklearn.Options(model_class=name, model_params=params)


def test_planning_loads_no_scikit_learn() -> None:
    code = (
        "import sys; from sqlml.model_types.sklearn import Sklearn; "
        "Sklearn.Options(model_class='Ridge', model_params={'alpha': 2}); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
