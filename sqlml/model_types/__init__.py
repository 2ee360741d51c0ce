"""The model types: one line each."""

from sqlml.extensions import Registry
from sqlml.model_types.base import ModelType
from sqlml.model_types.boosted_tree_classifier import BoostedTreeClassifier
from sqlml.model_types.boosted_tree_regressor import BoostedTreeRegressor
from sqlml.model_types.linear_reg import LinearReg
from sqlml.model_types.logistic_reg import LogisticReg
from sqlml.model_types.transform_only import TransformOnly

MODEL_TYPES: Registry[ModelType] = Registry(
    "model type",
    "sqlml.model_types",
    [
        BoostedTreeClassifier(),
        BoostedTreeRegressor(),
        LinearReg(),
        LogisticReg(),
        TransformOnly(),
    ],
)
