"""The SQL functions: one line each."""

from sqlml.extensions import Registry
from sqlml.functions.base import Function
from sqlml.functions.ml_advanced_weights import MlAdvancedWeights
from sqlml.functions.ml_bag_of_words import MlBagOfWords
from sqlml.functions.ml_bucketize import MlBucketize
from sqlml.functions.ml_confusion_matrix import MlConfusionMatrix
from sqlml.functions.ml_convert_color_space import MlConvertColorSpace
from sqlml.functions.ml_convert_image_type import MlConvertImageType
from sqlml.functions.ml_correlation import MlCorrelation
from sqlml.functions.ml_decode_image import MlDecodeImage
from sqlml.functions.ml_describe_data import MlDescribeData
from sqlml.functions.ml_distance import MlDistance
from sqlml.functions.ml_evaluate import MlEvaluate
from sqlml.functions.ml_explain_predict import MlExplainPredict
from sqlml.functions.ml_feature_cross import MlFeatureCross
from sqlml.functions.ml_feature_importance import MlFeatureImportance
from sqlml.functions.ml_feature_info import MlFeatureInfo
from sqlml.functions.ml_global_explain import MlGlobalExplain
from sqlml.functions.ml_hash_bucketize import MlHashBucketize
from sqlml.functions.ml_imputer import MlImputer
from sqlml.functions.ml_label_encoder import MlLabelEncoder
from sqlml.functions.ml_lineage import MlLineage
from sqlml.functions.ml_lp_norm import MlLpNorm
from sqlml.functions.ml_max_abs_scaler import MlMaxAbsScaler
from sqlml.functions.ml_min_max_scaler import MlMinMaxScaler
from sqlml.functions.ml_multi_hot_encoder import MlMultiHotEncoder
from sqlml.functions.ml_ngrams import MlNgrams
from sqlml.functions.ml_normalizer import MlNormalizer
from sqlml.functions.ml_one_hot_encoder import MlOneHotEncoder
from sqlml.functions.ml_partition_info import MlPartitionInfo
from sqlml.functions.ml_polynomial_expand import MlPolynomialExpand
from sqlml.functions.ml_predict import MlPredict
from sqlml.functions.ml_predict_proba import MlPredictProba
from sqlml.functions.ml_quantile_bucketize import MlQuantileBucketize
from sqlml.functions.ml_resize_image import MlResizeImage
from sqlml.functions.ml_robust_scaler import MlRobustScaler
from sqlml.functions.ml_roc_curve import MlRocCurve
from sqlml.functions.ml_standard_scaler import MlStandardScaler
from sqlml.functions.ml_tf_idf import MlTfIdf
from sqlml.functions.ml_training_info import MlTrainingInfo
from sqlml.functions.ml_transform import MlTransform
from sqlml.functions.ml_weights import MlWeights

FUNCTIONS: Registry[Function] = Registry(
    "function",
    "sqlml.functions",
    [
        MlAdvancedWeights(),
        MlBagOfWords(),
        MlBucketize(),
        MlConfusionMatrix(),
        MlConvertColorSpace(),
        MlConvertImageType(),
        MlCorrelation(),
        MlDecodeImage(),
        MlDescribeData(),
        MlDistance(),
        MlEvaluate(),
        MlExplainPredict(),
        MlFeatureCross(),
        MlFeatureImportance(),
        MlFeatureInfo(),
        MlGlobalExplain(),
        MlHashBucketize(),
        MlImputer(),
        MlLabelEncoder(),
        MlLineage(),
        MlLpNorm(),
        MlMaxAbsScaler(),
        MlMinMaxScaler(),
        MlMultiHotEncoder(),
        MlNgrams(),
        MlNormalizer(),
        MlOneHotEncoder(),
        MlPartitionInfo(),
        MlPolynomialExpand(),
        MlPredict(),
        MlPredictProba(),
        MlQuantileBucketize(),
        MlResizeImage(),
        MlRobustScaler(),
        MlRocCurve(),
        MlStandardScaler(),
        MlTfIdf(),
        MlTrainingInfo(),
        MlTransform(),
        MlWeights(),
    ],
)
