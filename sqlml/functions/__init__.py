"""The SQL functions: one line each."""

from sqlml.extensions import Registry
from sqlml.functions.base import Function
from sqlml.functions.ml_evaluate import MlEvaluate
from sqlml.functions.ml_predict import MlPredict
from sqlml.functions.ml_predict_proba import MlPredictProba

FUNCTIONS: Registry[Function] = Registry(
    "function",
    "sqlml.functions",
    [
        MlEvaluate(),
        MlPredict(),
        MlPredictProba(),
    ],
)
