"""The model types: one line each."""

from sqlml.extensions import Registry
from sqlml.model_types.base import ModelType
from sqlml.model_types.boosted_tree_classifier import BoostedTreeClassifier
from sqlml.model_types.boosted_tree_regressor import BoostedTreeRegressor
from sqlml.model_types.elastic_net import ElasticNet
from sqlml.model_types.gamma_regressor import GammaRegressor
from sqlml.model_types.knn_classifier import KnnClassifier
from sqlml.model_types.knn_regressor import KnnRegressor
from sqlml.model_types.linear_reg import LinearReg
from sqlml.model_types.logistic_reg import LogisticReg
from sqlml.model_types.mlp_classifier import MlpClassifier
from sqlml.model_types.mlp_regressor import MlpRegressor
from sqlml.model_types.naive_bayes import NaiveBayes
from sqlml.model_types.onnx import Onnx
from sqlml.model_types.poisson_regressor import PoissonRegressor
from sqlml.model_types.quantile_regressor import QuantileRegressor
from sqlml.model_types.random_forest_classifier import RandomForestClassifier
from sqlml.model_types.random_forest_regressor import RandomForestRegressor
from sqlml.model_types.sklearn import Sklearn
from sqlml.model_types.transform_only import TransformOnly

MODEL_TYPES: Registry[ModelType] = Registry(
    "model type",
    "sqlml.model_types",
    [
        BoostedTreeClassifier(),
        BoostedTreeRegressor(),
        ElasticNet(),
        GammaRegressor(),
        KnnClassifier(),
        KnnRegressor(),
        LinearReg(),
        LogisticReg(),
        MlpClassifier(),
        MlpRegressor(),
        NaiveBayes(),
        Onnx(),
        PoissonRegressor(),
        QuantileRegressor(),
        RandomForestClassifier(),
        RandomForestRegressor(),
        Sklearn(),
        TransformOnly(),
    ],
)
