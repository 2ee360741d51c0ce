"""`model_type='naive_bayes'`: Gaussian for numbers, counts for categories, whatever is mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import ModelType
from sqlml.options import ClassWeightOptions, InstanceWeightOptions, option
from sqlml.types import Progress

if TYPE_CHECKING:
    from sqlml.preprocessing import Floats, Learned, Raw

# A variance and one half of its inverse are both numbers that a DOUBLE has.
_LEAST_VARIANCE, _LARGEST_VARIANCE = 1e-300, 1e300


class NaiveBayes(ModelType):
    """Naive Bayes: each feature votes alone, a number by a normal distribution, a category by its share.

        CREATE MODEL spam OPTIONS (model_type='naive_bayes', input_label_cols=['is_spam'])
        AS SELECT sender, length, links, is_spam FROM mails;

    Is roughly:

        GaussianNB().fit(mails[["length", "links"]], is_spam)
        CategoricalNB(alpha=1).fit(mails[["sender"]], is_spam)

    with their log likelihoods added.

    Text, booleans and the parts of dates are categories. NULL and a category that was not seen say nothing, neither in
    training nor in prediction. One pass over the rows, exact. Source: Hastie, Tibshirani and Friedman, 6.6.3.
    """

    name = "naive_bayes"
    task = "classification"
    max_classes = 1000

    @dataclass(frozen=True)
    class Options(InstanceWeightOptions, ClassWeightOptions):
        """The options of naive_bayes."""

        smoothing: float = option(1.0, "How many more rows each category of a class counts.", above=0)
        var_smoothing: float = option(
            1e-9, "The share of a number's variance that is added to that of each class.", above=0
        )

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Count, and keep logarithms of shares, means and variances."""
        import numpy as np

        weights = np.ones(len(data.target)) if data.weights is None else data.weights
        totals = np.bincount(data.target, weights=weights, minlength=len(data.classes))
        inputs: dict[str, Any] = {}
        for done, spec in enumerate(data.preprocessor.inputs):
            data.check_cancelled()
            data.report(Progress("fit", done, len(data.preprocessor.inputs)))
            column = data.columns[spec.name]
            rows = _Rows(column, data.target, weights, len(data.classes))
            if spec.is_block:
                inputs[spec.name] = {"log_shares": _log_shares(spec, rows, options.smoothing).tolist()}
            else:
                means, variances = _normal(spec, rows, options.var_smoothing)
                inputs[spec.name] = {"means": means.tolist(), "variances": variances.tolist()}
        with np.errstate(divide="ignore"):
            log_prior = np.maximum(np.log(totals / totals.sum()), -1e300)
        return Fitted("naive_bayes", {"log_prior": log_prior.tolist(), "inputs": inputs})


@dataclass(frozen=True)
class _Rows:
    """A column with the class and the weight of each row."""

    column: Raw
    target: Any
    weights: Floats
    classes: int


def _log_shares(spec: Learned, rows: _Rows, smoothing: float) -> Floats:
    """(classes x categories): the logarithm of each category's share, of the rows whose category is known."""
    import numpy as np

    codes = spec.codes(rows.column, null=-1, unseen=-1)
    known = codes >= 0
    width = len(spec.categories)
    cells = rows.target[known] * width + codes[known]
    sums = np.bincount(cells, weights=rows.weights[known], minlength=rows.classes * width)
    counts: Floats = sums.reshape(rows.classes, width).astype(np.float64) + smoothing
    shares: Floats = np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))
    return shares


def _normal(spec: Learned, rows: _Rows, smoothing: float) -> tuple[Floats, Floats]:
    """The mean and variance of a number by class, of the rows that know it; a class without any has those of all."""
    import numpy as np

    from sqlml.preprocessing import Text

    assert not isinstance(rows.column, Text)
    known = np.isfinite(rows.column)
    # Around the mean of all rows, so that no digits are lost in a column far from zero.
    values, target, weights = rows.column[known] - spec.mean, rows.target[known], rows.weights[known]
    totals = np.bincount(target, weights=weights, minlength=rows.classes)
    is_known = totals > 0
    at_least = np.where(is_known, totals, 1.0)
    means = np.bincount(target, weights=weights * values, minlength=rows.classes) / at_least
    squares = weights * (values - means[target]) ** 2
    variances = np.bincount(target, weights=squares, minlength=rows.classes) / at_least
    variances = np.where(is_known, variances, spec.scale**2) + smoothing * spec.scale**2
    # Squares of what is very small are zero, and of what is very large infinite.
    return means + spec.mean, np.clip(variances, _LEAST_VARIANCE, _LARGEST_VARIANCE)
