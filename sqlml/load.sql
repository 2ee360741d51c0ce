-- The functions of sqlml.load: temporary macros of the connection, so that each knows the connection's search path.
-- sqlml_loaded says that they are there.
CREATE TEMP MACRO ml_train(model, query, options := NULL) AS
    sqlml_train(model, query, options, current_setting('search_path'));
CREATE TEMP MACRO ml_predict(model, features, options := NULL) AS
    sqlml_answer('ml_predict', model, features, options, current_setting('search_path'), current_query_id());
CREATE TEMP MACRO ml_predict_proba(model, features, options := NULL) AS
    sqlml_answer('ml_predict_proba', model, features, options, current_setting('search_path'), current_query_id());
CREATE TEMP MACRO ml_explain_predict(model, features, options := NULL) AS
    sqlml_answer('ml_explain_predict', model, features, options, current_setting('search_path'), current_query_id());
CREATE TEMP MACRO ml_advanced_weights(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_advanced_weights', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_confusion_matrix(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_confusion_matrix', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_evaluate(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_evaluate', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_explain_predict(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_explain_predict', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_feature_importance(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_feature_importance', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_feature_info(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_feature_info', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_global_explain(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_global_explain', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_partition_info(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_partition_info', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_predict(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_predict', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_roc_curve(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_roc_curve', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_training_info(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_training_info', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_transform(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_transform', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_weights(model, data := NULL, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_weights', model, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_correlation(data, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_correlation', NULL, data, options, current_setting('search_path')));
CREATE TEMP MACRO ml_describe_data(data, options := NULL) AS TABLE
    SELECT * FROM query(sqlml_rewrite('ml_describe_data', NULL, data, options, current_setting('search_path')));
CREATE TEMP MACRO sqlml_loaded() AS true;
