"""Multilayer perceptrons of scikit-learn's: the options and the fit that mlp_classifier and mlp_regressor share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlml.caught_warnings import caught_warnings
from sqlml.errors import InvalidOption
from sqlml.fitting import Fitted
from sqlml.options import WarmStartOptions, option
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.fitting import TrainingData


@dataclass(frozen=True)
class NetworkOptions(WarmStartOptions):
    """BigQuery's names for the parameters of scikit-learn's networks."""

    hidden_units: tuple[int, ...] = option((100,), "The units of each hidden layer.", low=1, high=10_000)
    activation_fn: Literal["RELU", "TANH", "SIGMOID", "IDENTITY"] = option("RELU", "What each hidden unit computes.")
    optimizer: Literal["ADAM", "SGD", "LBFGS"] = option("ADAM", "How it learns; LBFGS suits small tables.")
    learn_rate: float = option(0.001, "The first step of ADAM and SGD.", above=0)
    batch_size: int | None = option(None, "Rows a step of ADAM and SGD: 200, or all there are.", low=1)
    l2_reg: float = option(0.0001, "The L2 penalty, divided by the rows of a batch.", low=0)
    max_iterations: int = option(200, "The most passes over the rows, or iterations of LBFGS.", low=1)
    early_stop: bool = option(
        default=False, doc="Stop by a tenth of the training rows put aside, not by the loss of all."
    )

    def __post_init__(self) -> None:
        """Check options against one another."""
        if self.early_stop and self.optimizer == "LBFGS":
            raise InvalidOption("early_stop needs the optimizer ADAM or SGD.", hint="Leave one of the two out.")


_ACTIVATIONS = {"RELU": "relu", "TANH": "tanh", "SIGMOID": "logistic", "IDENTITY": "identity"}


def settings(options: NetworkOptions, *, seed: int) -> Mapping[str, Any]:
    """scikit-learn's parameters."""
    return {
        "hidden_layer_sizes": options.hidden_units,
        "activation": _ACTIVATIONS[options.activation_fn],
        "solver": options.optimizer.lower(),
        "learning_rate_init": options.learn_rate,
        "batch_size": options.batch_size or "auto",
        "alpha": options.l2_reg,
        "max_iter": options.max_iterations,
        "early_stopping": options.early_stop,
        "warm_start": options.warm_start,
        "random_state": seed,
    }


def learn(built: Any, data: TrainingData) -> Fitted:
    """Fit, or go on from the network of the version before; keeps the network without its optimiser.

    Labels of a regression are standardised while it learns, and its last layer takes that back.
    """
    from sqlml.scoring.sklearn_estimator import store

    is_regression = not data.classes
    mean, scale = (float(data.target.mean()), float(data.target.std()) or 1.0) if is_regression else (0.0, 1.0)
    estimator = built if data.previous is None else _previous(built, data.previous.state)
    known = len(getattr(estimator, "loss_curve_", []))
    done = int(getattr(estimator, "n_iter_", 0))
    if data.previous is not None and is_regression:
        _rescale(estimator, factor=1 / scale, shift=-mean / scale)
    data.report(Progress("fit", 0, 1))
    with caught_warnings() as caught:
        estimator.fit(data.dense(), (data.target - mean) / scale if is_regression else data.target)
    if is_regression:
        _rescale(estimator, factor=scale, shift=mean)
    data.report(Progress("fit", 1, 1))
    # A warm start adds to both.
    losses = getattr(estimator, "loss_curve_", [])[known:]
    iterations = int(estimator.n_iter_) - (done if estimator.solver != "lbfgs" else 0)
    # The moments of the optimiser are twice the size of the weights, and scoring needs none of them.
    vars(estimator).pop("_optimizer", None)
    return Fitted(
        "skops",
        store(estimator),
        history=tuple(("loss", i, float(loss)) for i, loss in enumerate(losses)),
        resolved={"iterations": iterations},
        warnings=tuple(dict.fromkeys(str(w) for w in caught)),
    )


def _previous(built: Any, state: Mapping[str, Any]) -> Any:
    """The network of the version before, with the parameters that are asked for now."""
    from sqlml.scoring.sklearn_estimator import restore

    before = restore(state)
    if list(before.hidden_layer_sizes) != list(built.hidden_layer_sizes):
        raise InvalidOption(
            f"The network to go on from has the hidden units {list(before.hidden_layer_sizes)}, "
            f"not {list(built.hidden_layer_sizes)}.",
            hint="Give the same hidden_units, or leave warm_start out.",
        )
    return before.set_params(**built.get_params())


def _rescale(estimator: Any, *, factor: float, shift: float) -> None:
    estimator.coefs_[-1] = estimator.coefs_[-1] * factor
    estimator.intercepts_[-1] = estimator.intercepts_[-1] * factor + shift
