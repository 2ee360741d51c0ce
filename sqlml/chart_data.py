"""What there is to draw of `SELECT * FROM ML.ROC_CURVE(MODEL m)` and its like, for the terminal and for notebooks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Rows = Sequence[Sequence[object]]
IMPORTANCES = "importance_gain by feature"
METRICS = "metrics from 0 to 1"

_SHARES = ("precision", "recall", "accuracy", "f1_score", "roc_auc", "r2_score", "explained_variance")
_OF_CLASSES = {"precision", "recall", "accuracy", "f1_score", "log_loss", "roc_auc"}
_OF_NUMBERS = {"mean_absolute_error", "mean_squared_error", "r2_score", "explained_variance"}


@dataclass(frozen=True)
class RocCurve:
    """Points (false positive rate, recall) in order, from (0, 0) to (1, 1), and the area below them."""

    points: tuple[tuple[float, float], ...]

    @property
    def area(self) -> float:
        """By trapezoids between the points."""
        return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(self.points))


@dataclass(frozen=True)
class Bars:
    """Values by name, the longest first; `longest` is the value of a bar of full length."""

    title: str
    values: tuple[tuple[str, float], ...]
    longest: float


@dataclass(frozen=True)
class ConfusionMatrix:
    """How many rows of each expected label were given each predicted label."""

    expected: tuple[str, ...]
    predicted: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


Chart = RocCurve | Bars | ConfusionMatrix


def has_chart(columns: Sequence[str]) -> bool:
    """Whether rows of these columns may have a chart: all of them are needed for it."""
    return any(_is_of(columns, needed) for needed, _ in _CHARTS)


def chart_data(columns: Sequence[str], rows: Rows) -> Chart | None:
    """What is to be drawn of all rows of a result, None where that is nothing."""
    made = next((make for needed, make in _CHARTS if _is_of(columns, needed)), None)
    return made(columns, rows) if made is not None else None


def _is_of(columns: Sequence[str], needed: Sequence[str]) -> bool:
    return set(needed) <= set(columns)


def _taken(columns: Sequence[str], rows: Rows, names: Sequence[str]) -> Rows:
    at = [columns.index(name) for name in names]
    return [[row[i] for i in at] for row in rows]


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _roc_curve(columns: Sequence[str], rows: Rows) -> RocCurve | None:
    pairs = [(_number(x), _number(y)) for y, x in _taken(columns, rows, ("recall", "false_positive_rate"))]
    points = sorted((x, y) for x, y in pairs if x is not None and y is not None and 0 <= x <= 1 and 0 <= y <= 1)
    # The curve begins at nobody and ends at everybody, whatever the thresholds are.
    return RocCurve(((0.0, 0.0), *points, (1.0, 1.0))) if len(points) > 1 else None


def _importances(columns: Sequence[str], rows: Rows) -> Bars | None:
    return _bars(IMPORTANCES, _taken(columns, rows, ("feature", "importance_gain")))


def _attributions(columns: Sequence[str], rows: Rows) -> Bars | None:
    return _bars("mean absolute attribution by feature", _taken(columns, rows, ("feature", "attribution")))


def _bars(title: str, rows: Rows) -> Bars | None:
    found = [(str(name), _number(value)) for name, value in rows]
    values = sorted(((n, v) for n, v in found if v is not None and v >= 0), key=lambda pair: -pair[1])
    return Bars(title, tuple(values), values[0][1]) if values and values[0][1] else None


def _metrics(columns: Sequence[str], rows: Rows) -> Bars | None:
    if len(rows) != 1:
        return None
    return metric_bars(dict(zip(columns, rows[0], strict=True)))


def metric_bars(metrics: dict[str, object]) -> Bars | None:
    """The metrics that are shares of 1, in their own order."""
    found = [(name, _number(metrics.get(name))) for name in _SHARES]
    values = tuple((name, value) for name, value in found if value is not None and 0 <= value <= 1)
    return Bars(METRICS, values, 1.0) if values else None


def _confusion(columns: Sequence[str], rows: Rows) -> ConfusionMatrix | None:
    if columns[0] != "expected_label" or len(columns) < 3 or not rows:
        return None
    counts = [row[1:] for row in rows]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for row in counts for n in row):
        return None
    labels = tuple(str(row[0]).lower() if isinstance(row[0], bool) else str(row[0]) for row in rows)
    return ConfusionMatrix(labels, tuple(columns[1:]), tuple(tuple(int(str(n)) for n in row) for row in counts))


_CHARTS = (
    (("recall", "false_positive_rate"), _roc_curve),
    (("feature", "importance_gain"), _importances),
    (("feature", "attribution"), _attributions),
    (tuple(_OF_CLASSES), _metrics),
    (tuple(_OF_NUMBERS), _metrics),
    (("expected_label",), _confusion),
)
