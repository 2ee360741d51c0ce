"""Gradient-boosted trees by LightGBM: BigQuery's options, LightGBM's parameters, and the training loop.

None of LightGBM's parameters that name a file, a host, a device or a callable can be reached from here.
Source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 2017.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlml.errors import InvalidOption, TrainingFailed
from sqlml.fitting import Fitted
from sqlml.options import option
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.fitting import TrainingData
    from sqlml.preprocessing import Raw

# The loss of the training rows is followed on at most this many of them.
_LOSS_ROWS = 10_000


@dataclass(frozen=True)
class BoostingOptions:
    """BigQuery's options of boosted trees, and more of LightGBM's parameters under their own names."""

    max_iterations: int = option(20, "The number of boosting rounds.", low=1, high=100_000)
    early_stop: bool = option(default=True, doc="Stop when a round improves the loss by less than min_rel_progress.")
    min_rel_progress: float = option(0.01, "The relative improvement below which early_stop stops.", low=0)
    learn_rate: float = option(0.3, "Shrinkage of each round.", above=0)
    max_tree_depth: int | None = option(None, "The depth of a tree: 6, or no limit when num_leaves is given.", low=1)
    num_leaves: int | None = option(None, "The leaves of a tree: 2 ^ max_tree_depth.", low=2, high=131_072)
    l1_reg: float = option(0.0, "The L1 penalty on leaf values.", low=0)
    l2_reg: float = option(1.0, "The L2 penalty on leaf values.", low=0)
    min_split_loss: float = option(0.0, "The least gain of a split.", low=0)
    min_tree_child_weight: float = option(1.0, "The least sum of Hessians in a leaf.", low=0)
    subsample: float = option(1.0, "The share of rows drawn for each round.", above=0, high=1)
    colsample_bytree: float = option(1.0, "The share of features drawn for each tree.", above=0, high=1)
    colsample_bynode: float = option(1.0, "The share of features drawn for each split.", above=0, high=1)
    booster_type: Literal["GBTREE", "DART"] = option("GBTREE", "DART drops trees at random while it learns.")
    dropout: float = option(0.0, "The share of trees that DART drops.", low=0, high=1)
    tree_method: Literal["AUTO", "HIST"] = option("AUTO", "Accepted for BigQuery's sake: always histograms.")
    min_data_in_leaf: int | None = option(
        None, "The fewest rows in a leaf: 1% of the training rows, from 1 to 20.", low=0
    )
    max_bin: int = option(255, "The most bins a feature is cut into.", low=2, high=65_535)
    max_delta_step: float = option(0.0, "The most a leaf may output; 0 is no limit.", low=0)
    max_cat_threshold: int = option(32, "The most categories on one side of a split.", low=1)
    cat_l2: float = option(10.0, "The L2 penalty in splits by category.", low=0)
    cat_smooth: float = option(10.0, "Smoothing of rare categories.", low=0)
    path_smooth: float = option(0.0, "Smoothing of leaves towards their parents.", low=0)
    extra_trees: bool = option(default=False, doc="Draw split thresholds at random.")

    def __post_init__(self) -> None:
        """Check options against one another."""
        if self.dropout and self.booster_type != "DART":
            raise InvalidOption("The option \"dropout\" needs booster_type='DART'.", hint="Leave it out, or set both.")


NOT_SUPPORTED = ("num_parallel_tree", "colsample_bylevel", "dart_normalize_type", "xgboost_version")

_PARAMETERS = {
    "learn_rate": "learning_rate",
    "l1_reg": "lambda_l1",
    "l2_reg": "lambda_l2",
    "min_split_loss": "min_gain_to_split",
    "min_tree_child_weight": "min_sum_hessian_in_leaf",
    "subsample": "bagging_fraction",
    "colsample_bytree": "feature_fraction",
    "colsample_bynode": "feature_fraction_bynode",
    **{
        name: name
        for name in (
            "max_bin",
            "max_delta_step",
            "max_cat_threshold",
            "cat_l2",
            "cat_smooth",
            "path_smooth",
            "extra_trees",
        )
    },
}


def parameters(options: BoostingOptions, objective: str, *, rows: int, classes: int, seed: int) -> dict[str, Any]:
    """LightGBM's parameters for these options."""
    depth = options.max_tree_depth if options.max_tree_depth is not None else 6 if options.num_leaves is None else -1
    leaves = options.num_leaves if options.num_leaves is not None else 2 ** min(depth, 12)
    given = asdict(options)
    params: dict[str, Any] = {theirs: given[ours] for ours, theirs in _PARAMETERS.items()}
    params.update(
        objective=objective,
        boosting="dart" if options.booster_type == "DART" else "gbdt",
        max_depth=depth,
        num_leaves=leaves,
        min_data_in_leaf=_least_rows(options, rows),
        # A leaf cannot be smaller than a bin, of which LightGBM wants 3 rows.
        min_data_in_bin=max(1, min(3, _least_rows(options, rows))),
        # At 0 LightGBM may choose a split with an empty side, and stops with a failed check of its own.
        min_sum_hessian_in_leaf=max(options.min_tree_child_weight, 1e-6),
        bagging_freq=1 if options.subsample < 1 else 0,
        seed=seed,
        # The same rows give the same bytes, whatever the number of threads: one of them sums up a whole feature.
        deterministic=True,
        force_col_wise=True,
        num_threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        verbosity=-1,
    )
    if options.booster_type == "DART":
        params["drop_rate"] = options.dropout
    if objective == "multiclass":
        params["num_class"] = classes
    return params


def boosting_seconds(options: BoostingOptions, *, rows: int, inputs: int) -> float:
    """About how long it takes to train on two processors: reading and binning, and each round over all cells.

    Measured with 10,000 to 400,000 rows x 10 to 40 inputs and 20 to 100 rounds; right within a factor of three there.
    """
    return 0.3 + rows * inputs * 1e-7 + options.max_iterations * (0.01 + rows * inputs * 3e-9)


def _least_rows(options: BoostingOptions, rows: int) -> int:
    if options.min_data_in_leaf is not None:
        return options.min_data_in_leaf
    return max(1, min(20, rows // 100))


class _EarlyStop:
    """Stops when a round improves the loss by less than a share of it."""

    def __init__(self, least: float) -> None:
        self._least = least
        self._last: float | None = None

    def reached(self, loss: float) -> bool:
        last, self._last = self._last, loss
        return last is not None and last - loss < self._least * abs(last)


def boost(options: BoostingOptions, objective: str, data: TrainingData) -> Fitted:
    """Train; keeps LightGBM's model text, the losses by round, and the parameters that were used."""
    from sqlml.scoring.lightgbm_trees import lightgbm, shaped

    lgb = lightgbm()
    params = parameters(options, objective, rows=len(data.target), classes=len(data.classes), seed=data.seed)
    train, watched = _datasets(lgb, params, data)
    is_gbtree = options.booster_type == "GBTREE"
    if is_gbtree:
        for dataset in (train, *(d for _, d in watched)):
            dataset.construct()
        data.release()
    history: list[tuple[str, int, float]] = []
    stop = _EarlyStop(options.min_rel_progress) if options.early_stop and is_gbtree else None

    last_time = time.perf_counter()

    def after_round(env: Any) -> None:
        nonlocal last_time
        data.check_cancelled()
        data.report(Progress("fit", env.iteration + 1, options.max_iterations))
        losses = {name: value for name, _, value, *_ in env.evaluation_result_list}
        history.extend((name, env.iteration, value) for name, value in losses.items())
        last_time, before = time.perf_counter(), last_time
        history.append(("duration_ms", env.iteration, (last_time - before) * 1000))
        if stop and stop.reached(losses.get("eval_loss", losses["loss"])):
            raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    try:
        booster = lgb.train(
            params,
            train,
            num_boost_round=options.max_iterations,
            valid_sets=[d for _, d in watched],
            valid_names=[name for name, _ in watched],
            callbacks=[after_round],
            keep_training_booster=True,
        )
    except lgb.basic.LightGBMError as error:
        raise TrainingFailed(
            f"LightGBM cannot learn from these rows: {str(error).strip()}",
            hint="Check the options: subsample, max_bin and min_data_in_leaf go with the number of rows.",
        ) from error
    # Without its parameters, which name the number of threads, the text depends on the rows alone.
    text = booster.model_to_string(num_iteration=-1).partition("\nparameters:")[0]
    scores = None
    if is_gbtree and not len(data.held_out_target):
        scores = shaped(_training_scores(booster), is_binary=objective == "binary")
    return Fitted("lightgbm", {"model": text}, tuple(history), params, training_scores=scores)


def _training_scores(booster: Any) -> Any:
    """What the booster itself added up for its training rows: to the bit what its model text predicts.

    Not of DART, which takes trees out and puts them back.
    """
    found: list[Any] = []

    def keep(scores: Any, _: Any) -> tuple[str, float, bool]:
        found.append(scores.copy())
        return "kept", 0.0, True

    booster.eval_train(keep)
    return found[0]


def _datasets(lgb: Any, params: Mapping[str, Any], data: TrainingData) -> tuple[Any, list[tuple[str, Any]]]:
    import pyarrow as pa

    def dataset(columns: Mapping[str, Raw], target: Any, reference: Any = None) -> Any:
        inputs = data.preprocessor.inputs
        return lgb.Dataset(
            # Arrow's columns are these arrays, without a copy, and LightGBM reads them faster than a matrix.
            pa.table({f"Column_{i}": learned.labels(columns[learned.name]) for i, learned in enumerate(inputs)}),
            label=target,
            reference=reference,
            categorical_feature=data.preprocessor.categorical,
            params=dict(params),
        )

    train = dataset(data.columns, data.target)
    first = {name: column[:_LOSS_ROWS] for name, column in data.columns.items()}
    watched = [("loss", dataset(first, data.target[:_LOSS_ROWS], train))]
    if len(data.held_out_target):
        watched.append(("eval_loss", dataset(data.held_out, data.held_out_target, train)))
    return train, watched
