-- What ML.CONFUSION_MATRIX, ML.ROC_CURVE, ML.FEATURE_INFO and ML.FEATURE_IMPORTANCE answer without rows.
CREATE TABLE sqlml.confusion (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    expected VARCHAR NOT NULL,
    predicted VARCHAR NOT NULL,
    n BIGINT NOT NULL
);
CREATE TABLE sqlml.roc_curve (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    threshold DOUBLE NOT NULL,
    true_positives BIGINT NOT NULL,
    false_positives BIGINT NOT NULL,
    true_negatives BIGINT NOT NULL,
    false_negatives BIGINT NOT NULL
);
CREATE TABLE sqlml.feature_statistics (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    minimum DOUBLE,
    maximum DOUBLE,
    mean DOUBLE,
    median DOUBLE,
    stddev DOUBLE,
    category_count BIGINT,
    null_count BIGINT NOT NULL
);
CREATE TABLE sqlml.feature_importance (
    model_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    feature VARCHAR NOT NULL,
    importance_weight BIGINT NOT NULL,
    importance_gain DOUBLE NOT NULL,
    importance_cover DOUBLE NOT NULL
);
