"""Random forests by LightGBM: BigQuery's options.

LightGBM's forest and not scikit-learn's: the model is a text without code that loads anywhere, a tenth of the size;
it is the same bytes whatever the number of threads; NULL and categories need no encoding; and scoring, importances and
explanations are those of boosted trees. It is BigQuery's algorithm too: each tree is one Newton step of a boosting
library on a sample of rows and features, and the forest the average of its trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlml.options import ClassWeightOptions, option
from sqlml.trees import TreeOptions, grow, tree_parameters

if TYPE_CHECKING:
    from sqlml.fitting import Fitted, TrainingData


@dataclass(frozen=True)
class ForestOptions(TreeOptions):
    """BigQuery's options of random forests, and more of LightGBM's parameters under their own names."""

    num_parallel_tree: int = option(100, "The number of trees.", low=2, high=10_000)
    max_tree_depth: int | None = option(15, "The depth of a tree.", low=1)
    num_leaves: int | None = option(
        None, "The leaves of a tree: 2 ^ max_tree_depth, at most 4,096.", low=2, high=131_072
    )
    subsample: float = option(0.8, "The share of rows drawn for each tree.", above=0, high=0.99)
    colsample_bynode: float = option(0.8, "The share of features drawn for each split.", above=0, high=1)


@dataclass(frozen=True)
class ForestClassifierOptions(ForestOptions, ClassWeightOptions):
    """The options of random forests, and the weights of classes."""


NOT_SUPPORTED = ("colsample_bylevel", "xgboost_version", "early_stop", "min_rel_progress", "learn_rate", "booster_type")


def plant(options: ForestOptions, objective: str, data: TrainingData) -> Fitted:
    """Grow the trees, each alone."""
    params = tree_parameters(options, objective, rows=len(data.target), classes=len(data.classes), seed=data.seed)
    return grow({**params, "boosting": "rf"}, options.num_parallel_tree, data)
