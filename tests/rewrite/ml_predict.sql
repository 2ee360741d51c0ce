-- A whole row: exactly the features of the model, by name.
SELECT id, ml_predict('churn', c) FROM customers AS c;
SELECT id, list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c)" FROM customers AS c;

SELECT ml_predict('spend', customers) AS s FROM customers;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("customers"."age" AS DOUBLE), 'plan': CAST("customers"."plan" AS TEXT)}), 1) AS s FROM customers;

SELECT ml_predict('spend', c.*), ml_predict('spend', *) FROM customers AS c;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('spend', c.*)", list_extract(sqlml_predict('spend-1', {'age': CAST("age" AS DOUBLE), 'plan': CAST("plan" AS TEXT)}), 1) AS "ml_predict('spend', *)" FROM customers AS c;

-- Columns, in the order of the model or any other; named values; a struct.
SELECT ml_predict('spend', age, plan), ml_predict('spend', plan, age) FROM customers;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(age AS DOUBLE), 'plan': CAST(plan AS TEXT)}), 1) AS "ml_predict('spend', age, plan)", list_extract(sqlml_predict('spend-1', {'age': CAST(age AS DOUBLE), 'plan': CAST(plan AS TEXT)}), 1) AS "ml_predict('spend', plan, age)" FROM customers;

SELECT ml_predict('spend', PLAN := 'pro', Age => 31);
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(31 AS DOUBLE), 'plan': CAST('pro' AS TEXT)}), 1) AS "ml_predict('spend', PLAN := 'pro', Age => 31)";

SELECT ml_predict('spend', {'plan': plan, 'age': age + 1, 'more': 3}) FROM customers;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(age + 1 AS DOUBLE), 'plan': CAST(plan AS TEXT)}), 1) AS "ml_predict('spend', {'plan': plan, 'age': age + 1, 'more': 3})" FROM customers;

SELECT ml_predict('spend', STRUCT(31 AS age, 'pro' AS plan));
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(31 AS DOUBLE), 'plan': CAST('pro' AS TEXT)}), 1) AS "ml_predict('spend', STRUCT(31 AS age, 'pro' AS plan))";

SELECT ml_predict('spend', person) FROM (SELECT {'age': 31, 'plan': 'pro'} AS person) AS t;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(STRUCT_EXTRACT(person, 'age') AS DOUBLE), 'plan': CAST(STRUCT_EXTRACT(person, 'plan') AS TEXT)}), 1) AS "ml_predict('spend', person)" FROM (SELECT {'age': 31, 'plan': 'pro'} AS person) AS t;

SELECT ml_predict('spend', 31, 'pro');
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST(31 AS DOUBLE), 'plan': CAST('pro' AS TEXT)}), 1) AS "ml_predict('spend', 31, 'pro')";

-- The model by string, MODEL, version, schema, backticks.
SELECT ml_predict(MODEL spend, c), ml_predict('churn@1', c), ml_predict(MODEL churn VERSION 1, c) FROM customers AS c;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict(MODEL spend, c)", list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn@1', c)", list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict(MODEL churn VERSION 1, c)" FROM customers AS c;

SELECT ML.PREDICT(MODEL `shop.main.spend`, c) FROM customers AS c;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ML.PREDICT(MODEL `shop.main.spend`, c)" FROM customers AS c;

SELECT ml_predict('other.main.far', c) FROM customers AS c;
SELECT list_extract(sqlml_predict('far-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('other.main.far', c)" FROM customers AS c;

-- Dates and timestamps are spread, in UTC.
SELECT ml_predict('"My Schema"."Fare"', t) AS f FROM trips AS t;
SELECT list_extract(sqlml_predict('Fare-1', {'started': CAST(epoch(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_DOM_started': CAST(DAY(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_DOW_started': CAST(DAYOFWEEK(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_MOY_started': CAST(MONTH(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_WOY_started': CAST(WEEKOFYEAR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_YEAR_started': CAST(YEAR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_HOD_started': CAST(HOUR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), '_TS_MOH_started': CAST(MINUTE(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE), 'day': CAST(epoch(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), '_TS_DOM_day': CAST(DAY(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), '_TS_DOW_day': CAST(DAYOFWEEK(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), '_TS_MOY_day': CAST(MONTH(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), '_TS_WOY_day': CAST(WEEKOFYEAR(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), '_TS_YEAR_day': CAST(YEAR(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE), 'paid': CAST("t"."paid" AS TEXT)}), 1) AS f FROM trips AS t;

-- Two classes: the threshold; three: the most probable.
SELECT ml_predict('churn', c, threshold => 0.3) FROM customers AS c;
SELECT list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.3' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c, threshold => 0.3)" FROM customers AS c;

SELECT ml_predict('pet', age := 3);
SELECT list_extract(CAST(['cat', 'dog', 'it''s a fish'] AS TEXT[]), list_extract(list_grade_up(sqlml_predict('pet-1', {'age': CAST(3 AS DOUBLE)}), 'DESC'), 1)) AS "ml_predict('pet', age := 3)";

-- Quoted and mixed-case columns.
SELECT ml_predict('spend', m) FROM "My Table" AS m;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("m"."Age" AS DOUBLE), 'plan': CAST("m"."PLAN" AS TEXT)}), 1) AS "ml_predict('spend', m)" FROM "My Table" AS m;

-- The table form.
SELECT * FROM ML.PREDICT(MODEL spend, TABLE customers);
SELECT * FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, sqlml_predict('spend-1', {'age': CAST("rows_in"."age" AS DOUBLE), 'plan': CAST("rows_in"."plan" AS TEXT)}) AS sqlml_scores FROM (SELECT * FROM customers) AS rows_in) AS rows_scored);

SELECT * FROM ML.PREDICT(MODEL churn, (SELECT age, plan FROM customers WHERE id > 5), STRUCT(0.3 AS threshold)) AS scored WHERE predicted_churned;
SELECT * FROM (SELECT list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(rows_scored.sqlml_scores, 2) > CAST('0.3' AS DOUBLE) THEN 2 ELSE 1 END) AS "predicted_churned", list_transform(list_grade_up(rows_scored.sqlml_scores, 'DESC'), LAMBDA i : {'label': list_extract(CAST(['false', 'true'] AS BOOLEAN[]), i), 'prob': list_extract(rows_scored.sqlml_scores, i)}) AS "predicted_churned_probs", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, sqlml_predict('churn-2', {'age': CAST("rows_in"."age" AS DOUBLE), 'plan': CAST("rows_in"."plan" AS TEXT)}) AS sqlml_scores FROM (SELECT age, plan FROM customers WHERE id > 5) AS rows_in) AS rows_scored) AS scored WHERE predicted_churned;

FROM ml_predict('spend', (SELECT 31 AS age, 'pro' AS plan));
FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, sqlml_predict('spend-1', {'age': CAST("rows_in"."age" AS DOUBLE), 'plan': CAST("rows_in"."plan" AS TEXT)}) AS sqlml_scores FROM (SELECT 31 AS age, 'pro' AS plan) AS rows_in) AS rows_scored);

WITH old AS (SELECT * FROM customers WHERE age > 60) SELECT id FROM ML.PREDICT(MODEL spend, TABLE old);
WITH old AS (SELECT * FROM customers WHERE age > 60) SELECT id FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, sqlml_predict('spend-1', {'age': CAST("rows_in"."age" AS DOUBLE), 'plan': CAST("rows_in"."plan" AS TEXT)}) AS sqlml_scores FROM (SELECT * FROM old) AS rows_in) AS rows_scored);
