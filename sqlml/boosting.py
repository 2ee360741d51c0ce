"""Gradient-boosted trees by LightGBM: BigQuery's options, early stopping, warm start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlml.errors import InvalidOption
from sqlml.options import ClassWeightOptions, WarmStartOptions, option
from sqlml.trees import TreeOptions, grow, tree_parameters

if TYPE_CHECKING:
    from sqlml.fitting import Fitted, TrainingData


@dataclass(frozen=True)
class BoostingOptions(TreeOptions, WarmStartOptions):
    """BigQuery's options of boosted trees, and more of LightGBM's parameters under their own names."""

    max_iterations: int = option(20, "The number of boosting rounds.", low=1, high=100_000)
    early_stop: bool = option(default=True, doc="Stop when a round improves the loss by less than min_rel_progress.")
    min_rel_progress: float = option(0.01, "The relative improvement below which early_stop stops.", low=0)
    learn_rate: float = option(0.3, "Shrinkage of each round.", above=0)
    booster_type: Literal["GBTREE", "DART"] = option("GBTREE", "DART drops trees at random while it learns.")
    dropout: float = option(0.0, "The share of trees that DART drops.", low=0, high=1)

    def __post_init__(self) -> None:
        """Check options against one another."""
        if self.dropout and self.booster_type != "DART":
            raise InvalidOption("The option \"dropout\" needs booster_type='DART'.", hint="Leave it out, or set both.")


@dataclass(frozen=True)
class BoostedClassifierOptions(BoostingOptions, ClassWeightOptions):
    """The options of boosted trees, and the weights of classes."""

    def __post_init__(self) -> None:
        """Check options against one another."""
        BoostingOptions.__post_init__(self)
        ClassWeightOptions.__post_init__(self)


NOT_SUPPORTED = ("num_parallel_tree", "colsample_bylevel", "dart_normalize_type", "xgboost_version")


def boosting_seconds(options: BoostingOptions, *, rows: int, inputs: int) -> float:
    """About how long it takes to train on two processors: reading and binning, and each round over all cells.

    Measured with 10,000 to 400,000 rows x 10 to 40 inputs and 20 to 100 rounds; right within a factor of three there.
    """
    return 0.3 + rows * inputs * 1e-7 + options.max_iterations * (0.01 + rows * inputs * 3e-9)


class _EarlyStop:
    """Stops when a round improves the loss by less than a share of it."""

    def __init__(self, least: float) -> None:
        self._least = least
        self._last: float | None = None

    def reached(self, loss: float) -> bool:
        last, self._last = self._last, loss
        return last is not None and last - loss < self._least * abs(last)


def parameters(options: BoostingOptions, objective: str, *, rows: int, classes: int, seed: int) -> dict[str, Any]:
    """LightGBM's parameters for these options."""
    params = tree_parameters(options, objective, rows=rows, classes=classes, seed=seed)
    params.update(
        learning_rate=options.learn_rate,
        boosting="dart" if options.booster_type == "DART" else "gbdt",
    )
    if options.booster_type == "DART":
        params["drop_rate"] = options.dropout
    return params


def boost(options: BoostingOptions, objective: str, data: TrainingData) -> Fitted:
    """Train; a warm start adds its rounds to the trees of the version before."""
    params = parameters(options, objective, rows=len(data.target), classes=len(data.classes), seed=data.seed)
    is_gbtree = options.booster_type == "GBTREE"
    stop = _EarlyStop(options.min_rel_progress) if options.early_stop and is_gbtree else None
    return grow(params, options.max_iterations, data, stop)
