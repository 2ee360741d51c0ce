-- Pairs: what may be written, and what is generated from its tree, which is then read as the same tree.

-- CREATE MODEL
CREATE MODEL `project.dataset.m` OPTIONS (MODEL_TYPE = 'LINEAR_REG') AS SELECT * FROM `project.dataset.t`
-- => CREATE MODEL "project"."dataset"."m" OPTIONS (MODEL_TYPE = 'LINEAR_REG') AS SELECT * FROM "project.dataset.t"
CREATE MODEL m WITH (model_type = 'linear_reg', l2_reg => 1, l1_reg := 2) FROM t
-- => CREATE MODEL m OPTIONS (model_type = 'linear_reg', l2_reg = 1, l1_reg = 2) AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS t
-- => CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS 'file.parquet'
-- => CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM "file.parquet"
CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS TABLE t
-- => CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS FROM t
-- => CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL m TRANSFORM(* EXCEPT (id), y) OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
-- => CREATE MODEL m TRANSFORM (* EXCLUDE (id), y) OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL m INPUT (a FLOAT64, b STRING, c ARRAY<FLOAT64>) OUTPUT (p FLOAT64) REMOTE WITH CONNECTION DEFAULT OPTIONS (endpoint = 'https://x')
-- => CREATE MODEL m INPUT (a FLOAT64, b TEXT, c FLOAT64[]) OUTPUT (p FLOAT64) REMOTE WITH CONNECTION "DEFAULT" OPTIONS (endpoint = 'https://x')
CREATE MODEL m REMOTE WITH CONNECTION `project.region.conn` OPTIONS (remote_service_type = 'CLOUD_AI_TRANSLATE_V3')
-- => CREATE MODEL m REMOTE WITH CONNECTION "project.region.conn" OPTIONS (remote_service_type = 'CLOUD_AI_TRANSLATE_V3')
CREATE MODEL m OPTIONS (model_type = 'logistic_reg', auto_class_weights = TRUE, class_weights = [STRUCT('a', 0.2), STRUCT('b', 0.8)]) AS SELECT * FROM t
-- => CREATE MODEL m OPTIONS (model_type = 'logistic_reg', auto_class_weights = TRUE, class_weights = [{'_0': 'a', '_1': 0.2}, {'_0': 'b', '_1': 0.8}]) AS SELECT * FROM t

-- predict
SELECT * FROM ML.PREDICT(MODEL `project.dataset.m`, (SELECT * FROM t), STRUCT(0.5 AS threshold, TRUE AS keep_original_columns, 2 AS trial_id))
-- => SELECT * FROM ML.PREDICT(MODEL "project"."dataset"."m", (SELECT * FROM t), {'threshold': 0.5, 'keep_original_columns': TRUE, 'trial_id': 2})
SELECT * FROM ML.RECOMMEND(MODEL m, (SELECT 1 AS "user"), STRUCT(1 AS trial_id))
-- => SELECT * FROM ML.RECOMMEND(MODEL m, (SELECT 1 AS "user"), {'trial_id': 1})
SELECT * FROM ML.FORECAST(MODEL m, STRUCT(3 AS horizon, 0.95 AS confidence_level))
-- => SELECT * FROM ML.FORECAST(MODEL m, {'horizon': 3, 'confidence_level': 0.95})
SELECT * FROM ML.FORECAST(MODEL m, STRUCT(3 AS horizon), TABLE future)
-- => SELECT * FROM ML.FORECAST(MODEL m, {'horizon': 3}, TABLE future)
SELECT * FROM ML.DETECT_ANOMALIES(MODEL m, STRUCT(0.95 AS anomaly_prob_threshold), TABLE t)
-- => SELECT * FROM ML.DETECT_ANOMALIES(MODEL m, {'anomaly_prob_threshold': 0.95}, TABLE t)
SELECT * FROM ML.DETECT_ANOMALIES(MODEL m, STRUCT(0.1 AS contamination), (SELECT * FROM t))
-- => SELECT * FROM ML.DETECT_ANOMALIES(MODEL m, {'contamination': 0.1}, (SELECT * FROM t))

-- evaluate
SELECT * FROM ML.EVALUATE(MODEL m, TABLE t, STRUCT(0.5 AS threshold))
-- => SELECT * FROM ML.EVALUATE(MODEL m, TABLE t, {'threshold': 0.5})
SELECT * FROM ML.EVALUATE(MODEL m, (SELECT * FROM t), STRUCT(TRUE AS perform_aggregation, 10 AS horizon))
-- => SELECT * FROM ML.EVALUATE(MODEL m, (SELECT * FROM t), {'perform_aggregation': TRUE, 'horizon': 10})
SELECT * FROM ML.CONFUSION_MATRIX(MODEL m, TABLE t, STRUCT(0.5 AS threshold))
-- => SELECT * FROM ML.CONFUSION_MATRIX(MODEL m, TABLE t, {'threshold': 0.5})
SELECT * FROM ML.ROC_CURVE(MODEL m, TABLE t, [0.1, 0.5], STRUCT(1 AS trial_id))
-- => SELECT * FROM ML.ROC_CURVE(MODEL m, TABLE t, [0.1, 0.5], {'trial_id': 1})

-- explain
SELECT * FROM ML.EXPLAIN_PREDICT(MODEL m, TABLE t, STRUCT(5 AS top_k_features, 0.5 AS threshold))
-- => SELECT * FROM ML.EXPLAIN_PREDICT(MODEL m, TABLE t, {'top_k_features': 5, 'threshold': 0.5})
SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL m, STRUCT(TRUE AS class_level_explain))
-- => SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL m, {'class_level_explain': TRUE})
SELECT * FROM ML.EXPLAIN_FORECAST(MODEL m, STRUCT(30 AS horizon, 0.8 AS confidence_level))
-- => SELECT * FROM ML.EXPLAIN_FORECAST(MODEL m, {'horizon': 30, 'confidence_level': 0.8})

-- inspect
SELECT * FROM ML.WEIGHTS(MODEL m, STRUCT(TRUE AS standardize))
-- => SELECT * FROM ML.WEIGHTS(MODEL m, {'standardize': TRUE})
SELECT * FROM ML.CENTROIDS(MODEL m, STRUCT(TRUE AS standardize))
-- => SELECT * FROM ML.CENTROIDS(MODEL m, {'standardize': TRUE})
SELECT * FROM ML.ARIMA_EVALUATE(MODEL m, STRUCT(TRUE AS show_all_candidate_models))
-- => SELECT * FROM ML.ARIMA_EVALUATE(MODEL m, {'show_all_candidate_models': TRUE})

-- data functions
SELECT * FROM ML.DESCRIBE_DATA(TABLE t, STRUCT(2 AS num_quantiles, 1 AS top_k))
-- => SELECT * FROM ML.DESCRIBE_DATA(TABLE t, {'num_quantiles': 2, 'top_k': 1})
SELECT * FROM ML.DESCRIBE_DATA((SELECT * FROM t), STRUCT(3 AS num_quantiles))
-- => SELECT * FROM ML.DESCRIBE_DATA((SELECT * FROM t), {'num_quantiles': 3})
SELECT * FROM ML.VALIDATE_DATA_DRIFT(TABLE a, TABLE b, STRUCT(0.3 AS categorical_default_threshold, 'L_INFTY' AS categorical_metric_type, [STRUCT('x' AS col, 0.1 AS threshold)] AS thresholds), MODEL m)
-- => SELECT * FROM ML.VALIDATE_DATA_DRIFT(TABLE a, TABLE b, {'categorical_default_threshold': 0.3, 'categorical_metric_type': 'L_INFTY', 'thresholds': [{'col': 'x', 'threshold': 0.1}]}, MODEL m)
SELECT * FROM ML.VALIDATE_DATA_SKEW(MODEL m, TABLE t, STRUCT(0.3 AS numerical_default_threshold))
-- => SELECT * FROM ML.VALIDATE_DATA_SKEW(MODEL m, TABLE t, {'numerical_default_threshold': 0.3})
SELECT * FROM ML.TFDV_DESCRIBE(TABLE t, STRUCT(3 AS num_quantiles))
-- => SELECT * FROM ML.TFDV_DESCRIBE(TABLE t, {'num_quantiles': 3})

-- preprocessing
SELECT ML.FEATURE_CROSS(STRUCT(a AS a, b AS b), 2) FROM t
-- => SELECT ML.FEATURE_CROSS({'a': a, 'b': b}, 2) FROM t
SELECT ML.FEATURE_CROSS(STRUCT(a, b), 2) FROM t
-- => SELECT ML.FEATURE_CROSS({'a': a, 'b': b}, 2) FROM t
SELECT ML.POLYNOMIAL_EXPAND(STRUCT(a, b), 2) FROM t
-- => SELECT ML.POLYNOMIAL_EXPAND({'a': a, 'b': b}, 2) FROM t

-- AI
SELECT * FROM AI.GENERATE_TEXT(MODEL m, (SELECT 'x' AS prompt), STRUCT(100 AS max_output_tokens, 0.2 AS temperature, ['a'] AS stop_sequences))
-- => SELECT * FROM AI.GENERATE_TEXT(MODEL m, (SELECT 'x' AS prompt), {'max_output_tokens': 100, 'temperature': 0.2, 'stop_sequences': ['a']})
SELECT * FROM AI.GENERATE_TABLE(MODEL m, TABLE t, STRUCT('a STRING' AS output_schema))
-- => SELECT * FROM AI.GENERATE_TABLE(MODEL m, TABLE t, {'output_schema': 'a STRING'})
SELECT * FROM AI.GENERATE_EMBEDDING(MODEL m, TABLE t, STRUCT('RETRIEVAL_QUERY' AS task_type))
-- => SELECT * FROM AI.GENERATE_EMBEDDING(MODEL m, TABLE t, {'task_type': 'RETRIEVAL_QUERY'})
SELECT * FROM ML.GENERATE_TEXT(MODEL m, TABLE t, STRUCT(100 AS max_output_tokens))
-- => SELECT * FROM ML.GENERATE_TEXT(MODEL m, TABLE t, {'max_output_tokens': 100})
SELECT * FROM ML.GENERATE_TABLE(MODEL m, TABLE t, STRUCT('a STRING' AS output_schema))
-- => SELECT * FROM ML.GENERATE_TABLE(MODEL m, TABLE t, {'output_schema': 'a STRING'})
SELECT * FROM ML.TRANSLATE(MODEL m, TABLE t, STRUCT('translate_text' AS translate_mode, 'fr' AS target_language_code))
-- => SELECT * FROM ML.TRANSLATE(MODEL m, TABLE t, {'translate_mode': 'translate_text', 'target_language_code': 'fr'})
SELECT * FROM ML.UNDERSTAND_TEXT(MODEL m, TABLE t, STRUCT('classify_text' AS nlu_option))
-- => SELECT * FROM ML.UNDERSTAND_TEXT(MODEL m, TABLE t, {'nlu_option': 'classify_text'})
SELECT * FROM ML.ANNOTATE_IMAGE(MODEL m, TABLE t, STRUCT(['label_detection'] AS vision_features))
-- => SELECT * FROM ML.ANNOTATE_IMAGE(MODEL m, TABLE t, {'vision_features': ['label_detection']})

-- Databricks
SELECT ai_query('endpoint', STRUCT(a, b), returnType => 'DOUBLE', failOnError => FALSE) FROM t
-- => SELECT ai_query('endpoint', {'a': a, 'b': b}, returnType => 'DOUBLE', failOnError => FALSE) FROM t

-- EXPORT MODEL: the options of COPY
EXPORT MODEL m VERSION 3 TO 'm.sql' (DIALECT 'postgres', OVERWRITE)
-- => EXPORT MODEL m VERSION 3 TO 'm.sql' OPTIONS (DIALECT = 'postgres', OVERWRITE = TRUE)
EXPORT MODEL m@champion TO 'm.txt' (OVERWRITE = FALSE, FORMAT 'lightgbm')
-- => EXPORT MODEL m@champion TO 'm.txt' OPTIONS (OVERWRITE = FALSE, FORMAT = 'lightgbm')
