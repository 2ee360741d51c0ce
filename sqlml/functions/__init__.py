"""The SQL functions: one line each."""

from sqlml.extensions import Registry
from sqlml.functions.base import Function
from sqlml.functions.ml_advanced_weights import MlAdvancedWeights
from sqlml.functions.ml_confusion_matrix import MlConfusionMatrix
from sqlml.functions.ml_correlation import MlCorrelation
from sqlml.functions.ml_describe_data import MlDescribeData
from sqlml.functions.ml_evaluate import MlEvaluate
from sqlml.functions.ml_explain_predict import MlExplainPredict
from sqlml.functions.ml_feature_importance import MlFeatureImportance
from sqlml.functions.ml_feature_info import MlFeatureInfo
from sqlml.functions.ml_global_explain import MlGlobalExplain
from sqlml.functions.ml_partition_info import MlPartitionInfo
from sqlml.functions.ml_predict import MlPredict
from sqlml.functions.ml_predict_proba import MlPredictProba
from sqlml.functions.ml_roc_curve import MlRocCurve
from sqlml.functions.ml_training_info import MlTrainingInfo
from sqlml.functions.ml_weights import MlWeights

FUNCTIONS: Registry[Function] = Registry(
    "function",
    "sqlml.functions",
    [
        MlAdvancedWeights(),
        MlConfusionMatrix(),
        MlCorrelation(),
        MlDescribeData(),
        MlEvaluate(),
        MlExplainPredict(),
        MlFeatureImportance(),
        MlFeatureInfo(),
        MlGlobalExplain(),
        MlPartitionInfo(),
        MlPredict(),
        MlPredictProba(),
        MlRocCurve(),
        MlTrainingInfo(),
        MlWeights(),
    ],
)
