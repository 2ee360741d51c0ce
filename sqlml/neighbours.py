"""k nearest neighbours: the options and the fit that knn_classifier and knn_regressor share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlml.fitting import Fitted
from sqlml.options import option
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.fitting import TrainingData


@dataclass(frozen=True)
class NeighboursOptions:
    """The options of k nearest neighbours."""

    n_neighbors: int = option(5, "How many neighbours answer.", low=1)
    weights: Literal["UNIFORM", "DISTANCE"] = option("UNIFORM", "Whether nearer neighbours count more: 1 / distance.")
    distance_type: Literal["EUCLIDEAN", "MANHATTAN"] = option("EUCLIDEAN", "How far two rows are from one another.")


def settings(options: NeighboursOptions, *, rows: int) -> Mapping[str, Any]:
    """scikit-learn's parameters: a tree, whose distances do not depend on which rows are asked for together."""
    return {
        "n_neighbors": min(options.n_neighbors, rows),
        "weights": options.weights.lower(),
        "p": 2 if options.distance_type == "EUCLIDEAN" else 1,
        "algorithm": "kd_tree",
    }


def remember(estimator: Any, options: NeighboursOptions, data: TrainingData) -> Fitted:
    """Fit, which is to keep the training rows in a tree."""
    from sqlml.scoring.sklearn_estimator import store

    notes = (
        (f"There are only {len(data.target)} training rows: all of them are neighbours.",)
        if len(data.target) < options.n_neighbors
        else ()
    )
    data.report(Progress("fit", 0, 1))
    estimator.fit(data.dense(), data.target)
    data.report(Progress("fit", 1, 1))
    return Fitted("skops", store(estimator), warnings=notes)
