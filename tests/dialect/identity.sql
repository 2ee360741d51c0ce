-- One statement a line: what is generated from its tree is the same text.

-- CREATE MODEL
CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT * FROM t
CREATE OR REPLACE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL IF STALE a.m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL IF NOT EXISTS project.dataset.m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL "My Schema"."My Model" OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS WITH a AS (SELECT 1 AS x) SELECT * FROM a
CREATE MODEL m TRANSFORM (ML.STANDARD_SCALER(a) OVER () AS a, ML.BUCKETIZE(b, [1, 2, 3]) AS b, y) OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, b, y FROM t
CREATE MODEL m TRANSFORM (* EXCLUDE (id), ML.QUANTILE_BUCKETIZE(a, 4) OVER () AS q) OPTIONS (model_type = 'transform_only') AS SELECT * FROM t
CREATE MODEL m INPUT (a DOUBLE, b TEXT) OUTPUT (p DOUBLE) OPTIONS (model_type = 'xgboost', model_path = 'gs://b/m.bst')
CREATE MODEL m REMOTE WITH CONNECTION project.region.conn OPTIONS (endpoint = 'gemini')
CREATE MODEL m OPTIONS (model_type = 'arima_plus', time_series_timestamp_col = 'd', time_series_data_col = 'v', horizon = 30, holiday_region = ['US', 'GB']) AS (training_data AS (SELECT d, v FROM t), custom_holiday AS (SELECT * FROM h))
CREATE MODEL m OPTIONS (model_type = 'boosted_tree_classifier', num_trials = 10, max_tree_depth = HPARAM_RANGE(1, 10), learn_rate = HPARAM_CANDIDATES([0.1, 0.2]), booster_type = HPARAM_CANDIDATES(['GBTREE', 'DART'])) AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'dnn_classifier', hidden_units = [64, 32], dropout = 0.1, activation_fn = 'RELU', learn_rate = -0.5) AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'kmeans', num_clusters = $k) AS SELECT * FROM t
CREATE MODEL m OPTIONS (model_type = 'onnx', model_path = 'gs://b/m.onnx')
CREATE MODEL m OPTIONS (model_type = 'linear_reg', labels = [('team', 'ml')], expiration_timestamp = CAST('2030-01-01' AS TIMESTAMP)) AS SELECT * FROM t

-- DROP, ALTER, EXPORT, SHOW, DESCRIBE, EXPLAIN
DROP MODEL m
DROP MODEL IF EXISTS a.b.m
DROP MODEL m VERSION 3
DROP MODEL m CASCADE
ALTER MODEL m SET OPTIONS (description = 'x', expiration_timestamp = NULL)
ALTER MODEL IF EXISTS a.b.m SET OPTIONS (labels = [('k', 'v')], deploy_model = TRUE, endpoint_idle_ttl = INTERVAL '10' HOUR)
ALTER MODEL m SET TAGS (team = 'ml')
ALTER MODEL m UNSET TAGS (team = 'ml')
ALTER MODEL m SET ALIAS champion = 3
ALTER MODEL m DROP ALIAS champion
ALTER MODEL m RENAME TO n
ALTER MODEL m OWNER TO alice
ALTER MODEL m ADD CONSTRAINT g CHECK (roc_auc >= 0.8)
ALTER MODEL m ADD CONSTRAINT IF NOT EXISTS "a gate" CHECK (roc_auc >= 0.8 AND f1 >= champion.f1 - 0.01) ON (SELECT * FROM t) FOR EACH (plan, "my col"), SET COMMENT 'x'
ALTER MODEL m DROP CONSTRAINT g
ALTER MODEL m DROP CONSTRAINT IF EXISTS g
ALTER MODEL m SET ALIAS champion = 3 FORCE
ASSERT MODEL m
ASSERT MODEL "my db".m VERSION 3 CONSTRAINT "a gate"
ASSERT MODEL m@champion
DIFF MODEL m VERSION 1 WITH m VERSION 2 ON (SELECT * FROM t)
DIFF MODEL a@champion WITH b ON (SELECT * FROM t WHERE x > 1) OPTIONS (slices = ['plan'], bootstrap = 1000) SHOW FLIPS
EXPORT MODEL m OPTIONS (URI = 'gs://b/m')
EXPORT MODEL m TO 'file' OPTIONS (TRIAL_ID = 3)
EXPORT MODEL m
IMPORT MODEL m FROM 'm.json'
IMPORT OR REPLACE MODEL a.b.m FROM 'm.txt' INPUT (a DOUBLE, "b c" TEXT) OUTPUT (y BOOLEAN) OPTIONS (classes = ['n', 'y'])
IMPORT MODEL IF NOT EXISTS "My Model" FROM 'm.pkl' OPTIONS (allow_pickle = TRUE)
SHOW MODELS
SHOW MODELS IN s
SHOW MODELS IN a.s LIKE 'x%'
SHOW MODELS LIKE 'x%'
SHOW MODEL VERSIONS
SHOW MODEL WARNINGS IN main.churn LIKE 'id%'
SHOW MODEL CONSTRAINTS IN main.churn LIKE 'quality%'
SHOW MODEL TYPES
SHOW MODEL FUNCTIONS
DESCRIBE MODEL m
DESCRIBE MODEL m VERSION 3
DESCRIBE MODEL a.b.m@champion
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT ML.PREDICT(MODEL m, t) FROM t
EXPLAIN (FORMAT json) SELECT 1
EXPLAIN MODEL m
EXPLAIN CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT * FROM t
PREPARE p AS SELECT ML.PREDICT(MODEL m, t) FROM t
EXECUTE p(1, 'x')
EXECUTE p(a := 1)
EXECUTE p
DEALLOCATE p
CALL ml_train('m', query => 'SELECT 1', model_type => 'linear_reg')
GRANT EXECUTE ON MODEL m TO alice
GRANT SELECT ON TABLE t TO alice
GRANT ALL ON MODEL a.b.m TO alice WITH GRANT OPTION
REVOKE EXECUTE ON MODEL m FROM alice

-- access control
CREATE USER ana PASSWORD 'x'
CREATE USER IF NOT EXISTS "My User" SUPERUSER VALID UNTIL '2030-01-01' IN ROLE a, "B c" COMMENT 'hi'
CREATE USER ana PASSWORD $1
CREATE USER ana PASSWORD ?
CREATE ROLE r IN GROUP g
CREATE GROUP g COMMENT 'x'
ALTER USER ana PASSWORD 'y'
ALTER USER ana RENAME TO bob
ALTER ROLE r SET LIMIT rows = 1000, seconds = 10, memory = '1GB'
ALTER ROLE r RESET LIMIT rows, seconds
ALTER GROUP g ADD USER a, b
ALTER GROUP g DROP USER a
DROP USER IF EXISTS a, b CASCADE
DROP ROLE r
DESCRIBE USER ana
REASSIGN OWNED BY a, b TO c
GRANT SELECT ON t TO ana
GRANT SELECT (a, "B c"), UPDATE (a) ON TABLE s.t, u TO ana, public WITH GRANT OPTION
GRANT ALL ON MODEL a.b.m TO alice
GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA s TO g
GRANT USE CATALOG, USE SCHEMA, CREATE MODEL VERSION ON CATALOG lake TO g
GRANT USE CATALOG ON CATALOG TO g
GRANT SELECT ON model TO g
GRANT EXECUTE ON MODEL model TO g
GRANT CREATE TABLE ON SCHEMA s TO g
GRANT r TO ana
GRANT r, "Q q" TO ana, bob WITH ADMIN OPTION
REVOKE r FROM ana
REVOKE ADMIN OPTION FOR r FROM ana CASCADE
REVOKE GRANT OPTION FOR SELECT ON t FROM ana RESTRICT
REVOKE INSERT, DELETE ON t FROM ana
ALTER TABLE s.t OWNER TO ana
ALTER VIEW v OWNER TO ana
ALTER SCHEMA s OWNER TO "My User"
ALTER CATALOG lake OWNER TO ana
CREATE TOKEN
CREATE TOKEN FOR ana EXPIRES IN '90 days' COMMENT 'ci'
DROP TOKEN 'abc'
CREATE VOLUME v LOCATION '/srv/v'
CREATE VOLUME IF NOT EXISTS "My Files" LOCATION '/srv/v' COMMENT 'c'
DROP VOLUME v
DROP VOLUME IF EXISTS "My Files"
DESCRIBE VOLUME v
SHOW VOLUMES
SHOW VOLUMES LIKE 'a%'
ALTER VOLUME v OWNER TO ana
SHOW GRANTS
SHOW GRANTS ON TABLE t TO ana
SHOW USERS LIKE 'a%'
SHOW TOKENS
SET ROLE r
RESET ROLE
SET sqlml_audit = 'strict'
RESET sqlml_audit
SET SESSION AUTHORIZATION ana
SET SESSION AUTHORIZATION DEFAULT
GRANT MANAGE ON VOLUME v TO ana
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA s TO public

-- predict
SELECT * FROM ML.PREDICT(MODEL m, TABLE t)
SELECT * FROM ML.PREDICT(MODEL project.dataset.m, (SELECT * FROM t))
SELECT * FROM ML.PREDICT(MODEL m, (WITH a AS (SELECT 1 AS x) SELECT * FROM a))
SELECT * FROM ML.PREDICT(MODEL m VERSION 3, TABLE t) AS p
SELECT * FROM ML.PREDICT(MODEL m@champion, TABLE a.b.t)
SELECT * FROM ML.TRANSFORM(MODEL m, TABLE t)
SELECT * FROM ML.RECOMMEND(MODEL m)
SELECT * FROM ML.RECONSTRUCTION_LOSS(MODEL m, TABLE t)

-- evaluate
SELECT * FROM ML.EVALUATE(MODEL m)
SELECT * FROM ML.ROC_CURVE(MODEL m, TABLE t, GENERATE_ARRAY(0.4, 0.6, 0.01))

-- explain
SELECT * FROM ML.FEATURE_IMPORTANCE(MODEL m)

-- inspect
SELECT * FROM ML.TRAINING_INFO(MODEL m)
SELECT * FROM ML.TRIAL_INFO(MODEL m)
SELECT * FROM ML.FEATURE_INFO(MODEL m)
SELECT * FROM ML.ADVANCED_WEIGHTS(MODEL m)
SELECT * FROM ML.PRINCIPAL_COMPONENTS(MODEL m)
SELECT * FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL m)
SELECT * FROM ML.ARIMA_COEFFICIENTS(MODEL m)
SELECT * FROM ML.HOLIDAY_INFO(MODEL m)
SELECT * FROM ML.GET_INSIGHTS(MODEL m)

-- data functions
SELECT * FROM ML.TFDV_VALIDATE((SELECT * FROM a), (SELECT * FROM b), 'SKEW')
SELECT * FROM ML.FEATURES_AT_TIME(TABLE t, time => CAST('2024-01-01' AS TIMESTAMP), num_rows => 1, ignore_feature_nulls => TRUE)
SELECT * FROM ML.ENTITY_FEATURES_AT_TIME(TABLE f, TABLE e, num_rows => 1)
SELECT * FROM ML.CORRELATION(TABLE t, target_col => 'y', target_correlation_cols => ['a', 'b'], dimension_cols => ['d'], method => 'PEARSON')
SELECT * FROM ML.DETECT_CHANGE_POINTS(TABLE t, data_col => 'v', timestamp_col => 'd', id_cols => ['k'])
SELECT * FROM ML.SEASONALITY(TABLE t, data_col => 'v', timestamp_col => 'd', seasonalities => ['WEEKLY'], horizon => 3)
SELECT * FROM ML.TREND(TABLE t, data_col => 'v', timestamp_col => 'd', smoothing_window_size => 5)

-- preprocessing
SELECT ML.BUCKETIZE(a, [1, 2, 3], TRUE, 'bucket_ranges') FROM t
SELECT ML.QUANTILE_BUCKETIZE(a, 4, 'bucket_names') OVER () FROM t
SELECT ML.HASH_BUCKETIZE(s, 10) FROM t
SELECT ML.STANDARD_SCALER(a) OVER (), ML.MIN_MAX_SCALER(a) OVER (), ML.MAX_ABS_SCALER(a) OVER () FROM t
SELECT ML.ROBUST_SCALER(a, [25, 75], TRUE, TRUE) OVER () FROM t
SELECT ML.NORMALIZER([1, 2, 3], 2) FROM t
SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(content), 224, 224, FALSE) FROM t
SELECT ML.IMPUTER(a, 'mean') OVER () FROM t
SELECT ML.LABEL_ENCODER(s, 10, 0) OVER (), ML.ONE_HOT_ENCODER(s, 'most_frequent', 10, 0) OVER (), ML.MULTI_HOT_ENCODER([s], 10, 0) OVER () FROM t
SELECT ML.NGRAMS(tokens, [1, 2], '#'), ML.BAG_OF_WORDS(tokens, 10, 1) OVER (), ML.TF_IDF(tokens, 10, 1) OVER () FROM t
SELECT ML.DISTANCE([1, 2], [3, 4], 'COSINE'), ML.LP_NORM([1, 2], 2)
SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 240, 240, FALSE), ML.CONVERT_COLOR_SPACE(i, 'RGB'), ML.CONVERT_IMAGE_TYPE(i) FROM t

-- AI
SELECT AI.GENERATE(prompt => ('x', a), endpoint => 'gemini', output_schema => 'a STRING, b INT64').result FROM t
SELECT AI.GENERATE('x ' || a, connection_id => 'us.c', model_params => '{}', request_type => 'SHARED') FROM t
SELECT AI.GENERATE_BOOL('x').result, AI.GENERATE_INT('x').result, AI.GENERATE_DOUBLE('x').result
SELECT AI.EMBED(content => a, endpoint => 'e', task_type => 'x', title => 't') FROM t
SELECT AI.SIMILARITY(content1 => a, content2 => 'x', endpoint => 'e') FROM t
SELECT AI.CLASSIFY(a, categories => ['x', 'y'], output_mode => 'multi', optimization_mode => 'MINIMIZE_COST', max_error_ratio => 0.5) FROM t
SELECT AI.CLASSIFY(a, [('x', 'is x'), ('y', 'is y')]) FROM t
SELECT * FROM t WHERE AI.IF(('is ', a, ' red?'), connection_id => 'c')
SELECT * FROM t ORDER BY AI.SCORE(('rate ', a)) DESC
SELECT AI.AGG(DISTINCT a, 'sum up') FROM t
SELECT AI.AGG(a, 'sum up', endpoint => 'e') FROM t GROUP BY b
SELECT * FROM AI.SEARCH(TABLE t, 'content', 'query', top_k => 5, mode => 'HYBRID')
SELECT AI.COUNT_TOKENS('x', endpoint => 'e').result
SELECT * FROM AI.KEY_DRIVERS(TABLE t, metric_col => 'm', dimension_cols => ['a', 'b'], interest_label_col => 'l', top_k => 3)
SELECT * FROM AI.FORECAST(TABLE t, data_col => 'v', timestamp_col => 'd', model => 'TimesFM 2.5', id_cols => ['k'], horizon => 10, confidence_level => 0.9)
SELECT * FROM AI.FORECAST((SELECT * FROM t), data_col => 'v', timestamp_col => 'd', output_historical_time_series => TRUE)
SELECT * FROM AI.EVALUATE(TABLE a, TABLE b, data_col => 'v', timestamp_col => 'd')
SELECT * FROM AI.DETECT_ANOMALIES(TABLE a, TABLE b, data_col => 'v', timestamp_col => 'd', anomaly_prob_threshold => 0.9)
SELECT * FROM AI.DETECT_ANOMALIES(TABLE a, data_col => 'v', timestamp_col => 'd', target_last_n_points => 3)
SELECT * FROM ML.GENERATE_EMBEDDING(MODEL m, TABLE t)
SELECT * FROM ML.PROCESS_DOCUMENT(MODEL m, TABLE t)
SELECT * FROM ML.TRANSCRIBE(MODEL m, TABLE t)

-- vector search
SELECT * FROM VECTOR_SEARCH(TABLE base, 'v', TABLE q, query_column_to_search => 'c', top_k => 10, distance_type => 'COSINE', options => '{"fraction_lists_to_search":0.15}')
SELECT * FROM VECTOR_SEARCH((SELECT * FROM base WHERE a > 1), 'v', (SELECT v FROM q))
SELECT * FROM VECTOR_SEARCH(TABLE base, 'v', query_value => [1.0, 2.0], lexical_search_columns => ['c'], lexical_search_query_value => 'x', top_k => -1)
SELECT query.id, base.id, distance FROM VECTOR_SEARCH(TABLE base, 'v', TABLE q)
CREATE VECTOR INDEX i ON t(v) OPTIONS (index_type = 'IVF')
CREATE OR REPLACE VECTOR INDEX IF NOT EXISTS i ON a.b.t(v) STORING (x, y) PARTITION BY d OPTIONS (index_type = 'TREE_AH', distance_type = 'COSINE', tree_ah_options = '{"leaf_node_embedding_count":1000}')

-- Databricks
SELECT ai_query(endpoint => 'churn', request => named_struct('a', a), modelParameters => named_struct('max_tokens', 100)) FROM t
SELECT ai_analyze_sentiment(a), ai_classify(a, ['x', 'y']), ai_extract(a, ['x']), ai_fix_grammar(a), ai_gen(a), ai_mask(a, ['person']), ai_similarity(a, b), ai_summarize(a, 50), ai_translate(a, 'en') FROM t
SELECT * FROM ai_forecast(TABLE t, horizon => '2026-12-31', time_col => 'ds', value_col => ['revenue', 'orders'], group_col => 'store')
SELECT * FROM vector_search(index => 'c.s.i', query_text => 'iphone', num_results => 10, query_type => 'HYBRID')

-- our scalar forms
SELECT ml_predict('m', t), ml_predict(MODEL m, a := 1, b => 2), ml_predict_proba('m', t, label => TRUE) FROM t
SELECT ml_predict('m', {'a': 1}), ml_predict('m', *) FROM t
SELECT * FROM ml_predict(model => 'm', data => (SELECT * FROM t), threshold => 0.5)
SELECT sum(ML.PREDICT(MODEL m, t)) OVER (PARTITION BY a ORDER BY b) FROM t
CREATE VIEW v AS SELECT ml_predict('m', t) FROM t
CREATE MACRO f(x) AS ml_predict('m', a := x)
INSERT INTO u SELECT ml_predict('m', t) FROM t
UPDATE t SET a = ml_predict('m', t)
DELETE FROM t WHERE ml_predict('m', t)
COPY (SELECT ml_predict('m', t) FROM t) TO 'f.csv'
MERGE INTO u USING t ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = ml_predict('m', t)
PIVOT (SELECT ml_predict('m', t) AS p FROM t) ON p USING count(*)
DESCRIBE MODEL TYPE logistic_reg
REPRODUCE MODEL s."My Model" VERSION 2
REPRODUCE MODEL m
REFRESH MODEL s."My Model"
SELECT * FROM ML.PARTITION_INFO(MODEL m)
CREATE FUNCTION f(x DOUBLE, "my y" TEXT) RETURNS DOUBLE LANGUAGE PYTHON AS 'x + 1'
CREATE OR REPLACE TEMP FUNCTION f() RETURNS BIGINT LANGUAGE PYTHON NOT DETERMINISTIC PARAMETER STYLE ARROW COMMENT 'c' AS '1'
CREATE FUNCTION IF NOT EXISTS s.f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON DETERMINISTIC OPTIONS (entry_point = 'g') AS 'x'
DROP FUNCTION f
DROP FUNCTION IF EXISTS s."my f" CASCADE

-- tags and policies
ALTER TABLE t SET TAGS ("k" = 'v', k2 = $1)
ALTER TABLE s.t ALTER COLUMN "a b" SET TAGS ("k" = 'v')
ALTER SCHEMA s UNSET TAGS ("k", k2)
ALTER CATALOG c SET TAGS (k = 1)
ALTER VIEW v UNSET TAGS (k)
CREATE POLICY p ON CATALOG ROW FILTER f TO public FOR TABLES
CREATE OR REPLACE POLICY "p q" ON SCHEMA s COMMENT 'c' COLUMN MASK s.f TO a, "b c" EXCEPT d FOR TABLES WHEN has_tag('x') AND NOT has_tag_value('y', 'z') MATCH COLUMNS has_tag('pii') AS c, has_tag('r') AS r ON COLUMN c USING COLUMNS (r, 'x', 1)
DROP POLICY IF EXISTS p ON TABLE s.t
DESCRIBE POLICY p ON CATALOG c
SHOW POLICIES
SHOW EFFECTIVE POLICIES ON TABLE t
SELECT * FROM ML.LINEAGE('s.report', 'both', 3)
SHOW MODELS TRAINED ON s.t (c)
SHOW MODELS TRAINED ON (SELECT a FROM t)
SHOW TAGS LIKE 'pii'
VACUUM MODELS
VACUUM MODELS s."two words" RETAIN 3 VERSIONS RETAIN 30 DAYS DRY RUN
VACUUM MODELS RETAIN 0 VERSIONS
VACUUM MODELS DRY RUN
