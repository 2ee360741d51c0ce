"""`model_type='sklearn', model_class='HistGradientBoostingRegressor'`: an estimator of scikit-learn's by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlml.caught_warnings import caught_warnings
from sqlml.errors import InvalidOption, TrainingFailed, nearest_hint
from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import ModelType
from sqlml.options import option
from sqlml.sklearn_parameters import check_parameters
from sqlml.types import Progress

_CLASSIFIERS = {
    "AdaBoostClassifier": "ensemble",
    "BaggingClassifier": "ensemble",
    "BernoulliNB": "naive_bayes",
    "DecisionTreeClassifier": "tree",
    "DummyClassifier": "dummy",
    "ExtraTreeClassifier": "tree",
    "ExtraTreesClassifier": "ensemble",
    "GaussianNB": "naive_bayes",
    "GaussianProcessClassifier": "gaussian_process",
    "GradientBoostingClassifier": "ensemble",
    "HistGradientBoostingClassifier": "ensemble",
    "KNeighborsClassifier": "neighbors",
    "LinearDiscriminantAnalysis": "discriminant_analysis",
    "LogisticRegression": "linear_model",
    "MLPClassifier": "neural_network",
    "NearestCentroid": "neighbors",
    "QuadraticDiscriminantAnalysis": "discriminant_analysis",
    "RandomForestClassifier": "ensemble",
    "SGDClassifier": "linear_model",
}
_REGRESSORS = {
    "ARDRegression": "linear_model",
    "AdaBoostRegressor": "ensemble",
    "BaggingRegressor": "ensemble",
    "BayesianRidge": "linear_model",
    "DecisionTreeRegressor": "tree",
    "DummyRegressor": "dummy",
    "ElasticNet": "linear_model",
    "ElasticNetCV": "linear_model",
    "ExtraTreeRegressor": "tree",
    "ExtraTreesRegressor": "ensemble",
    "GammaRegressor": "linear_model",
    "GaussianProcessRegressor": "gaussian_process",
    "GradientBoostingRegressor": "ensemble",
    "HistGradientBoostingRegressor": "ensemble",
    "HuberRegressor": "linear_model",
    "KNeighborsRegressor": "neighbors",
    "KernelRidge": "kernel_ridge",
    "Lars": "linear_model",
    "Lasso": "linear_model",
    "LassoCV": "linear_model",
    "LassoLars": "linear_model",
    "LinearRegression": "linear_model",
    "LinearSVR": "svm",
    "MLPRegressor": "neural_network",
    "NuSVR": "svm",
    "OrthogonalMatchingPursuit": "linear_model",
    "PLSRegression": "cross_decomposition",
    "PoissonRegressor": "linear_model",
    "QuantileRegressor": "linear_model",
    "RANSACRegressor": "linear_model",
    "RandomForestRegressor": "ensemble",
    "Ridge": "linear_model",
    "RidgeCV": "linear_model",
    "SGDRegressor": "linear_model",
    "SVR": "svm",
    "TheilSenRegressor": "linear_model",
    "TweedieRegressor": "linear_model",
}
# Name -> (module, task): what may be imported, and nothing else. Each of them gives probabilities or numbers, and is
# stored by skops.
ALLOWED: dict[str, tuple[str, str]] = {
    **{name: (f"sklearn.{module}", "classification") for name, module in _CLASSIFIERS.items()},
    **{name: (f"sklearn.{module}", "regression") for name, module in _REGRESSORS.items()},
}
# Parameters that are not the user's: the seed is an option, the rest prints, forks or writes files.
RESERVED = ("memory", "n_jobs", "random_state", "verbose", "warm_start")


class Sklearn(ModelType):
    """A classifier or regressor of scikit-learn's, from a list of those that are known to be safe.

        CREATE MODEL price OPTIONS (model_type='sklearn', model_class='HistGradientBoostingRegressor',
                                    model_params={'max_iter': 200, 'learning_rate': 0.05}, input_label_cols=['price'])
        AS SELECT rooms, area, city, price FROM flats;

    Is roughly:

        HistGradientBoostingRegressor(max_iter=200, learning_rate=0.05).fit(
            OneHotEncoder/StandardScaler of flats[["rooms", "area", "city"]], price)

    model_params takes numbers, TRUE, FALSE, NULL and the words that scikit-learn lists for a parameter; never the name
    of a function, a class or a file. They are checked while the statement is planned, by EXPLAIN too. The class decides
    whether it is a classification or a regression.
    """

    name = "sklearn"
    task = "by model_class"
    max_classes = 1000

    @dataclass(frozen=True)
    class Options:
        """The options of sklearn."""

        model_class: str = option("", "The estimator: a name of scikit-learn's like 'HistGradientBoostingRegressor'.")
        model_params: Mapping[str, Any] | None = option(None, "Its parameters: {'max_iter': 200}.")

        def __post_init__(self) -> None:
            """Check the parameters without scikit-learn, so that EXPLAIN finds what is wrong."""
            if self.model_class in ALLOWED:
                check_parameters(self.model_class, self.model_params or {}, RESERVED)

    def task_of(self, options: Any) -> str:
        """Classification or regression, by the class.

        Raises InvalidOption for one that is not on the list.
        """
        if options.model_class in ALLOWED:
            return ALLOWED[options.model_class][1]
        listed = f"One of: {', '.join(sorted(ALLOWED))}."
        if not options.model_class:
            raise InvalidOption("model_type 'sklearn' needs a model_class.", hint=listed)
        raise InvalidOption(
            f'"{options.model_class}" is not one of the estimators that can be used.',
            hint=nearest_hint(options.model_class, ALLOWED, otherwise=listed),
        )

    def build(self, options: Any, seed: int = 0) -> Any:
        """The estimator.

        Raises InvalidOption for parameters that it does not have, or does not take.
        """
        self.task_of(options)
        module, _ = ALLOWED[options.model_class]
        estimator = getattr(import_module(module), options.model_class)()
        params = dict(options.model_params or {})
        estimator.set_params(**params)
        _check_values(estimator, options.model_class)
        if "random_state" in estimator.get_params(deep=False):
            estimator.set_params(random_state=seed)
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Fit and keep the estimator; what scikit-learn warns of is a warning of the run."""
        from sqlml.scoring.sklearn_estimator import store

        estimator = self.build(options, seed=data.seed)
        data.report(Progress("fit", 0, 1))
        with caught_warnings() as caught:
            estimator.fit(data.dense(), data.target)
        data.report(Progress("fit", 1, 1))
        if data.classes and not hasattr(estimator, "predict_proba"):
            raise TrainingFailed(
                f"{options.model_class} gives no probabilities with these parameters.",
                hint="SGDClassifier does with {'loss': 'log_loss'}.",
            )
        return Fitted(
            "skops",
            store(estimator),
            resolved={"estimator": repr(estimator)},
            warnings=tuple(dict.fromkeys(str(w) for w in caught)),
        )


def _check_values(estimator: Any, model_class: str) -> None:
    """Let scikit-learn check the values too: it is the judge, and a newer one may know better."""
    try:
        estimator._validate_params()
    except ValueError as error:
        raise InvalidOption(str(error), hint=f"See scikit-learn's page of {model_class}.") from error
